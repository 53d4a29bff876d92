"""The cluster's adapter over real HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.kubeserver import Answer, Server, kubeconfig, listed, ok
from upgrader.adapters.kube import connect
from upgrader.adapters.patience import ATTEMPTS
from upgrader.model.errors import (
    AbsentError,
    CcmUpgradeError,
    DeniedError,
    InputError,
    LockedError,
    RefusedError,
    TransientError,
)
from upgrader.ports.read import Ref, Right

LEASE = Ref(api_version="coordination.k8s.io/v1", kind="Lease", namespace="kube-system", name="ccm")


class Open:
    def check(self) -> None:
        return


class Shut:
    def check(self) -> None:
        raise LockedError(what="the lock was lost")


def _service(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "default"}, "spec": {"type": "LoadBalancer", "ports": None}}


def test_lists_are_read_page_by_page_and_null_is_empty() -> None:
    def rule(method: str, path: str, query: dict[str, str], body: Any) -> Answer | None:
        assert query["limit"] == "500"
        return listed(_service("b")) if query.get("continue") == "t1" else listed(_service("a"), token="t1")

    server = Server(rule)
    with server.served() as cluster:
        assert [service.metadata.name for service in cluster.reader.services()] == ["a", "b"]
    assert server.paths() == ["/api/v1/services"] * 2
    assert server.asked[0][4]["authorization"] == "Bearer kube-token-not-to-be-shown"


def test_an_expired_token_begins_the_list_anew_and_only_so_often() -> None:
    stale = {"left": 1}

    def rule(method: str, path: str, query: dict[str, str], body: Any) -> Answer | None:
        if "continue" not in query:
            return listed(_service("a"), token="t")
        if stale["left"]:
            stale["left"] -= 1
            return 410, {"kind": "Status", "reason": "Expired", "message": "too old", "code": 410}, {}
        return listed(_service("b"))

    server = Server(rule)
    with server.served() as cluster:
        assert [service.metadata.name for service in cluster.reader.services()] == ["a", "b"]
        stale["left"] = 1000
        with pytest.raises(TransientError):
            cluster.reader.services()
    assert len(server.asked) == 12


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [(401, "Unauthorized", DeniedError), (403, "Forbidden", DeniedError), (404, "NotFound", AbsentError),
     (409, "Conflict", RefusedError), (422, "Invalid", RefusedError), (500, "InternalError", TransientError),
     (301, "", RefusedError)],
)  # fmt: skip
def test_answers_become_our_errors(status: int, reason: str, kind: type[CcmUpgradeError]) -> None:
    server = Server(lambda *_: (status, {"kind": "Status", "reason": reason, "message": "because"}, {}))
    with server.served() as cluster:
        with pytest.raises(kind) as caught:
            cluster.reader.get(LEASE)
        if isinstance(caught.value, DeniedError):
            assert caught.value.action == "get leases.coordination.k8s.io kube-system/ccm"
        with pytest.raises(kind) as caught:
            cluster.writer(Open()).patch(LEASE, {"spec": {}})
    if isinstance(caught.value, RefusedError):
        assert caught.value.code == (reason or "301")
    if isinstance(caught.value, TransientError):
        assert caught.value.effect_unknown
    # A read is asked again while the trouble may pass, a write never is.
    assert len(server.asked) == (ATTEMPTS if kind is TransientError else 1) + 1


def test_denied_names_verb_and_resource() -> None:
    server = Server(lambda *_: (403, {"reason": "Forbidden", "message": "no"}, {}))
    with server.served() as cluster, pytest.raises(DeniedError) as caught:
        cluster.reader.endpoint_slices()
    assert caught.value.action == "list endpointslices.discovery.k8s.io"


def test_a_busy_server_says_when_to_come_back_and_a_write_did_not_land() -> None:
    server = Server(lambda *_: (429, {}, {"Retry-After": "7"}))
    with server.served() as cluster, pytest.raises(TransientError) as caught:
        cluster.writer(Open()).replace(LEASE, {})
    assert (caught.value.retry_after_s, caught.value.effect_unknown) == (7.0, False)


def test_a_login_page_is_no_answer() -> None:
    server = Server(lambda *_: (200, b"<html>sign in</html>", {}))
    with server.served() as cluster:
        for question in (cluster.reader.kubernetes_version, cluster.reader.nodes, lambda: cluster.reader.get(LEASE)):
            with pytest.raises(TransientError, match="no JSON"):
                question()


def test_an_object_of_unknown_shape_hides_nothing_but_itself() -> None:
    broken = {"metadata": {"name": "odd", "namespace": "shop"}, "spec": {"ports": 7}}
    good = {"metadata": {"name": "web", "namespace": "shop"}}
    with Server(lambda *_: listed(good, broken, good)).served() as cluster:
        assert [service.metadata.name for service in cluster.reader.services()] == ["web", "web"]
        assert list(cluster.reader.unreadable.told()) == ["Service shop/odd"]
        assert cluster.reader.unreadable.count == 1


def test_reading_is_get_and_the_one_question_that_is_a_post() -> None:
    def rule(method: str, path: str, query: dict[str, str], body: Any) -> Answer | None:
        return ok({"status": {"allowed": True}}) if method == "POST" else listed()

    server = Server(rule)
    with server.served() as cluster:
        reader = cluster.reader
        for question in (reader.services, reader.endpoint_slices, reader.endpoints, reader.nodes, reader.pods,
                         reader.events, reader.kubernetes_version):  # fmt: skip
            question()
        reader.list(LEASE)
        assert reader.may(Right(verb="update", group="apps", resource="daemonsets", namespace="kube-system"))
    assert set(server.paths("POST")) == {"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"}
    assert {method for method, *_ in server.asked} == {"GET", "POST"}


def test_a_watch_tells_changes_and_ends() -> None:
    lines = [{"type": "BOOKMARK", "object": {}}, {"type": "MODIFIED", "object": {"metadata": {"name": "ccm"}}},
             {"type": "ERROR", "object": {"code": 410}}, {"type": "ADDED", "object": {}}]  # fmt: skip
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    server = Server(lambda *_: (200, body, {}))
    with server.served() as cluster:
        seen = list(cluster.reader.watch(LEASE, resource_version="5", timeout_s=1))
    assert seen == [("MODIFIED", {"metadata": {"name": "ccm"}})]
    query = server.asked[0][2]
    assert (query["fieldSelector"], query["resourceVersion"]) == ("metadata.name=ccm", "5")


def test_writes_say_who_wrote_and_how() -> None:
    server = Server(lambda *_: ok({"metadata": {"name": "ccm"}}))
    with server.served() as cluster:
        writer = cluster.writer(Open())
        writer.create(LEASE, {})
        writer.replace(LEASE, {})
        for style in ("merge", "strategic", "json"):
            writer.patch(LEASE, {}, style=style)
        writer.delete(LEASE)
    assert [method for method, *_ in server.asked] == ["POST", "PUT", "PATCH", "PATCH", "PATCH", "DELETE"]
    assert server.asked[0][1].endswith("/namespaces/kube-system/leases")
    assert all(query["fieldManager"] == "ccm-upgrade" for _, _, query, *_ in server.asked[:5])
    assert [headers["Content-Type"] for *_, headers in server.asked[2:5]] == [
        "application/merge-patch+json", "application/strategic-merge-patch+json", "application/json-patch+json",
    ]  # fmt: skip


def test_what_is_gone_is_deleted_and_a_lost_lock_stops_everything() -> None:
    server = Server(lambda *_: None)
    with server.served() as cluster:
        cluster.writer(Open()).delete(LEASE)
        writer = cluster.writer(Shut())
        for write in (lambda: writer.create(LEASE, {}), lambda: writer.replace(LEASE, {}),
                      lambda: writer.patch(LEASE, {}), lambda: writer.delete(LEASE)):  # fmt: skip
            with pytest.raises(LockedError):
                write()
    assert len(server.asked) == 1


def test_no_answer_in_time_is_asked_once() -> None:
    import threading

    gate = threading.Event()

    def rule(method: str, path: str, query: dict[str, str], body: Any) -> Answer | None:
        gate.wait(2)
        return ok({})

    server = Server(rule)
    with server.served():
        cluster = connect(content=kubeconfig(server.url), timeout_s=0.2)
        with pytest.raises(TransientError, match="no answer in time") as caught:
            cluster.writer(Open()).replace(LEASE, {})
        gate.set()
    assert caught.value.effect_unknown
    assert len(server.asked) == 1


def test_nobody_there_is_one_sentence() -> None:
    cluster = connect(content=kubeconfig("http://127.0.0.1:1"))
    with pytest.raises(TransientError, match="the connection was refused") as caught:
        cluster.writer(Open()).replace(LEASE, {})
    assert not caught.value.effect_unknown
    assert "kube-token" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "not valid YAML"), ("- 1", "kubeconfig"), ("{}", "kubeconfig"), ("", "kubeconfig"),
        (kubeconfig("http://10.0.0.1:8080"), "not https"),
        (kubeconfig("http://127.0.0.1:1").replace('"c", "user"', '"d", "user"'), "kubeconfig"),
    ],
)  # fmt: skip
def test_a_broken_kubeconfig_is_bad_input(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(text)
    with pytest.raises(InputError, match=said) as caught:
        connect(file)
    assert "kube-token" not in str(caught.value)


def test_a_missing_kubeconfig_and_an_unknown_context_are_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        connect(tmp_path / "none")
    file = tmp_path / "config"
    file.write_text(kubeconfig("http://127.0.0.1:1"))
    with pytest.raises(InputError, match="other"):
        connect(file, "other")


def test_a_credential_plug_in_that_fails_is_named(tmp_path: Path) -> None:
    config = json.loads(kubeconfig("http://127.0.0.1:1"))
    config["users"][0]["user"] = {
        "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(tmp_path / "no-such-plugin"),
                 "interactiveMode": "Never"}
    }  # fmt: skip
    with pytest.raises(InputError, match="plug-in failed"):
        connect(content=json.dumps(config))
