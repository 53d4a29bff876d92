"""StatefulSets: pods with numbers, one after another, rolled from the highest number down to the partition."""

from __future__ import annotations

from collections.abc import Iterable
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
    owner_name,
    pod_from,
    set_status,
)
from upgrader.lab.kube.controllers.revisions import HASH, forget_old, present
from upgrader.lab.kube.resource import shared
from upgrader.lab.kube.store import Change, Name, Object

STATEFUL_SETS = shared("statefulsets", "apps")


class StatefulSets:
    """Follows `pkg/controller/statefulset`, without volumes."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.alarms = Alarms(cluster.clock)

    def concerns(self, change: Change) -> Iterable[Name]:
        """The set that changed, or whose pod did."""
        if change.key == STATEFUL_SETS.key:
            return (named(change.object),)
        return owner_name(change.before or change.object, "StatefulSet") if change.key == PODS.key else ()

    def look(self, name: Name) -> None:
        """Move a set one step."""
        found = self._cluster.store.get(STATEFUL_SETS.key, *name)
        if found is None or going(found):
            return
        adopt(self._cluster, PODS, found, STATEFUL_SETS)
        revision = present(self._cluster, found, STATEFUL_SETS)["metadata"]["name"]
        pods = {_number(one): one for one in owned(self._cluster, PODS, found)}
        first = int((found["spec"].get("ordinals") or {}).get("start") or 0)
        wanted = range(first, first + int(found["spec"].get("replicas", 1)))
        self._step(found, revision, pods, wanted)
        left = owned(self._cluster, PODS, found)
        used = {one["metadata"]["labels"].get(HASH, "") for one in left}
        forget_old(self._cluster, found, {*used, revision, (found.get("status") or {}).get("currentRevision", "")})
        self._tell(found, revision, left, len(wanted))

    def _step(self, found: Object, revision: str, pods: dict[int, Object], wanted: range) -> None:
        """Each pod waits for the one before it, unless they are managed in parallel."""
        ordered = found["spec"].get("podManagementPolicy", "OrderedReady") == "OrderedReady"
        for number in wanted:
            if number not in pods:
                pods[number] = self._make(found, revision, number, wanted)
            if ordered and not self._serves(found, pods[number]):
                # A pod of an old template that never came up holds nothing up: it is replaced below.
                if pods[number]["metadata"]["labels"].get(HASH) == revision or is_ready(pods[number]):
                    return
                break
        for number in sorted(set(pods) - set(wanted), reverse=True):
            self._end(found, pods.pop(number))
            if ordered:
                return
        self._roll(found, revision, pods, wanted)

    def _roll(self, found: Object, revision: str, pods: dict[int, Object], wanted: range) -> None:
        strategy = found["spec"].get("updateStrategy") or {}
        if strategy.get("type", "RollingUpdate") != "RollingUpdate":
            return
        partition = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
        for number in reversed([one for one in wanted if one >= partition and one in pods]):
            pod = pods[number]
            if pod["metadata"]["labels"].get(HASH) != revision:
                self._end(found, pod)
                return
            if not self._serves(found, pod):
                return

    def _make(self, found: Object, revision: str, number: int, wanted: range) -> Object:
        strategy = found["spec"].get("updateStrategy") or {}
        partition = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
        current = (found.get("status") or {}).get("currentRevision")
        old = self._cluster.store.get(("apps", "controllerrevisions"), found["metadata"]["namespace"], current or "")
        template, mark = found["spec"]["template"], revision
        if number < partition and old is not None and current != revision:
            template, mark = old["data"]["spec"]["template"], str(current)
        name = f"{found['metadata']['name']}-{number}"
        labels = {HASH: mark, "statefulset.kubernetes.io/pod-name": name, "apps.kubernetes.io/pod-index": str(number)}
        spec = {**(template.get("spec") or {}), "hostname": name, "subdomain": found["spec"].get("serviceName", "")}
        pod = pod_from({**template, "spec": spec}, found, STATEFUL_SETS, labels, {"name": name})
        made = self._cluster.local.create(pod)
        said = f"create Pod {name} in StatefulSet {found['metadata']['name']} successful"
        self._cluster.tell(found, "StatefulSet", "SuccessfulCreate", said, "statefulset-controller")
        return made

    def _end(self, found: Object, pod: Object) -> None:
        namespace, name = named(pod)
        self._cluster.local.delete("pods", name, namespace)
        said = f"delete Pod {name} in StatefulSet {found['metadata']['name']} successful"
        self._cluster.tell(found, "StatefulSet", "SuccessfulDelete", said, "statefulset-controller")

    def _serves(self, found: Object, pod: Object) -> bool:
        pod = self._cluster.store.get(PODS.key, *named(pod)) or pod
        when = available_at(pod, int(found["spec"].get("minReadySeconds") or 0))
        return when is not None and self.alarms.passed(named(found), when)

    def _tell(self, found: Object, revision: str, pods: list[Object], wanted: int) -> None:
        current = self._cluster.store.get(STATEFUL_SETS.key, *named(found)) or found
        before = (found.get("status") or {}).get("currentRevision") or revision
        new = [one for one in pods if one["metadata"]["labels"].get(HASH) == revision]
        ready = sum(map(is_ready, pods))
        done = len(new) == len(pods) == ready == wanted
        of_current = [one for one in pods if one["metadata"]["labels"].get(HASH) == (revision if done else before)]
        status: dict[str, Any] = {
            "replicas": len(pods), "readyReplicas": ready, "currentReplicas": len(of_current),
            "availableReplicas": sum(self._serves(found, one) for one in pods), "updatedReplicas": len(new),
            "currentRevision": revision if done else before, "updateRevision": revision, "collisionCount": 0,
            "observedGeneration": found["metadata"].get("generation", 1),
        }  # fmt: skip
        counts = {"readyReplicas", "currentReplicas", "updatedReplicas"}
        shown = {key: value for key, value in status.items() if value or key not in counts}
        set_status(self._cluster, STATEFUL_SETS, current, shown)


def _number(pod: Object) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])
