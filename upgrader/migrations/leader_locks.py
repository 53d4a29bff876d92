"""Which leader lock two versions share."""

from __future__ import annotations

from upgrader.matrix.startup import load_startup
from upgrader.model.version import CcmVersion


def held(version: CcmVersion) -> frozenset[str]:
    """The kinds of object that a leader of this version holds by default; empty when it is not known."""
    return frozenset(kind for lock in load_startup().leader_locks if lock.in_force(version) for kind in lock.objects)


def shared(one: CcmVersion, other: CcmVersion) -> frozenset[str]:
    """The kinds of object that both hold; empty means that both can lead at the same time."""
    return held(one) & held(other)
