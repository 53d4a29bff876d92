"""Rollback: the journal walked backwards with its before-states, three-way: what somebody else changed since stays."""

from __future__ import annotations

from collections.abc import Callable

from upgrader.execute.lock import LeaseLock
from upgrader.execute.session import Session
from upgrader.execute.steps import handler_of
from upgrader.execute.steps.base import Hands
from upgrader.execute.wait import Look, wait_for
from upgrader.model.errors import CcmUpgradeError
from upgrader.model.plan import Step
from upgrader.model.run import Run, StepRun


def roll_back(session: Session, run: Run, hands: Hands, lock: LeaseLock, note: Callable[..., None]) -> tuple[str, ...]:
    """Undo every step that was begun, the last one first; returns what is left for a person, empty when all is back.

    An undo that fails does not stop the others: each is tried, each failure is told.
    """
    states = {step.id: step for step in run.steps}
    left: list[str] = []
    for step in reversed(session.plan.steps):
        so_far = states[step.id]
        if so_far.state in ("pending", "skipped", "undone") or so_far.before is None:
            continue
        session.say(f"undoing {step.id}: {step.summary}")
        note("undo-intent", step.id, before=so_far.before)
        try:
            remains = _undo(session, step, so_far, hands, lock)
        except CcmUpgradeError as error:
            remains = f"step {step.id} could not be undone: {error.what}" + (f" ({error.why})" if error.why else "")
            note("undo-failed", step.id, error=remains)
        else:
            note("undone", step.id, error=remains)
        if remains:
            session.say(f"left: {remains}")
            left.append(remains)
    return tuple(left)


def _undo(session: Session, step: Step, so_far: StepRun, hands: Hands, lock: LeaseLock) -> str:
    handler = handler_of(step)
    undone = handler.undo(session, step, hands, so_far.before)
    if undone.left:
        return undone.left

    def look() -> Look:
        lock.check()
        return handler.gone(session, step, so_far.before)

    found = wait_for(
        look, session.clock, timeout_s=step.timeout_s, what=f"undo of {step.id}", say=session.say, poll_s=session.poll_s
    )
    return found.failed
