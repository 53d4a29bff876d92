"""Objects of one cluster: resource versions, uids, a bounded history of changes, and lists as of one moment.

Stored objects are never changed in place: every write puts a new one. Callers hold `guard` around a read that a write
depends on.
"""

from __future__ import annotations

import hashlib
import threading
from bisect import bisect_right
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Any, Literal

import msgspec
from msgspec import Struct

Object = dict[str, Any]
Objects = list[Object]
Key = tuple[str, str]
"""Group and plural: where the objects of a resource are kept."""
Name = tuple[str, str]
"""Namespace (empty for cluster-scoped objects) and name."""
Keys = list[Key]
Names = list[Name]
ChangeKind = Literal["ADDED", "MODIFIED", "DELETED"]

HISTORY = 4096
"""So many changes can be watched from; older versions are gone (410)."""
LISTS_KEPT = 16
"""So many lists can be read on by pages."""
FIRST_REVISION = 1000


class Change(Struct, frozen=True):
    """One write: its revision, what it was about, the object after it (before it, when deleted)."""

    revision: int
    key: Key
    kind: ChangeKind
    object: Object
    before: Object | None = None


Changes = list[Change]
Listener = Callable[[Change], None]


class Store:
    """The objects of one cluster, in memory; light while it is empty."""

    def __init__(self, seed: str = "") -> None:
        self.guard = threading.RLock()
        self.revision = FIRST_REVISION
        self.history: deque[Change] = deque(maxlen=HISTORY)
        self.listeners: list[Listener] = []
        self._seed = seed
        self._counter = 0
        self._objects: dict[Key, dict[Name, Object]] = {}
        self._sorted: dict[Key, Names] = {}
        self._lists: OrderedDict[tuple[int, Key, str], Objects] = OrderedDict()

    def new_uid(self) -> str:
        """A fresh uid, the same for the same seed and history."""
        self._counter += 1
        digits = hashlib.sha256(f"{self._seed}/{self._counter}".encode()).hexdigest()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"

    def new_suffix(self, length: int = 5) -> str:
        """Fresh letters for a generated name."""
        return self.new_uid().replace("-", "")[-length:]

    def get(self, key: Key, namespace: str, name: str) -> Object | None:
        """The object, None when it is not there."""
        return self._objects.get(key, {}).get((namespace, name))

    def list(self, key: Key, namespace: str = "") -> Objects:
        """The objects of a resource in the order of their names; of one namespace when it is given."""
        with self.guard:
            found = self._objects.get(key, {})
            return [found[name] for name in self._names(key) if not namespace or name[0] == namespace]

    def count(self, key: Key) -> int:
        """How many objects a resource has."""
        return len(self._objects.get(key, ()))

    def keys(self) -> Keys:
        """The resources that have objects."""
        return [key for key, found in self._objects.items() if found]

    def put(self, key: Key, found: Object) -> Object:
        """Store an object as given, under a new resource version; returns it."""
        with self.guard:
            metadata = found["metadata"]
            name = (metadata.get("namespace", ""), metadata["name"])
            self.revision += 1
            metadata["resourceVersion"] = str(self.revision)
            objects = self._objects.setdefault(key, {})
            before = objects.get(name)
            objects[name] = found
            if before is None:
                self._sorted.pop(key, None)
            self._tell(Change(self.revision, key, "MODIFIED" if before else "ADDED", found, before))
            return found

    def remove(self, key: Key, namespace: str, name: str) -> Object | None:
        """Take an object away; returns it as its watchers see it, None when it was not there."""
        with self.guard:
            before = self._objects.get(key, {}).pop((namespace, name), None)
            if before is None:
                return None
            self._sorted.pop(key, None)
            self.revision += 1
            last = {**before, "metadata": {**before["metadata"], "resourceVersion": str(self.revision)}}
            self._tell(Change(self.revision, key, "DELETED", last, before))
            return last

    def since(self, revision: int) -> Changes | None:
        """The changes after a revision, oldest first; None when some of them are forgotten."""
        with self.guard:
            forgotten = self.history[0].revision - 1 if len(self.history) == HISTORY else self._oldest
            if revision < forgotten:
                return None
            newer = list(takewhile(lambda change: change.revision > revision, reversed(self.history)))
            return newer[::-1]

    _oldest = FIRST_REVISION - 1

    def forget_history(self) -> None:
        """Act as if everything before now had been compacted."""
        with self.guard:
            self.history.clear()
            self._oldest = self.revision
            self._lists.clear()

    def keep_list(self, key: Key, namespace: str, found: Objects) -> None:
        """Remember a list so that its next pages show the same moment."""
        with self.guard:
            self._lists[(self.revision, key, namespace)] = found
            while len(self._lists) > LISTS_KEPT:
                self._lists.popitem(last=False)

    def kept_list(self, key: Key, namespace: str, revision: int) -> Objects | None:
        """A list that was remembered; None when it is forgotten."""
        return self._lists.get((revision, key, namespace))

    def save(self) -> bytes:
        """Everything but the history, as JSON."""
        with self.guard:
            objects = [[*key, list(found.values())] for key, found in self._objects.items() if found]
            return msgspec.json.encode(
                {"revision": self.revision, "counter": self._counter, "seed": self._seed, "objects": objects}
            )

    def load(self, data: bytes) -> None:
        """Go back to what `save` wrote. Watchers from before are told that their version is gone."""
        saved = msgspec.json.decode(data, type=_Saved)
        with self.guard:
            # Revisions never go back: an old one must not name two states.
            self.revision = max(saved.revision, self.revision) + 1
            self._counter, self._seed = max(saved.counter, self._counter), saved.seed
            self._objects = {
                (group, plural): {(o["metadata"].get("namespace", ""), o["metadata"]["name"]): o for o in objects}
                for group, plural, objects in saved.objects
            }
            self._sorted.clear()
            self.forget_history()

    def _names(self, key: Key) -> Names:
        if key not in self._sorted:
            self._sorted[key] = sorted(self._objects.get(key, ()))
        return self._sorted[key]

    def _tell(self, change: Change) -> None:
        self.history.append(change)
        for listener in self.listeners:
            listener(change)


class _Saved(Struct, frozen=True):
    revision: int
    counter: int
    seed: str
    objects: list[tuple[str, str, list[Object]]]


def after(found: list[Object], last: Name) -> Iterator[Object]:
    """The objects of a sorted list that come after a name."""
    names = [(o["metadata"].get("namespace", ""), o["metadata"]["name"]) for o in found]
    yield from found[bisect_right(names, last) :]
