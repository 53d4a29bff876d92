"""Events in both groups: stored as core events, shown as `events.k8s.io` too, and forgotten after an hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from upgrader.lab.kube.resource import shared
from upgrader.lab.kube.store import Object, Store
from upgrader.lab.kube.tables.columns import read_time

EVENTS = shared("events")
TTL = timedelta(hours=1)
_NAMES = (
    ("involvedObject", "regarding"), ("message", "note"), ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"), ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"), ("count", "deprecatedCount"),
)  # fmt: skip
"""A field in the core group, and in `events.k8s.io`."""
_TO_NEW = dict(_NAMES)
_TO_CORE = {new: core for core, new in _NAMES}


def to_new(found: Object) -> Object:
    """A stored event as `events.k8s.io` shows it."""
    return {_TO_NEW.get(field, field): value for field, value in found.items()}


def to_core(found: Object) -> Object:
    """An event of `events.k8s.io` as it is stored."""
    return {_TO_CORE.get(field, field): value for field, value in found.items()}


def forget_old(store: Store, now: datetime) -> None:
    """Remove the events that nobody wrote to for an hour."""
    for found in store.list(EVENTS.key):
        last = _last(found)
        if last and now - read_time(last) > TTL:
            store.remove(EVENTS.key, found["metadata"].get("namespace", ""), found["metadata"]["name"])


def _last(found: dict[str, Any]) -> str:
    series = found.get("series") or {}
    times = (series.get("lastObservedTime"), found.get("lastTimestamp"), found.get("eventTime"),
             found["metadata"].get("creationTimestamp"))  # fmt: skip
    return max((one for one in times if one), default="")
