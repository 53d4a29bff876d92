"""What belongs to something deleted goes with it, unless it was to be orphaned."""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.lab.kube.controllers.base import Cluster, going
from upgrader.lab.kube.lifecycle import Deletion
from upgrader.lab.kube.objects import Write
from upgrader.lab.kube.paths import Target
from upgrader.lab.kube.resource import Resource
from upgrader.lab.kube.store import Change, Key, Name, Object

_Place = tuple[Key, Name]
FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"


class Garbage:
    """Follows `ownerReferences` by an index of uids. Its items are `("", uid)`: an owner, or an owned object."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._places: dict[str, _Place] = {}
        self._dependents: dict[str, dict[_Place, str]] = {}

    def concerns(self, change: Change) -> Iterable[Name]:
        """Owners that go or lose a dependent, and objects that name owners."""
        metadata = change.object["metadata"]
        uid = metadata.get("uid", "")
        place = (change.key, (metadata.get("namespace", ""), metadata["name"]))
        before = ((change.before or {}).get("metadata") or {}).get("ownerReferences") or ()
        owners = metadata.get("ownerReferences") or ()
        if change.kind == "DELETED":
            self._places.pop(uid, None)
            for one in owners:
                self._dependents.get(one["uid"], {}).pop(place, None)
            return (("", uid), *(("", one["uid"]) for one in owners))
        self._places[uid] = place
        for one in before:
            self._dependents.get(one["uid"], {}).pop(place, None)
        for one in owners:
            self._dependents.setdefault(one["uid"], {})[place] = uid
        if owners and change.kind == "ADDED":
            return (("", uid),)
        return (("", uid),) if going(change.object) else ()

    def look(self, name: Name) -> None:
        """Delete, orphan, or let go."""
        uid = name[1]
        place = self._places.get(uid)
        found = self._cluster.store.get(place[0], *place[1]) if place else None
        if place is None or found is None:
            for one in sorted(self._dependents.pop(uid, {})):
                self._lose(one, uid)
            return
        if not self._has_owner(found):
            self._delete(place, "")
            return
        if not going(found):
            return
        finalizers = found["metadata"].get("finalizers") or ()
        dependents = sorted(self._dependents.get(uid, {}))
        if ORPHAN in finalizers:
            for one in dependents:
                self._forget(one, uid)
            self._drop(place, found, ORPHAN)
        elif FOREGROUND in finalizers:
            for one in dependents:
                self._delete(one, "Foreground")
            if not self._dependents.get(uid):
                self._drop(place, found, FOREGROUND)

    def _has_owner(self, found: Object) -> bool:
        owners = found["metadata"].get("ownerReferences") or ()
        return not owners or any(one["uid"] in self._places for one in owners)

    def _lose(self, place: _Place, uid: str) -> None:
        """An owner is gone: the last one takes the object along."""
        found = self._cluster.store.get(place[0], *place[1])
        if found is None:
            return
        if self._has_owner(found):
            self._forget(place, uid)
        else:
            self._delete(place, "")

    def _forget(self, place: _Place, uid: str) -> None:
        found = self._cluster.store.get(place[0], *place[1])
        if found is not None:
            kept = [one for one in found["metadata"].get("ownerReferences") or () if one["uid"] != uid]
            self._update(place, {**found, "metadata": {**found["metadata"], "ownerReferences": kept}})

    def _drop(self, place: _Place, found: Object, finalizer: str) -> None:
        kept = [one for one in found["metadata"]["finalizers"] if one != finalizer]
        self._update(place, {**found, "metadata": {**found["metadata"], "finalizers": kept}})

    def _update(self, place: _Place, found: Object) -> None:
        target = self._target(place)
        if target is not None:
            self._cluster.local.objects.update(target, found, Write())

    def _delete(self, place: _Place, propagation: str) -> None:
        target = self._target(place)
        found = self._cluster.store.get(place[0], *place[1])
        if target is not None and found is not None and not going(found):
            self._cluster.local.objects.delete(target, Deletion(propagation=propagation), Write())

    def _target(self, place: _Place) -> Target | None:
        resource: Resource | None = self._cluster.local.objects.catalogue.stored_at(place[0])
        return Target(resource=resource, namespace=place[1][0], name=place[1][1]) if resource else None
