"""Deployments, DaemonSets, StatefulSets and their pods: rolled within their limits, kept, undone, thrown away."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lab.kube.hands import Hands, image, template, workload
from upgrader.lab.kube.store import Change


@pytest.fixture
def hands() -> Hands:
    return Hands()


class Watcher:
    """How few pods were ready, and how many were wanted by ReplicaSets together, at the worst moments."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self.least, self.most = 10**6, 0
        hands.api.store.listeners.append(self._changed)

    def _changed(self, change: Change) -> None:
        if change.key == ("", "pods"):
            pods = self._hands.list("pods")
            ready = sum(any(one["type"] == "Ready" and one["status"] == "True"
                            for one in (pod.get("status") or {}).get("conditions", ())) for pod in pods)  # fmt: skip
            self.least = min(self.least, ready)
        elif change.key == ("apps", "replicasets"):
            sets = self._hands.list("replicasets", "apps")
            self.most = max(self.most, sum(one["spec"]["replicas"] for one in sets))


@settings(max_examples=25, deadline=None)
@given(replicas=st.integers(1, 6), surge=st.integers(0, 3), missing=st.integers(0, 3))
def test_a_rollout_never_leaves_its_limits(replicas: int, surge: int, missing: int) -> None:
    hands = Hands(2)
    strategy = {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": surge, "maxUnavailable": missing or int(not surge)},
    }
    hands.create(workload("Deployment", replicas=replicas, strategy=strategy))
    watcher = Watcher(hands)
    hands.patch("deployments", "web", image("nginx:2"))
    assert set(hands.pods().values()) == {"nginx:2"}
    assert watcher.most <= replicas + surge
    assert watcher.least >= replicas - max(missing, int(not surge))
    assert hands.status("deployments", "web")["availableReplicas"] == replicas


def test_a_rollout_with_an_image_that_never_comes_stops_and_is_said_after_its_deadline(hands: Hands) -> None:
    hands.create(workload("Deployment", replicas=4))
    hands.controllers.broken_images.add("nginx:2")
    hands.patch("deployments", "web", image("nginx:2"))
    status = hands.status("deployments", "web")
    assert (status["updatedReplicas"], status["availableReplicas"], status["unavailableReplicas"]) == (2, 3, 2)
    assert hands.condition("deployments", "web", "Progressing") == "True ReplicaSetUpdated"
    hands.wait(601)
    assert hands.condition("deployments", "web", "Progressing") == "False ProgressDeadlineExceeded"
    stuck = next(name for name, of in hands.pods().items() if of == "nginx:2")
    assert {"Failed", "BackOff"} <= hands.reasons(stuck)
    hands.controllers.broken_images.clear()
    hands.controllers.settle()
    assert set(hands.pods().values()) == {"nginx:2"}
    assert hands.condition("deployments", "web", "Progressing") == "True NewReplicaSetAvailable"


