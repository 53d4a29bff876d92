"""Which entry of the catalogue a message is."""

from __future__ import annotations

import re
from collections.abc import Iterable

from upgrader.matrix.model import ErrorEntry, EventKind, Matrix
from upgrader.model.kube import Event

COMPONENTS = frozenset(
    {"service-controller", "nlb-controller", "node-controller", "route-controller", "Pvtz", "cloud-controller-manager"}
)
"""What CCM calls itself in its events. Upstream's controllers of the same names never say what CCM says."""

FRAMES = frozenset({"lb-attribute", "listeners-unprocessed"})
"""Entries that say where it failed and not why: a message that holds nothing else is not understood."""

WRAPPERS = FRAMES | {"lb-reuse-refused", "quota"}
"""Entries that only frame another error: they speak where nothing else does."""

_CODE = re.compile(r"\b(?:ErrorCode|Code): *([A-Z][A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)")
_REQUEST = re.compile(r"(?i)\brequest ?id: *([0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12})")


def recognise(message: str, entries: Iterable[ErrorEntry]) -> tuple[ErrorEntry, ...]:
    """The entries that speak in the message, narrow ones first; a wide one that says the same as a narrow is left out.

    CCM joins the errors of several listeners into one message, so there may be more than one.
    """
    found: list[tuple[ErrorEntry, tuple[int, int]]] = []
    for entry in entries:
        shape = re.search(entry.pattern, message)
        if shape is not None and not any(low < shape.end() and shape.start() < high for _, (low, high) in found):
            found.append((entry, shape.span()))
    told = tuple(entry for entry, _ in found if entry.id not in WRAPPERS)
    return told or tuple(entry for entry, _ in found)


def code_in(message: str) -> str:
    """The cloud's own code that stands in a message; empty where there is none, as in most events of v2."""
    found = _CODE.search(message)
    return found[1] if found else ""


def request_in(message: str) -> str:
    """The id of the request that failed, which the vendor's support asks for; empty where there is none."""
    found = _REQUEST.search(message)
    return found[1] if found else ""


def kind_of_event(event: Event, matrix: Matrix) -> EventKind | None:
    """The kind of CCM event that this is, of whatever version; None where CCM sends none like it."""
    for kind in matrix.event_kinds:
        if (
            kind.reason == event.reason
            and kind.object == event.involved_object.kind
            and re.fullmatch(kind.pattern, event.message, re.DOTALL)
        ):
            return kind
    return None


def is_ours(event: Event) -> bool:
    """Whether CCM sent it."""
    return (event.source.component or event.reporting_component) in COMPONENTS
