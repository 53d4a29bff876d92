"""A pod that runs a CCM with `--dry-run` leaves the findings that real ones left, writes nothing and leads nobody."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.lab.ccm.rig import Rig
from upgrader.lab.cloud import seed as plant
from upgrader.lab.cloud.slb.model import Listener, LoadBalancer
from upgrader.lab.scenario import ClusterSpec, ServiceSpec

WEB = ServiceSpec(name="web", local=True, annotations={"service.beta.kubernetes.io/alibaba-cloud-loadbalancer-spec":
                                                       "slb.s2.small"})  # fmt: skip
Hands = Callable[[Rig, LoadBalancer], None]


def pod(image: str = "v2.12.4", **more: Any) -> dict[str, Any]:
    args = more.pop("args", ["--leader-elect-resource-name=shadow"])
    mount = {"name": "config", "mountPath": "/etc/ccm"}
    container = {
        "name": "ccm", "image": f"registry-vpc.cn-hangzhou.aliyuncs.com/acs/cloud-controller-manager-amd64:{image}",
        "command": ["/cloud-controller-manager"], "volumeMounts": [mount],
        "args": ["--dry-run=true", "--controllers=service", "--cloud-config=/etc/ccm/cloud-config.conf", *args],
    }  # fmt: skip
    volume = {"name": "config", **more.pop("volume", {"configMap": {"name": "cloud-config"}})}
    spec = {"containers": [container], "volumes": [volume], "restartPolicy": "Never",
            "serviceAccountName": "cloud-controller-manager", **more}  # fmt: skip
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "dry", "namespace": "kube-system"}, "spec": spec}


def run(rig: Rig, **more: Any) -> tuple[str, dict[str, Any] | None]:
    """How the pod ended, and the result that it left."""
    rig.mark()
    rig.cluster.local.create(pod(**more))
    rig.work()
    ended = rig.cluster.local.get("pods", "dry", "kube-system")
    event = rig.cluster.local.get("events", "CloudControllerManagerPrecheckResult", "kube-system")
    assert ended is not None
    return ended["status"]["phase"], json.loads(event["message"]) if event else None


def codes(result: dict[str, Any] | None) -> dict[str, str]:
    assert result is not None
    return {key: one["MessageCode"] for check in result["CheckResults"] or () for key, one in
            check["instanceResults"].items()}  # fmt: skip


@pytest.fixture
def rig() -> Rig:
    return Rig(ClusterSpec(name="dry", kind="self-managed", ccm="v2.10.0", services=(WEB,)))


def the_clb(rig: Rig) -> LoadBalancer:
    return next(iter(rig.cloud.world.slb.load_balancers.values()))


def test_all_well_is_an_empty_result(rig: Rig) -> None:
    phase, result = run(rig)

    assert (phase, result) == (
        "Succeeded",
        {"State": "Success", "Reason": "ccm initial process finished", "CheckResults": None},
    )
    assert rig.writes() == []
    assert not any(text.startswith("DryRun:") for text in rig.messages("web"))


def spec(_rig: Rig, clb: LoadBalancer) -> None:
    clb.spec = "slb.s1.small"


def untag(_rig: Rig, clb: LoadBalancer) -> None:
    clb.tags.clear()
    clb.name = "console-name"


def listener_gone(_rig: Rig, clb: LoadBalancer) -> None:
    clb.listeners.clear()


def listener_extra(_rig: Rig, clb: LoadBalancer) -> None:
    settings = dict(next(iter(clb.listeners.values())).settings)
    settings["Description"] = str(settings["Description"]).replace("/80/", "/81/")
    clb.listeners["tcp:81"] = Listener(port=81, protocol="tcp", status="running", settings=settings)


def backend_gone(rig: Rig, _clb: LoadBalancer) -> None:
    next(iter(rig.cloud.world.slb.groups.values())).backends.pop()


def weight(rig: Rig, _clb: LoadBalancer) -> None:
    next(iter(rig.cloud.world.slb.groups.values())).backends[0].weight = 7


# What a real v2.12.4 found after the same console edits.
@pytest.mark.parametrize(
    ("edit", "key", "code", "action"),
    [
        (spec, "default/web", "ModifySLBSpec", "ModifyLoadBalancerInstanceSpec"),
        (listener_gone, "default/web/80", "CreateListener", "CreateLoadBalancerTCPListener"),
        (listener_extra, "default/web/81", "DeleteListener", "DeleteLoadBalancerListener"),
        (backend_gone, "default/web/{group}", "AddVServerGroupBackendServers", "AddVServerGroupBackendServers"),
        (weight, "", "", ""),
    ],
)
def test_it_finds_what_real_ones_found(rig: Rig, edit: Hands, key: str, code: str, action: str) -> None:
    edit(rig, the_clb(rig))
    group = next(iter(rig.cloud.world.slb.groups))

    phase, result = run(rig)

    assert phase == "Succeeded"
    assert codes(result) == ({key.format(group=group): code} if key else {})
    told = [text for text in rig.messages("web") if text.startswith("DryRun:")]
    assert [f"OpenAPI: {action}, Message: " in text for text in told] == ([True] if key else [])
    assert rig.writes() == []


def test_versions_whose_dry_run_is_not_dry_really_write(rig: Rig) -> None:
    backend_gone(rig, the_clb(rig))
    assert run(rig, image="v2.5.1")[0] == "Succeeded"
    assert rig.writes() == ["slb:AddVServerGroupBackendServers"]


def test_a_pod_that_waits_for_the_lock_of_the_running_ccm_waits_for_ever(rig: Rig) -> None:
    assert run(rig, args=[]) == ("Running", None)
    rig.cloud.clock.advance(600)
    rig.work()
    assert rig.cluster.local.get("pods", "dry", "kube-system")["status"]["phase"] == "Running"  # type: ignore[index]
    assert str(rig.cluster.ccm.version) == "v2.10.0"


def test_a_version_without_a_dry_run_knows_no_such_flag(rig: Rig) -> None:
    assert run(rig, image="v1.9.3.239-g40d97e1-aliyun") == ("Failed", None)


def test_without_rights_in_the_cluster_it_gives_up(rig: Rig) -> None:
    rig.cluster.api.rbac_enforced = True
    assert run(rig, serviceAccountName="default") == ("Failed", None)


def test_it_asks_the_cloud_as_whom_its_own_config_names(rig: Rig) -> None:
    plant.add_policy(rig.cloud.world, "reads-nothing", plant.allow("ecs:DescribeInstances"))
    plant.add_user(rig.cloud.world, "shadow", "LTAI5tShadow", "shadow-secret", "reads-nothing")
    text = json.dumps({"Global": {"accessKeyID": base64.b64encode(b"LTAI5tShadow").decode()}})
    data = {"cloud-config.conf": base64.b64encode(text.encode()).decode()}
    rig.cluster.local.create({"apiVersion": "v1", "kind": "Secret", "data": data,
                              "metadata": {"name": "shadow", "namespace": "kube-system"}})  # fmt: skip

    assert codes(run(rig, volume={"secret": {"secretName": "shadow"}})[1]) == {}

    assert any("DryRun:" in text and "slb:DescribeLoadBalancers" in text for text in rig.messages("web"))
    assert {one.caller for one in rig.cloud.journal.requests(since=rig._seq)} == {"user/shadow"}


def test_the_pod_of_a_dry_run_never_leads(rig: Rig) -> None:
    before = rig.cluster.ccm.leader
    assert before is not None
    rig.cluster.local.create(pod(args=["--leader-elect-resource-name=shadow"], restartPolicy="Always"))
    rig.work()
    assert rig.cluster.ccm.leader == before
