"""Terway: each pod has an address of a network interface of its node's machine, as long as it is there."""

from __future__ import annotations

from upgrader.lab.cloud import seed as plant
from upgrader.lab.cloud.state import World
from upgrader.lab.kube.controllers.base import NODES
from upgrader.lab.kube.controllers.manager import Controllers
from upgrader.lab.kube.store import Object


class Terway:
    """Follows the pods of one cluster. Those whose `app` is in `without` get none: their interface was lost."""

    def __init__(self, controllers: Controllers, world: World, *, without: frozenset[str]) -> None:
        self._cluster, self._world, self._without = controllers.cluster, world, without
        controllers.hooks.on_pod_ready.append(self._ready)
        controllers.hooks.on_pod_gone.append(self._gone)

    def _ready(self, pod: Object) -> None:
        labels, eni = pod["metadata"].get("labels") or {}, _interface(pod)
        node = self._cluster.store.get(NODES.key, "", pod["spec"].get("nodeName") or "")
        machine = ((node or {}).get("spec") or {}).get("providerID", "").partition(".")[2]
        known = machine in self._world.ecs.instances and eni not in self._world.ecs.interfaces
        if known and not pod["spec"].get("hostNetwork") and labels.get("app") not in self._without:
            plant.add_interface(self._world, eni, [pod["status"]["podIP"]], machine)

    def _gone(self, pod: Object) -> None:
        metadata = pod["metadata"]
        if self._cluster.store.get(("", "pods"), metadata.get("namespace", ""), metadata["name"]) is None:
            self._world.ecs.interfaces.pop(_interface(pod), None)


def _interface(pod: Object) -> str:
    return f"eni-{pod['metadata']['uid'][:12]}"
