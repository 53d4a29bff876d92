"""The changes between the two versions that touch something this cluster uses."""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.matrix.model import Change
from upgrader.migrations.context import Context
from upgrader.model.plan import Touched

NAMED = 5


def touched(context: Context) -> tuple[Touched, ...]:
    """Each such change, oldest first, with the Services it touches; empty where it is not known what runs."""
    if context.running is None or context.downgrade:
        return ()
    found = (_touch(change, context) for change in context.matrix.changes(context.running, context.target))
    return tuple(one for one in found if one is not None)


def _touch(change: Change, context: Context) -> Touched | None:
    if change.annotations:
        keys = sorted({s.key for name in change.annotations for s in context.annotated.get(name, ())})
        if not keys:
            return None
    else:
        keys = sorted(_of_area(change.area, context))
        if change.area in ("clb", "nlb", "services") and not keys:
            return None
    if change.actions and not change.annotations and not any(a in context.needed_actions for a in change.actions):
        return None
    return Touched(
        id=change.id,
        version=str(change.version),
        area=change.area,
        summary=change.summary,
        effect=change.effect,
        reversible=change.reversible,
        count=len(keys),
        services=tuple(keys[:NAMED]),
        sources=change.sources,
    )


def _of_area(area: str, context: Context) -> Iterable[str]:
    if area == "nlb":
        return (service.key for service in context.nlb_services)
    if area in ("clb", "services"):
        return (service.key for service in (context.clb_services if area == "clb" else context.services))
    return ()
