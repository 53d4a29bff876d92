"""ReplicaSets: as many pods of one template as they want."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from upgrader.lab.kube.controllers.base import (
    PODS,
    Alarms,
    Cluster,
    adopt,
    available_at,
    going,
    is_ready,
    named,
    owned,
    owner,
    owner_name,
    pod_from,
    set_status,
    without_zeros,
)
from upgrader.lab.kube.controllers.index import REPLICA_SETS
from upgrader.lab.kube.store import Change, Name, Object

_ENDED = ("Succeeded", "Failed")


class ReplicaSets:
    """Makes what is missing, deletes what is too much: the unready and the youngest first."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.alarms = Alarms(cluster.clock)

    def concerns(self, change: Change) -> Iterable[Name]:
        """The set that changed, or whose pod did."""
        if change.key == REPLICA_SETS.key:
            return (named(change.object),)
        if change.key != PODS.key:
            return ()
        own = {*owner_name(change.object, "ReplicaSet"), *owner_name(change.before or change.object, "ReplicaSet")}
        if owner(change.object) is None and change.before is None:
            namespace = change.object["metadata"]["namespace"]
            sets = (
                self._cluster.store.list(REPLICA_SETS.key, namespace) if change.object["metadata"].get("labels") else ()
            )
            return (*own, *(named(one) for one in sets))
        return own

    def look(self, name: Name) -> None:
        """Bring a set to its size."""
        found = self._cluster.store.get(REPLICA_SETS.key, *name)
        if found is None or going(found):
            return
        adopt(self._cluster, PODS, found, REPLICA_SETS)
        pods = [one for one in owned(self._cluster, PODS, found)
                if not going(one) and (one.get("status") or {}).get("phase") not in _ENDED]  # fmt: skip
        wanted = int(found["spec"].get("replicas", 1))
        for _ in range(wanted - len(pods)):
            pods.append(self._make(found))
        for one in sorted(pods, key=_rank)[: max(0, len(pods) - wanted)]:
            pods.remove(one)
            self._end(found, one)
        self._tell(found, pods)

    def _make(self, found: Object) -> Object:
        name = f"{found['metadata']['name']}-{self._cluster.store.new_suffix()}"
        pod = self._cluster.local.create(pod_from(found["spec"]["template"], found, REPLICA_SETS, {}, {"name": name}))
        self._cluster.tell(found, "ReplicaSet", "SuccessfulCreate", f"Created pod: {name}", "replicaset-controller")
        return pod

    def _end(self, found: Object, pod: Object) -> None:
        namespace, name = named(pod)
        self._cluster.local.delete("pods", name, namespace)
        self._cluster.tell(found, "ReplicaSet", "SuccessfulDelete", f"Deleted pod: {name}", "replicaset-controller")

    def _tell(self, found: Object, pods: list[Object]) -> None:
        current = self._cluster.store.get(REPLICA_SETS.key, *named(found)) or found
        labels = (found["spec"]["template"].get("metadata") or {}).get("labels") or {}
        full = sum(labels.items() <= (one["metadata"].get("labels") or {}).items() for one in pods)
        status: dict[str, Any] = {
            "replicas": len(pods), "fullyLabeledReplicas": full, "readyReplicas": sum(map(is_ready, pods)),
            "availableReplicas": self._available(found, pods),
            "observedGeneration": found["metadata"].get("generation", 1),
        }  # fmt: skip
        set_status(self._cluster, REPLICA_SETS, current, {"replicas": 0, **without_zeros(status)})

    def _available(self, found: Object, pods: Iterable[Object]) -> int:
        """How many pods have been ready for long enough; the others are looked at again when they will have been."""
        count = 0
        for one in pods:
            when = available_at(one, int(found["spec"].get("minReadySeconds") or 0))
            count += when is not None and self.alarms.passed(named(found), when)
        return count


def _rank(pod: Object) -> tuple[Any, ...]:
    """Who goes first: without a node, not running, not ready, the youngest."""
    status = pod.get("status") or {}
    created = datetime.fromisoformat(pod["metadata"]["creationTimestamp"].replace("Z", "+00:00")).astimezone(UTC)
    return (bool(pod["spec"].get("nodeName")), status.get("phase") == "Running", is_ready(pod), -created.timestamp(),
            pod["metadata"]["name"])  # fmt: skip
