"""A right that the role lacks hurts the simulated CCM as it hurts the real one; leadership follows the pods."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from tests.lab.ccm.rig import Rig
from tests.lab.ccm.test_lifecycle import service_of
from upgrader.lab.ccm.leadership import ccm_version
from upgrader.lab.ccm.log import log_of
from upgrader.lab.cloud.seed import allow
from upgrader.lab.scenario import ClusterSpec, RamSpec, ServiceSpec

WEB = ServiceSpec(name="web", ports=("80", "443"))


def lease(rig: Rig) -> str:
    found = rig.cluster.local.get("leases", "ccm", "kube-system", "coordination.k8s.io")
    return str(found["spec"]["holderIdentity"]) if found else ""


def locked_endpoints(rig: Rig) -> str:
    found = rig.cluster.local.get("endpoints", "ccm", "kube-system")
    notes = (found or {"metadata": {}})["metadata"].get("annotations") or {}
    return str(json.loads(notes.get("control-plane.alpha.kubernetes.io/leader", "{}")).get("holderIdentity", ""))


def test_a_missing_right_of_the_new_version_is_named_in_the_event() -> None:
    nlb = replace(service_of("nlb"), name="edge")
    rig = Rig(ClusterSpec(name="ram", ccm="v2.10.0", ram=RamSpec(missing=("nlb:ListAsynJobs",)), services=(nlb,)))
    rig.mark()

    rig.cluster.addon_changed("v2.14.0")
    rig.patch("edge", spec={"externalTrafficPolicy": "Cluster"})

    assert str(rig.cluster.ccm.version) == "v2.14.0"
    assert "SyncLoadBalancerFailed" in rig.reasons("edge")
    assert any("nlb:ListAsynJobs" in text for text in rig.messages("edge"))


def test_what_failed_is_tried_again_and_heals_with_the_right() -> None:
    denied = RamSpec(denied=("slb:DeleteLoadBalancerListener",))
    rig = Rig(ClusterSpec(name="heal", ccm="v2.10.0", ram=denied, services=(WEB,)))
    rig.patch("web", spec={"ports": [{"name": "tcp-80", "port": 80, "protocol": "TCP", "targetPort": 80}]})
    assert any("slb:DeleteLoadBalancerListener" in text for text in rig.messages("web"))
    assert rig.cluster.work() == pytest.approx(1.0)

    policy = next(iter(rig.cloud.world.ram.policies.values()))
    policy.versions[policy.default].document = allow("*")
    rig.mark()
    rig.cloud.clock.advance(1.0)
    rig.work()

    assert "slb:DeleteLoadBalancerListener" in rig.writes()
    assert rig.reasons("web") == ["EnsuredLoadBalancer"]
    assert rig.cluster.work() is None


@pytest.mark.parametrize(
    ("version", "in_lease", "in_endpoints"),
    [("v1.9.3.239", False, True), ("v1.9.3.376", True, False), ("v2.3.0", True, True), ("v2.10.0", True, False)],
)
def test_each_version_holds_its_own_locks(version: str, in_lease: bool, in_endpoints: bool) -> None:
    rig = Rig(ClusterSpec(name="lock", ccm=version))
    leader = rig.cluster.ccm.leader
    assert leader is not None
    assert lease(rig) == (leader.name if in_lease else "")
    assert locked_endpoints(rig) == (leader.name if in_endpoints else "")
    assert leader.name.startswith("cn-hangzhou.192.168.0.10_")


def test_the_leader_follows_the_workloads_image() -> None:
    rig = Rig(ClusterSpec(name="roll", kind="self-managed", ccm="v2.10.0", services=(WEB,)))
    old = rig.cluster.ccm.leader
    rig.cluster.addon_changed("v2.14.0")
    rig.work()
    new = rig.cluster.ccm.leader
    assert old is not None
    assert new is not None
    assert (str(old.version), str(new.version)) == ("v2.10.0", "v2.14.0")
    assert lease(rig) == new.name != old.name


def test_without_a_ready_pod_nobody_leads_and_nothing_is_done() -> None:
    rig = Rig(ClusterSpec(name="none", kind="self-managed", ccm="v2.10.0", services=(WEB,)))
    rig.cluster.controllers.broken_images.add("*")
    rig.cluster.addon_changed("v2.14.0")
    rig.mark()
    rig.patch(
        "web", metadata={"annotations": {"service.beta.kubernetes.io/alibaba-cloud-loadbalancer-spec": "slb.s2.small"}}
    )
    assert rig.cluster.ccm.leader is None
    assert rig.writes() == []


def test_versions_before_v1_9_3_276_say_nothing() -> None:
    rig = Rig(ClusterSpec(name="mute", ccm="v1.9.3.239", services=(WEB,)))
    assert rig.messages("web") == []
    assert rig.service("web") is not None


def test_the_leaders_log_tells_what_it_did() -> None:
    rig = Rig(ClusterSpec(name="log", ccm="v2.10.0", services=(WEB,)))
    (pod,) = [one for one in rig.cluster.local.list("pods", "kube-system") if ccm_version(one)]
    said = log_of(rig.cluster.ccm, pod)
    assert said is not None
    assert "successfully acquired lease" in said
    assert "EnsuredLoadBalancer default/web: Ensured load balancer [lb-" in said
    other = next(one for one in rig.cluster.local.list("pods", "default"))
    assert log_of(rig.cluster.ccm, other) is None
