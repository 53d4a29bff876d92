"""Which of two events came first, and whether a failure is over."""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.model.kube import Event

SUCCESSES = frozenset({"EnsuredLoadBalancer", "SuccessfulEnsure", "UpdatedLoadBalancer"})
"""Reasons of a sync that went through."""


def order(event: Event) -> tuple[str, int]:
    """Sorts events by time; within a second by the API server's own count."""
    version = event.metadata.resource_version
    return event.last_seen, int(version) if version.isdigit() else 0


def settled_by(event: Event, others: Iterable[Event]) -> Event | None:
    """The latest success after `event`; None where it still stands."""
    later = [one for one in others if one.reason in SUCCESSES and order(one) > order(event)]
    return max(later, key=order, default=None)
