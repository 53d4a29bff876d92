"""On a Terway cluster each pod has an address of an interface of its node's machine, as long as it is there."""

from __future__ import annotations

from tests.lab.ccm.rig import Rig
from tests.lab.kube.hands import workload
from upgrader.lab.scenario import ClusterSpec


def addresses(rig: Rig) -> set[str]:
    return {ip for one in rig.cloud.world.ecs.interfaces.values() for ip in one.private_ips}


def test_interfaces_follow_pods() -> None:
    rig = Rig(ClusterSpec(name="t", network="terway"))
    before = addresses(rig)
    rig.cluster.local.create(workload("Deployment", replicas=3))
    rig.work()
    pods = [one for one in rig.cluster.local.list("pods", "default") if one["metadata"]["labels"].get("app") == "web"]
    assert addresses(rig) - before == {one["status"]["podIP"] for one in pods}
    machines = {one.instance_id for one in rig.cloud.world.ecs.interfaces.values()}
    assert machines <= set(rig.cloud.world.ecs.instances)
    rig.cluster.local.delete("deployments", "web", "default", group="apps")
    rig.work()
    assert addresses(rig) == before


def test_pods_on_the_nodes_network_have_none() -> None:
    rig = Rig(ClusterSpec(name="t", network="terway"))
    before = addresses(rig)
    found = workload("DaemonSet")
    found["spec"]["template"]["spec"]["hostNetwork"] = True
    rig.cluster.local.create(found)
    rig.work()
    assert addresses(rig) == before
