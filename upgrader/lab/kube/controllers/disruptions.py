"""PodDisruptionBudgets: how many of the pods that they mean may be evicted now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from upgrader.lab.kube.controllers.base import PODS, Cluster, going, is_ready, named, owner, set_status, share
from upgrader.lab.kube.controllers.index import REPLICA_SETS
from upgrader.lab.kube.resource import shared
from upgrader.lab.kube.selectors import matches_labels
from upgrader.lab.kube.store import Change, Name, Object

BUDGETS = shared("poddisruptionbudgets", "policy")
_SCALED = {"ReplicaSet": REPLICA_SETS.key, "StatefulSet": ("apps", "statefulsets"),
           "Deployment": ("apps", "deployments")}  # fmt: skip


class Disruptions:
    """Follows `pkg/controller/disruption`."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def concerns(self, change: Change) -> Iterable[Name]:
        """The budget that changed; those of a pod's namespace."""
        if change.key == BUDGETS.key:
            return (named(change.object),)
        if change.key == PODS.key and self._cluster.store.count(BUDGETS.key):
            return [named(one) for one in self._cluster.store.list(BUDGETS.key, change.object["metadata"]["namespace"])]
        return ()

    def look(self, name: Name) -> None:
        """Write what a budget allows."""
        found = self._cluster.store.get(BUDGETS.key, *name)
        if found is None or going(found):
            return
        pods = [one for one in self._cluster.store.list(PODS.key, name[0]) if meant(found, one) and not going(one)]
        expected = max(len(pods), self._wanted(pods))
        spec = found.get("spec") or {}
        least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
        desired = expected - share(most, expected, up=True) if most is not None else share(least, expected, up=True)
        healthy = sum(map(is_ready, pods))
        allowed = max(0, healthy - max(0, desired)) if expected else 0
        reason = "SufficientPods" if allowed else "InsufficientPods"
        met = {"type": "DisruptionAllowed", "status": str(bool(allowed)), "reason": reason, "message": "",
               "observedGeneration": found["metadata"].get("generation", 1),
               "lastTransitionTime": self._cluster.now()}  # fmt: skip
        before = ((found.get("status") or {}).get("conditions") or [{}])[0]
        if before.get("status") == met["status"]:
            met["lastTransitionTime"] = before["lastTransitionTime"]
        status: dict[str, Any] = {
            "disruptionsAllowed": allowed, "currentHealthy": healthy, "desiredHealthy": max(0, desired),
            "expectedPods": expected, "observedGeneration": found["metadata"].get("generation", 1), "conditions": [met],
        }  # fmt: skip
        set_status(self._cluster, BUDGETS, found, status)

    def _wanted(self, pods: Iterable[Object]) -> int:
        """How many pods the workloads of these pods want together."""
        total, seen = 0, set()
        for pod in pods:
            above = owner(pod)
            if above is None or above["uid"] in seen or above["kind"] not in _SCALED:
                continue
            seen.add(above["uid"])
            found = self._cluster.store.get(_SCALED[above["kind"]], pod["metadata"]["namespace"], above["name"])
            total += int((found or {"spec": {}})["spec"].get("replicas") or 0)
        return total


def meant(budget: Object, pod: Object) -> bool:
    """Whether a budget is about a pod; an empty selector means every pod of its namespace."""
    return matches_labels((budget.get("spec") or {}).get("selector"), pod["metadata"].get("labels") or {})
