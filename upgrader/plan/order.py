"""The order of steps: what others need comes first; among the rest, the order they were given in."""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.model.errors import BugError
from upgrader.model.plan import Step


def ordered(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps such that each follows all that it needs. Raises `BugError` for a circle or an unknown need."""
    waiting = {step.id: step for step in steps}
    known = set(waiting)
    done: dict[str, Step] = {}
    while waiting:
        strange = sorted({need for step in waiting.values() for need in step.needs} - known)
        ready = next((s for s in waiting.values() if all(need in done for need in s.needs)), None)
        if strange or ready is None:
            what = f"steps need {', '.join(strange)}, which no step is" if strange else "steps need each other"
            raise BugError(what, where="plan", why=", ".join(sorted(waiting)))
        done[ready.id] = waiting.pop(ready.id)
    return tuple(done.values())