def test_going_back_takes_the_old_set_under_a_new_number(hands: Hands) -> None:
    hands.create(workload("Deployment", replicas=2))
    first = hands.list("replicasets", "apps")[0]["metadata"]["name"]
    hands.patch("deployments", "web", image("nginx:2"))
    old = hands.local.get("replicasets", first, "default", "apps")
    assert old is not None
    hands.patch("deployments", "web", {"spec": {"template": {"spec": old["spec"]["template"]["spec"]}}})
    numbers = {one["metadata"]["name"]: one["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
               for one in hands.list("replicasets", "apps")}  # fmt: skip
    assert (len(numbers), numbers[first]) == (2, "3")
    assert set(hands.pods().values()) == {"nginx:1"}


def test_a_paused_deployment_scales_but_does_not_roll(hands: Hands) -> None:
    hands.create(workload("Deployment", replicas=2))
    hands.patch("deployments", "web", {"spec": {"paused": True}})
    hands.patch("deployments", "web", image("nginx:2"))
    hands.patch("deployments", "web", {"spec": {"replicas": 3}})
    assert list(hands.pods().values()) == ["nginx:1"] * 3
    assert hands.condition("deployments", "web", "Progressing") == "Unknown DeploymentPaused"
    hands.patch("deployments", "web", {"spec": {"paused": None}})
    assert list(hands.pods().values()) == ["nginx:2"] * 3


def test_recreate_lets_the_old_go_first(hands: Hands) -> None:
    hands.create(workload("Deployment", replicas=2, strategy={"type": "Recreate"}))
    watcher = Watcher(hands)
    hands.patch("deployments", "web", image("nginx:2"))
    assert (watcher.least, watcher.most) == (0, 2)
    assert list(hands.pods().values()) == ["nginx:2"] * 2


def test_history_is_kept_as_far_as_it_was_asked_for(hands: Hands) -> None:
    hands.create(workload("Deployment", replicas=1, revisionHistoryLimit=2))
    hands.create(workload("DaemonSet", name="agent", revisionHistoryLimit=2))
    for number in range(2, 7):
        hands.patch("deployments", "web", image(f"nginx:{number}"))
        hands.patch("daemonsets", "agent", image(f"nginx:{number}"))
    assert len(hands.list("replicasets", "apps")) == 3
    assert [one["revision"] for one in hands.list("controllerrevisions", "apps")].count(6) == 1
    assert len(hands.list("controllerrevisions", "apps")) == 3


def test_time_makes_pods_ready_and_available(hands: Hands) -> None:
    hands.controllers.ready_after_s = 10
    hands.create(workload("Deployment", replicas=2, minReadySeconds=30))
    assert "readyReplicas" not in hands.status("deployments", "web")
    assert hands.controllers.next_s() is not None
    hands.wait(10)
    assert hands.status("deployments", "web")["readyReplicas"] == 2
    assert "availableReplicas" not in hands.status("deployments", "web")
    hands.wait(30)
    assert hands.status("deployments", "web")["availableReplicas"] == 2


def test_orphans_are_taken_over_and_strangers_let_go(hands: Hands) -> None:
    hands.create(workload("Deployment", replicas=2))
    hands.delete("deployments", "web", propagation="Orphan")
    before = set(hands.pods())
    assert len(before) == 2
    hands.create(workload("Deployment", replicas=2))
    assert set(hands.pods()) == before
    pod = min(before)
    hands.patch("pods", pod, {"metadata": {"labels": {"app": "aside"}}}, group="")
    assert len(hands.pods()) == 3
    aside = hands.local.get("pods", pod, "default")
    assert aside is not None
    assert not aside["metadata"].get("ownerReferences")
    hands.delete("deployments", "web")
    assert set(hands.pods()) == {pod}


def test_a_daemon_is_on_each_fitting_node_and_rolls_one_by_one(hands: Hands) -> None:
    tainted = {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}
    hands.controllers.add_node("n4", "192.168.0.4", taints=[tainted])
    hands.create(workload("DaemonSet"))
    assert hands.status("daemonsets", "web")["desiredNumberScheduled"] == 3
    watcher = Watcher(hands)
    hands.patch("daemonsets", "web", image("nginx:2"))
    assert (watcher.least, set(hands.pods().values())) == (2, {"nginx:2"})
    hands.patch("nodes", "n4", {"spec": {"taints": None}}, group="")
    assert hands.status("daemonsets", "web")["numberReady"] == 4
    hands.patch("nodes", "n1", {"spec": {"unschedulable": True}}, group="")
    assert hands.status("daemonsets", "web")["numberReady"] == 4
    hands.delete("nodes", "n1", group="")
    assert hands.status("daemonsets", "web")["numberReady"] == 3


def test_a_daemon_whose_new_image_never_comes_loses_one_node_only(hands: Hands) -> None:
    hands.create(workload("DaemonSet"))
    hands.patch("daemonsets", "web", image("nginx:broken"))
    status = hands.status("daemonsets", "web")
    assert (status["updatedNumberScheduled"], status["numberAvailable"], status["numberUnavailable"]) == (1, 2, 1)
    hands.patch("daemonsets", "web", image("nginx:1"))
    assert hands.status("daemonsets", "web")["numberAvailable"] == 3


def test_on_delete_waits_for_a_hand_and_surge_for_nobody(hands: Hands) -> None:
    hands.create(workload("DaemonSet", updateStrategy={"type": "OnDelete"}))
    hands.patch("daemonsets", "web", image("nginx:2"))
    assert set(hands.pods().values()) == {"nginx:1"}
    hands.delete("pods", min(hands.pods()), group="")
    assert sorted(hands.pods().values()) == ["nginx:1", "nginx:1", "nginx:2"]
    surge = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    watcher = Watcher(hands)
    hands.patch("daemonsets", "web", {"spec": {"updateStrategy": surge}})
    assert (watcher.least, set(hands.pods().values())) == (3, {"nginx:2"})


def test_a_stateful_set_comes_in_order_and_rolls_down_to_its_partition(hands: Hands) -> None:
    hands.create(workload("StatefulSet", replicas=3, serviceName="web"))
    assert list(hands.pods()) == ["web-0", "web-1", "web-2"]
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    hands.patch("statefulsets", "web", {"spec": {"updateStrategy": strategy}})
    hands.patch("statefulsets", "web", image("nginx:2"))
    assert list(hands.pods().values()) == ["nginx:1", "nginx:1", "nginx:2"]
    hands.delete("pods", "web-0", group="")
    assert hands.pods()["web-0"] == "nginx:1"
    hands.patch("statefulsets", "web", {"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}})
    status = hands.status("statefulsets", "web")
    assert set(hands.pods().values()) == {"nginx:2"}
    assert status["currentRevision"] == status["updateRevision"]
    hands.patch("statefulsets", "web", {"spec": {"replicas": 1}})
    assert list(hands.pods()) == ["web-0"]


def test_a_pod_waits_until_a_node_takes_it(hands: Hands) -> None:
    hands.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "picky", "namespace": "default"},
                  "spec": {**template()["spec"], "nodeSelector": {"disk": "ssd"}}})  # fmt: skip
    assert hands.reasons("picky") == {"FailedScheduling"}
    hands.patch("nodes", "n2", {"metadata": {"labels": {"disk": "ssd"}}}, group="")
    assert hands.status("pods", "picky", "")["phase"] == "Running"


