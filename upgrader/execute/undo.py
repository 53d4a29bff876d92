"""Rollback: the journal walked backwards with its before-states, three-way: what somebody else changed since stays."""

from __future__ import annotations

from typing import Any

from upgrader.execute.conduct import Conduct, StopAskedError
from upgrader.execute.steps import handler_of
from upgrader.execute.wait import Look, wait_for
from upgrader.model.errors import CcmUpgradeError, LockedError, TransientError
from upgrader.model.plan import Step
from upgrader.model.run import Run, StepRun


def undo_all(work: Conduct, run: Run, end: float) -> tuple[str, ...]:
    """Undo every step that was begun, the last one first; returns what is left for a person, empty when all is back.

    An undo that fails does not stop the others: each is tried, each failure is told. `end` is the moment of the
    monotonic clock at which the budget is spent; what was not begun by then is left and told. What an earlier
    rollback left for good is told again. Raises `LockedError` when the lock is lost.
    """
    states = {step.id: step for step in run.steps}
    left: list[str] = []
    for step in reversed(work.plan.steps):
        so_far = states[step.id]
        if so_far.state == "undone" and so_far.error:
            left.append(so_far.error)
        if so_far.state in ("pending", "skipped", "undone") or so_far.before is None:
            continue
        if work.session.stop_asked():
            raise StopAskedError("interrupted between two undoes", where=step.id, next_command=work.resume_command)
        work.session.say(f"undoing {step.id}: {step.summary}")
        remains = _undo(work, step, so_far, end)
        if remains:
            work.session.say(f"left: {remains}")
            left.append(remains)
    return tuple(left)


def _undo(work: Conduct, step: Step, so_far: StepRun, end: float) -> str:
    """What is left of one step."""
    session, handler = work.session, handler_of(step)
    if session.clock.monotonic() >= end:
        text = f"step {step.id} was not undone: the time for the rollback is up"
        work.note("undo-failed", step.id, error=text)
        return text
    try:
        begun, ours = _begun(work, step)
        if not begun:
            ours = handler.observe(session, step).state
            work.note("undo-intent", step.id, before=so_far.before, after=ours)
        undone = handler.undo(session, step, work.hands, so_far.before, ours)
        failed = undone.left
        if not failed:
            found = wait_for(
                lambda: _look(work, step, so_far.before), session.clock, what=f"undo of {step.id}", say=session.say,
                timeout_s=min(step.timeout_s, end - session.clock.monotonic()), pause=work.pause_of(step),
                poll_s=session.poll_s, next_command=f"look at it, then ccm-upgrade rollback {session.store.run_id}",
            )  # fmt: skip
            failed = found.failed
    except LockedError:
        raise
    except CcmUpgradeError as error:
        failed = f"step {step.id} could not be undone: {error.what}" + (f" ({error.why})" if error.why else "")
    if failed:
        work.note("undo-failed", step.id, error=failed)
        return failed
    work.note("undone", step.id, error=undone.lost, request_ids=undone.request_ids)
    return undone.lost


def _look(work: Conduct, step: Step, before: object) -> Look:
    work.lock.still_ours()
    return handler_of(step).gone(work.session, step, before)


def _begun(work: Conduct, step: Step) -> tuple[bool, Any]:
    """Whether an undo of this step was begun since its last intent, and the state that it found."""
    begun, ours = False, None
    for entry in work.session.store.entries():
        if entry.step == step.id and entry.event == "intent":
            begun, ours = False, None
        elif entry.step == step.id and entry.event == "undo-intent" and not begun:
            begun, ours = True, entry.after
    return begun, ours


def foretell(work: Conduct, run: Run) -> tuple[str, ...]:
    """What an undo will do with each begun step, from a look alone: the rollback's own preflight.

    Raises `TransientError` when the cluster can't be looked at.
    """
    states, told = {step.id: step for step in run.steps}, []
    for step in reversed(work.plan.steps):
        so_far = states[step.id]
        if so_far.state in ("pending", "skipped", "undone") or so_far.before is None:
            continue
        try:
            seen = handler_of(step).observe(work.session, step)
        except TransientError:
            raise
        except CcmUpgradeError as error:
            told.append(f"{step.id}: can't be looked at: {error.what}")
            continue
        if seen.as_wanted or seen.under_way:
            told.append(f"{step.id}: will be undone ({seen.words})")
        elif seen.as_before:
            told.append(f"{step.id}: is as before already")
        else:
            told.append(f"{step.id}: somebody changed it since, it stays ({seen.words})")
    return tuple(told)
