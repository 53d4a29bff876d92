"""What a Deployment's numbers and templates mean: how many pods it wants, may add and may miss, which set is which."""

from __future__ import annotations

from upgrader.lab.kube.controllers.base import share
from upgrader.lab.kube.store import Object

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED, MOST = "deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas"
_NOT_COPIED = frozenset({"kubectl.kubernetes.io/last-applied-configuration", REVISION, HISTORY, DESIRED, MOST,
                         "deprecated.deployment.rollback.to"})  # fmt: skip


def bare(template: Object) -> Object:
    """A template without the mark of its hash."""
    metadata = template.get("metadata") or {}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != HASH}
    rest = {key: value for key, value in metadata.items() if key not in ("labels", "creationTimestamp") and value}
    return {**template, "metadata": {**rest, "labels": labels}}


def copied_notes(found: Object) -> dict[str, str]:
    """The annotations that a Deployment hands down to its ReplicaSets."""
    notes = found["metadata"].get("annotations") or {}
    return {key: value for key, value in notes.items() if key not in _NOT_COPIED}


def number(one: Object) -> int:
    """The revision of a ReplicaSet, 0 for none."""
    return int((one["metadata"].get("annotations") or {}).get(REVISION) or 0)


def replicas(found: Object) -> int:
    """How many pods a workload wants."""
    given = found["spec"].get("replicas")
    return 1 if given is None else int(given)


def count(one: Object, kind: str) -> int:
    """A count of a status."""
    return int((one.get("status") or {}).get(kind) or 0)


def surge(found: Object) -> int:
    """How many pods more than wanted there may be."""
    rolling = (found["spec"].get("strategy") or {}).get("rollingUpdate")
    return share(rolling.get("maxSurge"), replicas(found), up=True) if rolling else 0


def unavailable(found: Object) -> int:
    """How many pods may be missing; one when neither may be added nor any missing."""
    rolling = (found["spec"].get("strategy") or {}).get("rollingUpdate")
    if not rolling:
        return 0
    allowed = share(rolling.get("maxUnavailable"), replicas(found), up=False)
    return min(allowed or (0 if surge(found) else 1), replicas(found))
