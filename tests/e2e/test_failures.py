"""What goes wrong on the way, and where the run stands afterwards."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.conftest import Desk, Start
from upgrader.cli.exit_codes import Exit
from upgrader.lab.faults import Fault

TARGET = ("--to", "v2.14.0")
IMAGE = "registry-cn-hangzhou-vpc.ack.aliyuncs.com/acs/cloud-controller-manager:v2.14.0"


def state(desk: Desk) -> dict[str, Any]:
    """What a rollback has to bring back."""
    world, cluster = desk.lab.cloud.world, desk.lab.cluster()
    workload = cluster.local.get(f"{cluster.spec.workload.lower()}s", "cloud-controller-manager", "kube-system", "apps")
    return {
        "template": workload and workload["spec"]["template"],
        "replicas": workload and workload["spec"].get("replicas"),
        "tags": {lb.id: dict(lb.tags) for lb in world.slb.load_balancers.values()},
        "weights": {group.id: [b.weight for b in group.backends] for group in world.slb.groups.values()},
        "policies": {p.name: p.versions[p.default].document for p in world.ram.policies.values()},
    }


def test_an_image_that_cannot_be_pulled_rolls_back(start: Start) -> None:
    desk = start("self-managed")
    before = desk.lab.run(lambda: state(desk))
    desk.lab.cluster().controllers.broken_images.add(IMAGE)

    run = desk.apply(*TARGET, expect=Exit.ROLLED_BACK)

    assert run["state"] == "ROLLED_BACK"
    assert "ImagePullBackOff" in run["cause"]
    assert desk.lab.run(lambda: state(desk)) == before
    assert str(desk.lab.cluster().ccm.version) == "v2.5.1"


def test_a_rollback_on_request_brings_everything_back(start: Start) -> None:
    desk = start("demo")
    before = desk.lab.run(lambda: state(desk))
    run = desk.apply(*TARGET)
    assert desk.lab.run(lambda: state(desk)) != before

    back = desk.json("rollback", run["id"], "--state-dir", str(desk.home))

    assert back["state"] == "ROLLED_BACK"
    assert desk.lab.run(lambda: state(desk)) == before
    assert str(desk.lab.cluster().ccm.version).startswith("v1.9.3.239")


def test_a_failed_addon_upgrade_takes_back_the_rest(start: Start) -> None:
    desk = start("addon-fails")
    before = desk.lab.run(lambda: state(desk))
    run = desk.apply(*TARGET, expect=Exit.ROLLED_BACK)
    assert "v2.10.0" in run["cause"]
    assert desk.lab.run(lambda: state(desk)) == before


def test_a_failed_task_that_landed_is_judged_by_what_runs(start: Start) -> None:
    desk = start("addon-failed-but-landed")
    assert desk.apply(*TARGET)["state"] == "SUCCEEDED"
    assert str(desk.lab.cluster().ccm.version) == "v2.14.0"


def test_a_success_without_a_change_is_a_failure(start: Start) -> None:
    assert start("addon-same").apply(*TARGET, expect=Exit.ROLLED_BACK)["state"] == "ROLLED_BACK"


def test_acks_own_precheck_stops_the_run(start: Start) -> None:
    run = start("addon-blocked").apply(*TARGET, expect=Exit.ROLLED_BACK)
    assert "kubelet of node 2" in run["cause"]


@pytest.mark.parametrize("kind", ["before", "after"])
def test_a_request_that_fails_once_does_not_end_the_run(start: Start, kind: Any) -> None:
    desk = start("dedicated-flannel")
    desk.lab.cloud.faults.add(Fault(product="ram", action="CreatePolicyVersion", kind=kind, code="ServiceUnavailable"))
    desk.lab.cloud.faults.add(Fault(product="slb", action="TagResources", kind=kind, code="Throttling.User"))

    run = desk.apply(*TARGET)

    assert run["state"] == "SUCCEEDED"
    versions = desk.lab.cloud.world.ram.policies[next(iter(desk.lab.cloud.world.ram.policies))].versions
    assert len(versions) == 2


def test_rights_that_moved_since_the_plan_make_it_stale(start: Start) -> None:
    desk = start("upgrade-full-sync")
    world = desk.lab.cloud.world
    plan = desk.home.parent / "plan.json"
    assert desk.cli("plan", *TARGET, "-o", str(plan))[0] == Exit.DONE
    policy = next(p for p in world.ram.policies.values() if p.name.startswith("k8sMasterRolePolicy"))
    document = policy.versions[policy.default].document
    document["Statement"].append({"Effect": "Deny", "Action": ["slb:DescribeLoadBalancers"], "Resource": "*"})

    code, _ = desk.cli("apply", str(plan), "--yes", "--state-dir", str(desk.home))

    assert code == Exit.STALE, desk.err


@pytest.mark.parametrize("name", ["upgrade-leader-locks", "upgrade-deployment"])
def test_two_leaders_never_run_side_by_side_neither_there_nor_back(start: Start, name: str) -> None:
    desk = start(name)
    before = desk.lab.run(lambda: state(desk))
    cluster = desk.lab.cluster()
    together: set[tuple[str, ...]] = set()

    def look(_change: Any) -> None:
        pods = cluster.local.list("pods", "kube-system")
        images = {
            c["image"].rsplit(":")[-1] for pod in pods for c in pod["spec"]["containers"] if "cloud-c" in c["image"]
        }
        together.add(tuple(sorted(images)))

    desk.lab.run(lambda: cluster.api.store.listeners.append(look))
    plan = desk.json("plan", *TARGET)
    assert [step["kind"] for step in plan["steps"]][-3:] == ["ccm.stop", "ccm.workload", "ccm.start"]

    run = desk.apply(*TARGET)
    back = desk.json("rollback", run["id"], "--state-dir", str(desk.home))

    assert (run["state"], back["state"]) == ("SUCCEEDED", "ROLLED_BACK")
    assert together == {(), ("v1.9.3.239-g40d97e1-aliyun",), ("v2.14.0",)}
    assert desk.lab.run(lambda: state(desk)) == before


def test_a_backup_is_enough_when_the_journal_is_lost(start: Start, tmp_path: Any) -> None:
    desk = start("demo")
    before = desk.lab.run(lambda: state(desk))
    run = desk.apply(*TARGET)
    kept = tmp_path / "kept.json"
    kept.write_bytes((desk.home / run["id"] / "backup.json").read_bytes())
    for file in (desk.home / run["id"]).iterdir():
        file.unlink()

    back = desk.json("rollback", "--to-backup", str(kept), "--state-dir", str(desk.home))

    assert (back["state"], back.get("left", [])) == ("ROLLED_BACK", [])
    assert desk.lab.run(lambda: state(desk)) == before
    saved = json.loads(kept.read_text())
    assert saved["workload"]["kind"] == "DaemonSet"
    assert {one["kind"] for one in saved["rbac"]} == {"ClusterRole", "ClusterRoleBinding"}
    assert len(saved["services"]) == 4
