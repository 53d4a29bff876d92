"""A namespace that is deleted takes its objects along; those with finalizers keep it."""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.lab.kube.controllers.base import Cluster, going, set_status, with_condition
from upgrader.lab.kube.lifecycle import Deletion
from upgrader.lab.kube.objects import Write
from upgrader.lab.kube.paths import Target
from upgrader.lab.kube.resource import shared
from upgrader.lab.kube.store import Change, Key, Name, Object

NAMESPACES = shared("namespaces")


class Namespaces:
    """Empties namespaces, and lets them go when they are empty."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def concerns(self, change: Change) -> Iterable[Name]:
        """A namespace that ends, or that lost an object."""
        if change.key == NAMESPACES.key:
            return (("", change.object["metadata"]["name"]),) if going(change.object) else ()
        namespace = change.object["metadata"].get("namespace")
        return (("", namespace),) if namespace and change.kind == "DELETED" else ()

    def look(self, name: Name) -> None:
        """Delete what is left in an ending namespace, or the namespace itself."""
        namespace = self._cluster.store.get(NAMESPACES.key, *name)
        if namespace is None or not going(namespace):
            return
        for key, found in self._content(name[1]):
            resource = self._cluster.local.objects.catalogue.stored_at(key)
            if resource is not None and not going(found):
                target = Target(resource=resource, namespace=name[1], name=found["metadata"]["name"])
                self._cluster.local.objects.delete(target, Deletion(), Write())
        left = self._content(name[1])
        if left:
            self._tell(namespace, left)
            return
        target = Target(resource=NAMESPACES, name=name[1], subresource="finalize")
        self._cluster.local.objects.update(target, {**namespace, "spec": {}}, Write())

    def _content(self, namespace: str) -> list[tuple[Key, Object]]:
        store = self._cluster.store
        return [
            (key, found)
            for key in sorted(store.keys())
            for found in store.list(key, namespace)
            if key[1] != "namespaces"
        ]

    def _tell(self, namespace: Object, left: list[tuple[Key, Object]]) -> None:
        """Say what keeps the namespace, in its conditions."""
        counts: dict[str, int] = {}
        finalizers: dict[str, int] = {}
        for key, found in left:
            kind = f"{key[1]}.{key[0]}".rstrip(".")
            counts[kind] = counts.get(kind, 0) + 1
            for one in found["metadata"].get("finalizers") or ():
                finalizers[one] = finalizers.get(one, 0) + 1
        has = ", ".join(f"{kind} has {count} resource instances" for kind, count in sorted(counts.items()))
        kept = ", ".join(f"{one} in {count} resource instances" for one, count in sorted(finalizers.items()))
        status = dict(namespace.get("status") or {})
        for kind, reason, message in (
            ("NamespaceContentRemaining", "SomeResourcesRemain", f"Some resources are remaining: {has}"),
            ("NamespaceFinalizersRemaining", "SomeFinalizersRemain",
             f"Some content in the namespace has finalizers remaining: {kept}"),
        ):  # fmt: skip
            wanted = {"type": kind, "status": "True", "reason": reason, "message": message}
            status["conditions"] = with_condition(status.get("conditions") or (), self._cluster.now(), wanted)
        set_status(self._cluster, NAMESPACES, namespace, status)