def test_what_crashes_is_started_again_after_longer_and_longer_pauses(hands: Hands) -> None:
    command = {"name": "app", "image": "busybox:1", "command": ["sh", "-c", "sleep 5; exit 3"]}
    hands.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "sick", "namespace": "default"},
                  "spec": {"containers": [command]}})  # fmt: skip
    assert "running" in hands.status("pods", "sick", "")["containerStatuses"][0]["state"]
    hands.wait(5)
    shown = hands.status("pods", "sick", "")["containerStatuses"][0]
    assert (shown["state"]["waiting"]["reason"], shown["lastState"]["terminated"]["exitCode"]) == (
        "CrashLoopBackOff",
        3,
    )
    hands.wait(10)
    assert "running" in hands.status("pods", "sick", "")["containerStatuses"][0]["state"]
    hands.wait(5)
    assert hands.status("pods", "sick", "")["containerStatuses"][0]["restartCount"] == 2


def test_a_loaded_cluster_goes_on_where_it_was(hands: Hands) -> None:
    hands.controllers.ready_after_s = 10
    hands.create(workload("Deployment", replicas=2))
    saved = hands.api.save()
    hands.delete("deployments", "web")
    hands.api.load(saved)
    hands.wait(10)
    assert hands.status("deployments", "web")["readyReplicas"] == 2
