"""DaemonSets: one pod on each node that their pods fit on, rolled by maxUnavailable, maxSurge or by hand (OnDelete)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from upgrader.lab.kube.controllers.base import (
    NODES,
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
    share,
    without_zeros,
)
from upgrader.lab.kube.controllers.revisions import HASH, forget_old, present
from upgrader.lab.kube.controllers.scheduler import unfit
from upgrader.lab.kube.resource import shared
from upgrader.lab.kube.store import Change, Name, Object

DAEMON_SETS = shared("daemonsets", "apps")
_GENERATION = "pod-template-generation"
_BORNE = (("not-ready", "NoExecute"), ("unreachable", "NoExecute"), ("disk-pressure", "NoSchedule"),
          ("memory-pressure", "NoSchedule"), ("pid-pressure", "NoSchedule"),
          ("unschedulable", "NoSchedule"))  # fmt: skip
"""The taints of a node's state that a daemon's pods bear."""
_COUNTS = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")


class DaemonSets:
    """Follows `pkg/controller/daemon`."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.alarms = Alarms(cluster.clock)

    def concerns(self, change: Change) -> Iterable[Name]:
        """The set that changed or whose pod did; every one when a node changed in what decides where pods fit."""
        if change.key == DAEMON_SETS.key:
            return (named(change.object),)
        if change.key == PODS.key:
            return owner_name(change.before or change.object, "DaemonSet")
        if change.key == NODES.key and (change.before is None or _fit(change.before) != _fit(change.object)
                                        or change.kind == "DELETED"):  # fmt: skip
            return [named(one) for one in self._cluster.store.list(DAEMON_SETS.key)]
        return ()

    def look(self, name: Name) -> None:
        """Move a DaemonSet one step."""
        found = self._cluster.store.get(DAEMON_SETS.key, *name)
        if found is None or going(found):
            return
        adopt(self._cluster, PODS, found, DAEMON_SETS)
        revision = present(self._cluster, found, DAEMON_SETS)
        mark = revision["metadata"]["labels"][HASH]
        wanted = self._wanted(found)
        by_node: dict[str, list[Object]] = {}
        for pod in owned(self._cluster, PODS, found):
            if (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded") and not going(pod):
                self._end(found, pod)
            else:
                by_node.setdefault(_node_of(pod), []).append(pod)
        for node in wanted:
            if node not in by_node:
                by_node[node] = [self._make(found, mark, node)]
        for node, pods in by_node.items():
            if node not in wanted:
                for pod in pods:
                    self._end(found, pod)
        if found["spec"]["updateStrategy"].get("type") == "RollingUpdate":
            self._roll(found, mark, {node: by_node[node] for node in wanted})
        used = {f"{name[1]}-{pod['metadata']['labels'].get(HASH, '')}" for pods in by_node.values() for pod in pods}
        forget_old(self._cluster, found, {*used, revision["metadata"]["name"]})
        self._tell(found, mark, wanted)

    def _wanted(self, found: Object) -> list[str]:
        pod = {"metadata": {"namespace": found["metadata"]["namespace"]}, "spec": _bearing(found["spec"]["template"])}
        return [one["metadata"]["name"] for one in self._cluster.store.list(NODES.key) if not unfit(pod, one)]

    def _make(self, found: Object, mark: str, node: str) -> Object:
        template = found["spec"]["template"]
        field = {"key": "metadata.name", "operator": "In", "values": [node]}
        terms = {"nodeSelectorTerms": [{"matchFields": [field]}]}
        spec = _bearing(template)
        affinity = {
            **(spec.get("affinity") or {}),
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms},
        }
        labels = {HASH: mark, _GENERATION: str(found["metadata"].get("generation", 1))}
        name = f"{found['metadata']['name']}-{self._cluster.store.new_suffix()}"
        whole = {**template, "spec": {**spec, "affinity": affinity}}
        pod = self._cluster.local.create(pod_from(whole, found, DAEMON_SETS, labels, {"name": name}))
        self._cluster.tell(found, "DaemonSet", "SuccessfulCreate", f"Created pod: {name}", "daemonset-controller")
        return pod

    def _end(self, found: Object, pod: Object) -> None:
        namespace, name = named(pod)
        self._cluster.local.delete("pods", name, namespace)
        self._cluster.tell(found, "DaemonSet", "SuccessfulDelete", f"Deleted pod: {name}", "daemonset-controller")

    def _roll(self, found: Object, mark: str, by_node: dict[str, list[Object]]) -> None:
        """Replace old pods: those that serve nobody at once, of the others as many as may be missing."""
        rolling = found["spec"]["updateStrategy"].get("rollingUpdate") or {}
        total = len(by_node)
        surge = share(rolling.get("maxSurge"), total, up=True)
        allowed = share(rolling.get("maxUnavailable", 1), total, up=True) or (0 if surge else 1)
        missing = sum(not any(map(self._serves(found), pods)) for pods in by_node.values())
        surging = sum(len(pods) > 1 for pods in by_node.values())
        for node, pods in by_node.items():
            old = [pod for pod in pods if pod["metadata"]["labels"].get(HASH) != mark and not going(pod)]
            new = [pod for pod in pods if pod not in old]
            if not old:
                continue
            serving = any(map(self._serves(found), old))
            if not serving or any(map(self._serves(found), new)):
                for pod in old:
                    self._end(found, pod)
            elif surge:
                if not new and surging < surge:
                    self._make(found, mark, node)
                    surging += 1
            elif missing < allowed:
                self._end(found, old[0])
                missing += 1

    def _serves(self, found: Object) -> Any:
        seconds = int(found["spec"].get("minReadySeconds") or 0)

        def serves(pod: Object) -> bool:
            when = available_at(pod, seconds)
            return when is not None and self.alarms.passed(named(found), when)

        return serves

    def _tell(self, found: Object, mark: str, wanted: list[str]) -> None:
        current = self._cluster.store.get(DAEMON_SETS.key, *named(found)) or found
        pods = owned(self._cluster, PODS, found)
        here = [[pod for pod in pods if _node_of(pod) == node] for node in wanted]
        newest = [next((pod for pod in on if pod["metadata"]["labels"].get(HASH) == mark), on[0]) for on in here if on]
        serves = self._serves(found)
        available = sum(any(map(serves, on)) for on in here)
        status = {
            "desiredNumberScheduled": len(wanted), "currentNumberScheduled": len(newest),
            "numberMisscheduled": len({_node_of(pod) for pod in pods} - set(wanted)),
            "numberReady": sum(any(map(is_ready, on)) for on in here), "numberAvailable": available,
            "numberUnavailable": len(wanted) - available,
            "updatedNumberScheduled": sum(pod["metadata"]["labels"].get(HASH) == mark for pod in newest),
            "observedGeneration": found["metadata"].get("generation", 1),
        }  # fmt: skip
        set_status(self._cluster, DAEMON_SETS, current, {**dict.fromkeys(_COUNTS, 0), **without_zeros(status)})


def _bearing(template: Object) -> dict[str, Any]:
    """The template's pod spec with what every daemon bears."""
    spec = template.get("spec") or {}
    borne = [{"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": effect} for key, effect in _BORNE]
    if spec.get("hostNetwork"):
        borne.append({"key": "node.kubernetes.io/network-unavailable", "operator": "Exists", "effect": "NoSchedule"})
    return {**spec, "tolerations": [*(spec.get("tolerations") or ()), *borne]}


def _node_of(pod: Object) -> str:
    """The node that a daemon's pod was made for, whether or not it is bound yet."""
    if pod["spec"].get("nodeName"):
        return str(pod["spec"]["nodeName"])
    affinity = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {}
    fields = [one for term in affinity.get("nodeSelectorTerms") or () for one in term.get("matchFields") or ()]
    return str(fields[0]["values"][0]) if fields else ""


def _fit(node: Object) -> tuple[Any, ...]:
    return node["metadata"].get("labels"), (node.get("spec") or {}).get("taints")
