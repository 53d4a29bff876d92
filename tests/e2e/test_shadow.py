"""`plan --shadow` over HTTP: the dry run runs, its result is held against the forecast, and nothing of it stays."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.conftest import Desk, Start
from tests.e2e.shadow import READS, RUN, SECRET, give_reader, holder, standing, without_nodes
from upgrader.execute.shadow.names import JOB
from upgrader.lab.cloud import seed as plant
from upgrader.lab.kubeconfig import token_of
from upgrader.model.errors import InputError
from upgrader.ram.ours import READS as READS_OF_OURS
from upgrader.ram.ours import SHADOW, document


@pytest.fixture
def desk(start: Start) -> Desk:
    return start("self-managed")


def test_the_dry_run_is_run_and_held_against_the_forecast(desk: Desk) -> None:
    give_reader(desk)
    seq = desk.lab.cloud.journal.last_seq
    clb = next(iter(desk.lab.cloud.world.slb.load_balancers.values()))
    desk.lab.run(clb.listeners.clear)

    made = desk.json(*RUN)

    shadow = made["shadow"]
    assert shadow["failed"] >= 1
    assert shadow["taken_at"]
    told = {f"{one['namespace']}/{one['name']}": one for one in shadow["services"]}
    agreed = [one for one in told.values() if one["agreement"] == "agree"]
    assert any("CreateListener" in one["codes"] for one in agreed)
    assert not [one for one in told.values() if one["agreement"] in ("differ", "dry-run-only")]
    assert desk.writes_since(seq) == []
    asked = {one.caller for one in desk.lab.cloud.journal.requests(since=seq)}
    assert asked <= {"root", "user/reader"}
    assert standing(desk) == []
    assert holder(desk) == ""
    assert SECRET not in desk.err + json.dumps(made)


def test_what_an_older_dry_run_said_does_not_count(desk: Desk) -> None:
    give_reader(desk)

    def tell() -> None:
        cluster = desk.lab.cluster()
        service = cluster.local.get("services", "web", "default")
        assert service is not None
        cluster.local.event(service, "Service", "SyncLoadBalancerFailed", "DryRun: nonsense of yesterday", warning=True)
        cluster.local.create({"apiVersion": "v1", "kind": "Event", "message": "nonsense", "reason": "Success",
                              "metadata": {"name": "CloudControllerManagerPrecheckResult", "namespace": "kube-system"},
                              "involvedObject": {"kind": "Pod", "namespace": "kube-system", "name": "x"},
                              "type": "Normal"})  # fmt: skip

    desk.lab.run(tell)
    time.sleep(1.1)  # noqa: TID251 - events are told to the second
    shadow = desk.json(*RUN)["shadow"]
    assert shadow["problem"] == ""
    assert "nonsense" not in json.dumps(shadow)


@pytest.mark.parametrize(
    ("name", "argv", "said"),
    [
        ("managed-terway", RUN, "managed"),
        ("self-managed", ("plan", "--to", "v2.5.1", *RUN[3:]), "its dry run is not dry"),
        ("self-managed", ("plan", "--to", "v2.4.4", *RUN[3:]), "its dry run is not dry"),
        ("self-managed", ("plan", "--to", "v2.1.0", *RUN[3:]), "its dry run is not dry"),
        ("self-managed", ("plan", "--to", "v2.0.1", *RUN[3:]), "no --dry-run"),
        ("self-managed", ("plan", "--to", "v2.14.0", "--shadow", "--yes"), "can do more than read"),
        ("self-managed", ("plan", "--to", "v2.14.0", "--shadow", "--shadow-secret", "other", "--yes"),
         "no such cloud-config"),
    ],
)  # fmt: skip
def test_it_is_refused_before_anything_is_written(start: Start, name: str, argv: tuple[str, ...], said: str) -> None:
    desk = start(name)
    give_reader(desk) if name != "managed-terway" else None
    revision = desk.lab.cluster().api.store.revision
    code, _ = desk.cli(*argv)
    assert (code, said in desk.err) == (64, True), desk.err
    assert desk.lab.cluster().api.store.revision == revision


@pytest.mark.parametrize(
    ("actions", "settings", "said"),
    [
        (("slb:*",), {}, "reads: slb:*"),
        ((*READS, "slb:CreateVServerGroup"), {}, "reads: slb:CreateVServerGroup"),
        ((*READS, "sts:AssumeRole"), {}, "sts:AssumeRole"),
        (READS, {"clusterID": "another"}, "of another cluster"),
        (READS, {"uid": "1234"}, "uid"),
        (READS, {"key": "LTAI5tNobody"}, "whose key this is"),
        (READS, {"key": plant.ROOT_KEY}, "whose key this is"),
        (READS, {"accessKeySecret": ""}, "holds no key"),
    ],
)
def test_an_identity_that_may_write_is_refused(
    desk: Desk, actions: tuple[str, ...], settings: dict[str, str], said: str
) -> None:
    give_reader(desk, *actions, **settings)
    revision = desk.lab.cluster().api.store.revision
    code, _ = desk.cli(*RUN)
    assert (code, said in desk.err) == (64, True), desk.err
    assert desk.lab.cluster().api.store.revision == revision


@pytest.mark.parametrize(("answer", "exit_code"), [("n\n", 130), ("", 64)])
def test_a_no_and_silence_write_nothing(
    desk: Desk, answer: str, exit_code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_reader(desk)
    revision = desk.lab.cluster().api.store.revision
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    code, _ = desk.cli(*RUN[:-1])
    assert code == exit_code
    assert "Run it?" in desk.err
    assert "RAM user reader" in desk.err
    assert desk.lab.cluster().api.store.revision == revision


def test_another_run_holds_the_cluster(desk: Desk) -> None:
    give_reader(desk)

    def hold() -> None:
        now = desk.lab.cluster().local.objects.now().replace("Z", ".000000Z")
        spec = {"holderIdentity": "elsewhere/1/run-9", "renewTime": now, "acquireTime": now, "leaseDurationSeconds": 60}
        desk.lab.cluster().local.put({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": spec,
                                      "metadata": {"name": "ccm-upgrade", "namespace": "kube-system"}})  # fmt: skip

    desk.lab.run(hold)
    code, _ = desk.cli(*RUN)
    assert code == 9
    assert standing(desk) == []


@pytest.mark.parametrize(
    ("sick", "said"),
    [
        (lambda cluster: cluster.controllers.broken_images.add("*"), "ImagePullBackOff"),
        (lambda cluster: without_nodes(cluster), "did not happen within"),
    ],
)  # fmt: skip
def test_a_stall_has_a_cause_and_leaves_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, sick: Callable[[Any], object], said: str
) -> None:
    give_reader(desk)
    monkeypatch.setattr("upgrader.execute.shadow.run.SLACK_S", -9)
    desk.lab.run(lambda: sick(desk.lab.cluster()))
    code, _ = desk.cli(*RUN, "--shadow-timeout", "10")
    assert (code, said in desk.err) == (11, True), desk.err
    assert "next:" in desk.err
    assert standing(desk) == []
    assert holder(desk) == ""


def test_what_a_failed_one_said_last_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    give_reader(desk)
    monkeypatch.setattr("upgrader.execute.shadow.objects.cluster_rules", lambda _version: iter(()))
    code, _ = desk.cli(*RUN)
    assert (code, "services is forbidden" in desk.err) == (11, True), desk.err
    assert standing(desk) == []


def test_a_namesake_that_is_not_ours_is_not_touched(desk: Desk) -> None:
    give_reader(desk)
    body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": JOB.name, "namespace": JOB.namespace}}
    desk.lab.run(lambda: desk.lab.cluster().local.create(body))
    code, _ = desk.cli(*RUN)
    assert (code, "somebody else's" in desk.err) == (64, True)
    assert standing(desk) == ["ServiceAccount"]


def test_files_have_no_cluster_to_run_in(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    desk.cli("discover", "-o", str(file))
    assert desk.cli("plan", "-f", str(file), "--to", "v2.14.0", "--shadow", "--yes")[0] == InputError.exit_code


def test_the_rights_of_the_manifest_are_enough_and_a_missing_one_is_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:

    give_reader(desk)
    folder, cluster = Path(__file__).parents[2] / "deploy", desk.lab.cluster()
    objects = [one for name in ("rbac", "rbac-shadow") for one in
               yaml.safe_load_all((folder / f"{name}.yaml").read_text(encoding="utf-8"))]  # fmt: skip
    account = ("system:serviceaccount:ccm-upgrade:ccm-upgrade", ("system:serviceaccounts",))

    def give(found: list[dict[str, Any]]) -> None:
        for one in found:
            cluster.local.put(one)
        cluster.api.users["ops-token"] = account

    text = desk.lab.kubeconfig.read_text(encoding="utf-8")
    desk.lab.kubeconfig.write_text(text.replace(token_of(cluster.id), "ops-token"), encoding="utf-8")
    desk.lab.run(lambda: give([one for one in objects if "shadow" not in one["metadata"]["name"]]))
    code, _ = desk.cli(*RUN)
    assert code == 64
    assert "Secret" in desk.err or "secrets" in desk.err

    desk.lab.run(lambda: give(objects))
    desk.lab.run(lambda: plant.add_policy(desk.lab.cloud.world, "ops", document({**READS_OF_OURS, **SHADOW})))
    desk.lab.run(lambda: plant.add_user(desk.lab.cloud.world, "ops", "LTAI5tOps", "ops-secret", "ops"))
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI5tOps")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ops-secret")
    assert desk.json(*RUN)["shadow"]["taken_at"]
    assert standing(desk) == []
