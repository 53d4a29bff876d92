"""Nodes: how one looks, and the taints that follow from its state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from upgrader.lab.kube.controllers.base import NODES, Cluster, condition
from upgrader.lab.kube.objects import Write
from upgrader.lab.kube.paths import Target
from upgrader.lab.kube.store import Change, Name, Object

_UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_NOT_READY = "node.kubernetes.io/not-ready"
_UNREACHABLE = "node.kubernetes.io/unreachable"


def node(name: str, ip: str, version: str, now: str, *, provider_id: str, labels: dict[str, str] | None, ready: bool,
         spec: dict[str, Any]) -> Object:  # fmt: skip
    """A node as its kubelet registers it."""
    zone = {"topology.kubernetes.io/region": "cn-hangzhou", "topology.kubernetes.io/zone": "cn-hangzhou-b"}
    own = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
           "beta.kubernetes.io/os": "linux", "beta.kubernetes.io/arch": "amd64"}  # fmt: skip
    size = {"cpu": "4", "memory": "16Gi", "pods": "110", "ephemeral-storage": "120Gi"}
    info = {"kubeletVersion": version, "kubeProxyVersion": version, "osImage": "Alibaba Cloud Linux 3",
            "kernelVersion": "5.10.134-16.3.al8.x86_64", "containerRuntimeVersion": "containerd://1.6.36",
            "architecture": "amd64", "operatingSystem": "linux", "machineID": "lab", "systemUUID": "lab",
            "bootID": "lab"}  # fmt: skip
    kinds = (("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
             ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
             ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"))  # fmt: skip
    beat = {"lastHeartbeatTime": now, "lastTransitionTime": now}
    conditions = [
        {"type": kind, "status": "False", "reason": reason, "message": said, **beat} for kind, reason, said in kinds
    ]
    conditions.append({"type": "Ready", "status": "True" if ready else "False",
                       "reason": "KubeletReady" if ready else "KubeletNotReady",
                       "message": "kubelet is posting ready status" if ready else "container runtime is down",
                       **beat})  # fmt: skip
    addresses = [{"type": "InternalIP", "address": ip}, {"type": "Hostname", "address": name}]
    return {
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {**own, **zone, **(labels or {})}},
        "spec": {**({"providerID": provider_id} if provider_id else {}), **spec},
        "status": {"capacity": size, "allocatable": size, "conditions": conditions, "addresses": addresses,
                   "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}}, "nodeInfo": info},
    }  # fmt: skip


class Nodes:
    """Taints follow a node's state; the pods of a node that is gone go too."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def concerns(self, change: Change) -> Iterable[Name]:
        """The node that changed."""
        return (("", change.object["metadata"]["name"]),) if change.key == NODES.key else ()

    def look(self, name: Name) -> None:
        """Set a node's taints."""
        found = self._cluster.store.get(NODES.key, *name)
        if found is None:
            for pod in self._cluster.index.on_node(name[1]):
                self._cluster.local.delete("pods", pod["metadata"]["name"], pod["metadata"]["namespace"])
            return
        spec = found.get("spec") or {}
        ready = condition(found, "Ready").get("status", "False")
        wanted = [(_UNSCHEDULABLE, "NoSchedule", bool(spec.get("unschedulable")))]
        for key, state in ((_NOT_READY, "False"), (_UNREACHABLE, "Unknown")):
            wanted += [(key, effect, ready == state) for effect in ("NoSchedule", "NoExecute")]
        taints = list(spec.get("taints") or ())
        for key, effect, present in wanted:
            has = any((one.get("key"), one.get("effect")) == (key, effect) for one in taints)
            if present and not has:
                taints.append({"key": key, "effect": effect, "timeAdded": self._cluster.now()})
            elif has and not present:
                taints = [one for one in taints if (one.get("key"), one.get("effect")) != (key, effect)]
        if taints != list(spec.get("taints") or ()):
            changed = {
                **found,
                "spec": {**spec, "taints": taints} if taints else {k: v for k, v in spec.items() if k != "taints"},
            }
            self._cluster.local.objects.update(Target(resource=NODES, name=name[1]), changed, Write())
