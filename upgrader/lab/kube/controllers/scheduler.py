"""Puts pods on nodes that their selectors, affinities and tolerations allow, the emptiest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from upgrader.lab.kube.controllers.base import NODES, PODS, Cluster, condition, going, named
from upgrader.lab.kube.objects import Write
from upgrader.lab.kube.paths import Target
from upgrader.lab.kube.selectors import matches_labels
from upgrader.lab.kube.store import Change, Name, Object

_HOSTNAME = "kubernetes.io/hostname"
_ENDED = ("Succeeded", "Failed")


class Scheduler:
    """Binds pods that have no node yet."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def concerns(self, change: Change) -> Iterable[Name]:
        """The new pod; every waiting pod when nodes change or room is made."""
        if change.key == PODS.key and change.kind == "ADDED":
            return () if change.object["spec"].get("nodeName") else (named(change.object),)
        if change.key == NODES.key or (change.key == PODS.key and change.kind == "DELETED"):
            return [named(pod) for pod in self._cluster.index.on_node("") if not going(pod)]
        return ()

    def look(self, name: Name) -> None:
        """Bind a pod, or say why not."""
        pod = self._cluster.store.get(PODS.key, *name)
        if pod is None or pod["spec"].get("nodeName") or going(pod):
            return
        nodes = self._cluster.store.list(NODES.key)
        particular = bool(_host_ports(pod["spec"]) or (pod["spec"].get("affinity") or {}).get("podAntiAffinity"))
        reasons: dict[str, int] = {}
        fitting = []
        for node in nodes:
            here = self._cluster.index.on_node(node["metadata"]["name"]) if particular else ()
            why = unfit(pod, node, [one for one in here if (one.get("status") or {}).get("phase") not in _ENDED])
            if why:
                reasons[why] = reasons.get(why, 0) + 1
            else:
                count = self._cluster.index.count_on(node["metadata"]["name"])
                fitting.append((count, node["metadata"]["name"]))
        if fitting:
            self._bind(pod, min(fitting)[1])
        else:
            self._wait(pod, len(nodes), reasons)

    def _bind(self, pod: Object, node: str) -> None:
        namespace, name = named(pod)
        target = Target(resource=PODS, namespace=namespace, name=name)
        self._cluster.local.objects.update(target, {**pod, "spec": {**pod["spec"], "nodeName": node}}, Write())
        said = f"Successfully assigned {namespace}/{name} to {node}"
        self._cluster.tell(pod, "Pod", "Scheduled", said, "default-scheduler")

    def _wait(self, pod: Object, total: int, reasons: Mapping[str, int]) -> None:
        namespace, name = named(pod)
        why = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
        said = f"0/{total} nodes are available: {why}." if total else "no nodes available to schedule pods"
        if condition(pod, "PodScheduled").get("message") == said:
            return
        wanted = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": said,
                  "lastTransitionTime": self._cluster.now()}  # fmt: skip
        status = {"phase": "Pending", "conditions": [wanted]}
        self._cluster.local.merge("pods", name, namespace, {"status": status}, subresource="status")
        self._cluster.tell(pod, "Pod", "FailedScheduling", said, "default-scheduler", warning=True)


def unfit(pod: Object, node: Object, here: Iterable[Object] = ()) -> str:
    """Why a pod can't run on a node beside the pods that are there, empty when it can."""
    spec, labels = pod["spec"], node["metadata"].get("labels") or {}
    for taint in (node.get("spec") or {}).get("taints") or ():
        if taint.get("effect") in ("NoSchedule", "NoExecute") and not tolerates(spec, taint):
            return f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}"
    if not _selected(spec, node, labels):
        return "node(s) didn't match Pod's node affinity/selector"
    ports = _host_ports(spec)
    for other in here:
        if ports & _host_ports(other["spec"]):
            return "node(s) didn't have free ports for the requested pod ports"
        if _repels(pod, other):
            return "node(s) didn't match pod anti-affinity rules"
    return ""


def tolerates(spec: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    """Whether a pod bears a taint."""
    for one in spec.get("tolerations") or ():
        if one.get("effect") and one["effect"] != taint.get("effect"):
            continue
        if one.get("operator") == "Exists":
            if one.get("key", "") in ("", taint.get("key")):
                return True
        elif one.get("key") == taint.get("key") and one.get("value", "") == taint.get("value", ""):
            return True
    return False


def _selected(spec: Mapping[str, Any], node: Object, labels: Mapping[str, Any]) -> bool:
    if any(labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    affinity = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    if not affinity:
        return True
    fields = {"metadata.name": node["metadata"]["name"]}
    return any(
        matches_labels({"matchExpressions": term.get("matchExpressions")}, labels)
        and matches_labels({"matchExpressions": term.get("matchFields")}, fields)
        for term in affinity.get("nodeSelectorTerms") or ()
    )


def _host_ports(spec: Mapping[str, Any]) -> set[tuple[Any, Any]]:
    listed = [port for one in spec.get("containers") or () for port in one.get("ports") or ()]
    if spec.get("hostNetwork"):
        return {(one.get("containerPort"), one.get("protocol", "TCP")) for one in listed}
    return {(one["hostPort"], one.get("protocol", "TCP")) for one in listed if one.get("hostPort")}


def _repels(pod: Object, other: Object) -> bool:
    rules = ((pod["spec"].get("affinity") or {}).get("podAntiAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    labels, home = other["metadata"].get("labels") or {}, pod["metadata"].get("namespace")
    return any(
        rule.get("topologyKey") == _HOSTNAME
        and other["metadata"].get("namespace") in (rule.get("namespaces") or [home])
        and matches_labels(rule.get("labelSelector"), labels)
        for rule in rules or ()
    )
