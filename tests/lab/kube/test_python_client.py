"""The official Python client: typed reads and writes, pages, watches and what an informer lives by."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import kubernetes
import pytest
from kubernetes.client.exceptions import ApiException

from upgrader.lab.lab import Lab
from upgrader.lab.scenario import load_scenario


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(load_scenario("dedicated-flannel")) as served:
        yield served


@pytest.fixture(scope="module")
def client(lab: Lab) -> Iterator[Any]:
    configuration = kubernetes.client.Configuration()
    kubernetes.config.load_kube_config(str(lab.kubeconfig), client_configuration=configuration)
    configuration.proxy = None
    configuration.retries = False
    with kubernetes.client.ApiClient(configuration) as api:
        yield api


@pytest.fixture(scope="module")
def core(client: Any) -> Any:
    return kubernetes.client.CoreV1Api(client)


def config(name: str, **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"by": "client"}}, "data": data}


def test_typed_models_hold_everything_that_the_lab_has(client: Any, core: Any) -> None:
    apps = kubernetes.client.AppsV1Api(client)
    assert {one.metadata.name for one in core.list_node().items} >= {"cn-hangzhou.192.168.0.11"}
    pods = core.list_pod_for_all_namespaces().items
    assert all(one.status.pod_ip and one.status.container_statuses[0].ready for one in pods)
    assert all(one.status.number_ready == 4 for one in apps.list_daemon_set_for_all_namespaces().items
               if one.metadata.name == "kube-flannel-ds")  # fmt: skip
    slices = kubernetes.client.DiscoveryV1Api(client).list_namespaced_endpoint_slice("default").items
    assert {one.metadata.labels["kubernetes.io/service-name"] for one in slices} >= {"web", "api", "kubernetes"}
    assert core.read_namespaced_service("web", "default").status.load_balancer.ingress[0].ip


def test_who_writes_an_old_version_loses(core: Any) -> None:
    mine = core.create_namespaced_config_map("default", config("raced", a="1"))
    core.patch_namespaced_config_map("raced", "default", {"data": {"a": "2"}})
    mine.data["a"] = "3"
    with pytest.raises(ApiException) as refused:
        core.replace_namespaced_config_map("raced", "default", mine)
    assert (refused.value.status, refused.value.reason) == (409, "Conflict")
    mine.metadata.resource_version = None
    assert core.replace_namespaced_config_map("raced", "default", mine).data == {"a": "3"}


def test_pages_show_one_moment_and_an_old_token_is_gone(lab: Lab, core: Any) -> None:
    for number in range(5):
        core.create_namespaced_config_map("default", config(f"paged-{number}"))
    first = core.list_namespaced_config_map("default", label_selector="by=client", limit=2)
    core.delete_namespaced_config_map("paged-4", "default")
    names = [one.metadata.name for one in first.items]
    token = first.metadata._continue
    while token:
        page = core.list_namespaced_config_map("default", label_selector="by=client", limit=2, _continue=token)
        names += [one.metadata.name for one in page.items]
        token = page.metadata._continue
    assert len(names) == len(set(names))
    assert "paged-4" in names
    lab.run(lab.cluster().api.store.forget_history)
    with pytest.raises(ApiException) as refused:
        core.list_namespaced_config_map("default", limit=2, _continue=first.metadata._continue)
    assert refused.value.status == 410


def test_an_informer_lists_watches_and_begins_anew_when_its_version_is_gone(lab: Lab, core: Any) -> None:
    listed = core.list_namespaced_config_map("default")
    seen: list[tuple[str, str]] = []
    ready = threading.Event()

    def follow() -> None:
        watch = kubernetes.watch.Watch()
        ready.set()
        for event in watch.stream(core.list_namespaced_config_map, "default", timeout_seconds=20,
                                  resource_version=listed.metadata.resource_version):  # fmt: skip
            seen.append((event["type"], event["object"].metadata.name))
            if event["type"] == "DELETED":
                watch.stop()

    thread = threading.Thread(target=follow)
    thread.start()
    ready.wait(10)
    core.create_namespaced_config_map("default", config("seen"))
    core.patch_namespaced_config_map("seen", "default", {"data": {"a": "2"}})
    core.delete_namespaced_config_map("seen", "default")
    thread.join(30)
    assert seen == [("ADDED", "seen"), ("MODIFIED", "seen"), ("DELETED", "seen")]
    lab.run(lab.cluster().api.store.forget_history)
    watch = kubernetes.watch.Watch()
    with pytest.raises(ApiException) as gone:
        list(watch.stream(core.list_namespaced_config_map, "default", timeout_seconds=5,
                          resource_version=listed.metadata.resource_version))  # fmt: skip
    assert gone.value.status == 410


def test_a_watch_ends_with_a_bookmark_from_which_the_next_one_goes_on(core: Any) -> None:
    def lines(version: str) -> list[dict[str, Any]]:
        watch = kubernetes.watch.Watch()
        found = watch.stream(core.list_namespaced_config_map, "default", timeout_seconds=1,
                             resource_version=version, allow_watch_bookmarks=True)  # fmt: skip
        return [one["raw_object"] | {"type": one["type"]} for one in found]

    version = core.list_namespaced_config_map("default").metadata.resource_version
    (bookmark,) = lines(version)
    assert bookmark["type"] == "BOOKMARK"
    assert int(bookmark["metadata"]["resourceVersion"]) >= int(version)


def test_leases_are_taken_by_one_only(client: Any) -> None:
    leases = kubernetes.client.CoordinationV1Api(client)
    body = {"metadata": {"name": "lock"}, "spec": {"holderIdentity": "a", "leaseDurationSeconds": 15}}
    made = leases.create_namespaced_lease("kube-system", body)
    made.spec.holder_identity = "b"
    assert leases.replace_namespaced_lease("lock", "kube-system", made).spec.holder_identity == "b"
    with pytest.raises(ApiException) as refused:
        leases.replace_namespaced_lease("lock", "kube-system", made)
    assert refused.value.status == 409


def test_a_deployment_rolls_under_a_client(client: Any) -> None:
    apps = kubernetes.client.AppsV1Api(client)
    container = {"name": "app", "image": "nginx:1"}
    template = {"metadata": {"labels": {"app": "py"}}, "spec": {"containers": [container]}}
    spec = {"replicas": 3, "selector": {"matchLabels": {"app": "py"}}, "template": template}
    apps.create_namespaced_deployment("default", {"metadata": {"name": "py"}, "spec": spec})
    image = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "nginx:2"}]}}}}
    apps.patch_namespaced_deployment("py", "default", image)
    status = apps.read_namespaced_deployment_status("py", "default").status
    assert (status.updated_replicas, status.available_replicas, status.unavailable_replicas) == (3, 3, None)
    apps.patch_namespaced_deployment_scale("py", "default", {"spec": {"replicas": 1}})
    assert apps.read_namespaced_deployment_scale("py", "default").status.replicas == 1
    apps.delete_namespaced_deployment("py", "default", propagation_policy="Foreground")
    with pytest.raises(ApiException) as gone:
        apps.read_namespaced_deployment("py", "default")
    assert gone.value.status == 404
