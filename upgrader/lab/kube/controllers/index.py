"""What controllers ask again and again, kept up to date by each change: who owns what, which pods bear a label or
run on a node, which Services select a pod.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from upgrader.lab.kube.resource import shared
from upgrader.lab.kube.store import Change, Key, Name, Object

PODS = shared("pods")
SERVICES = shared("services")
REPLICA_SETS = shared("replicasets", "apps")
_LABELLED = (PODS.key, REPLICA_SETS.key)
_Label = tuple[Key, str, str, str]
Place = TypeVar("Place")


class Index:
    """Feed it every change. Answers come in the order of names, whatever the order of changes was."""

    def __init__(self) -> None:
        self._owned: dict[str, dict[tuple[Key, Name], Object]] = {}
        self._labelled: dict[_Label, dict[Name, Object]] = {}
        self._on_node: dict[str, dict[Name, Object]] = {}
        self._selecting: dict[tuple[str, str, str], dict[Name, Object]] = {}

    def forget(self) -> None:
        """Begin anew."""
        for kept in (self._owned, self._labelled, self._on_node, self._selecting):
            kept.clear()

    def changed(self, change: Change) -> None:
        """Follow a change."""
        if change.before is not None:
            self._put(change.key, change.before, None)
        if change.kind != "DELETED":
            self._put(change.key, change.object, change.object)

    def owned(self, uid: str, key: Key) -> list[Object]:
        """The objects of a resource whose controller has this uid."""
        found = self._owned.get(uid, {})
        return [found[place] for place in sorted(found) if place[0] == key]

    def bearing(self, key: Key, namespace: str, labels: Mapping[str, str]) -> list[Object]:
        """The pods or ReplicaSets of a namespace that bear all of these labels; none for no labels."""
        found: dict[Name, Object] = {}
        for place, (label, value) in enumerate(labels.items()):
            here = self._labelled.get((key, namespace, label, value), {})
            found = dict(here) if place == 0 else {name: one for name, one in found.items() if name in here}
        return [found[name] for name in sorted(found)]

    def on_node(self, node: str) -> list[Object]:
        """The pods of a node; those that wait for one under the empty name."""
        found = self._on_node.get(node, {})
        return [found[name] for name in sorted(found)]

    def count_on(self, node: str) -> int:
        """How many pods a node has."""
        return len(self._on_node.get(node, ()))

    def selecting(self, pod: Object) -> Iterator[Name]:
        """The Services that select a pod."""
        namespace, labels = pod["metadata"].get("namespace", ""), pod["metadata"].get("labels") or {}
        for label, value in labels.items():
            for name, service in self._selecting.get((namespace, label, value), {}).items():
                if all(labels.get(key) == wanted for key, wanted in service["spec"]["selector"].items()):
                    yield name

    def _put(self, key: Key, of: Object, found: Object | None) -> None:
        metadata = of["metadata"]
        name = (metadata.get("namespace", ""), metadata["name"])
        for one in metadata.get("ownerReferences") or ():
            if one.get("controller"):
                _set(self._owned, one["uid"], (key, name), found)
        if key in _LABELLED:
            for label, value in (metadata.get("labels") or {}).items():
                _set(self._labelled, (key, name[0], label, value), name, found)
        if key == PODS.key:
            _set(self._on_node, of["spec"].get("nodeName") or "", name, found)
        elif key == SERVICES.key and (selector := (of.get("spec") or {}).get("selector")):
            label, value = next(iter(selector.items()))
            _set(self._selecting, (name[0], label, value), name, found)


def _set(kept: dict[Any, dict[Place, Object]], under: Any, place: Place, found: Object | None) -> None:
    if found is not None:
        kept.setdefault(under, {})[place] = found
        return
    inner = kept.get(under)
    if inner is not None:
        inner.pop(place, None)
        if not inner:
            del kept[under]
