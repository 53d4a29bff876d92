"""One step after the other: observe, journal the intent with the before-state, do, wait until settled, journal the end.

A crash between intent and end is settled by observing: as before → do it again; as wanted → done; under way → wait;
anything else → stop.
"""

from __future__ import annotations

import random

from upgrader.execute.conduct import Conduct, PauseError, StepFailedError, StopAskedError
from upgrader.execute.steps import handler_of
from upgrader.execute.steps.base import Observed
from upgrader.execute.wait import Look, wait_for
from upgrader.model.errors import CcmUpgradeError, LockedError, RefusedError, TransientError
from upgrader.model.plan import Step
from upgrader.model.run import StepRun

# A write that certainly did not land is sent again so often, after a pause that doubles; the step's deadline holds.
WRITE_TRIES = 4
FIRST_PAUSE_S = 1.0
# The object moved between our look and our write (a status, a label): nothing landed, and it is looked at again.
CONFLICT = "Conflict"


def carry_out(work: Conduct) -> None:
    """Every step that is not done.

    Raises `StepFailedError`, `PauseError`, `TransientError` (a stall), `LockedError` (the lock is lost).
    """
    session = work.session
    states = {step.id: step for step in work.run().steps}
    for number, step in enumerate(work.plan.steps, 1):
        if states[step.id].state in ("done", "skipped"):
            continue
        if session.stop_asked():
            raise StopAskedError("interrupted between two steps", where=step.id, next_command=work.resume_command)
        session.say(f"step {number} of {len(work.plan.steps)}: {step.summary}")
        _step(work, step, states[step.id])


def _step(work: Conduct, step: Step, so_far: StepRun) -> None:
    try:
        _begin_and_settle(work, step, so_far)
    except (PauseError, TransientError, LockedError):
        raise
    except CcmUpgradeError as error:
        text = error.what if not error.why else f"{error.what} ({error.why})"
        work.note("failed", step.id, error=text)
        if isinstance(error, StepFailedError):
            raise
        raise StepFailedError(
            f"step {step.id} failed", where=step.id, why=text, next_command=error.next_command
        ) from error


def _begin_and_settle(work: Conduct, step: Step, so_far: StepRun) -> None:
    session, handler = work.session, handler_of(step)
    seen = handler.observe(session, step)
    # A step that failed after its intent is as unfinished as one that was cut off there.
    begun = so_far.state in ("intent", "failed") and so_far.before is not None
    before = so_far.before if begun else seen.state
    if begun:
        _settle_interrupted(step, before, seen)
    elif seen.as_wanted:
        work.note("skipped", step.id, after=seen.state)
        return
    elif not seen.as_before:
        raise StepFailedError(f"step {step.id} finds another state than was planned for", where=step.id, why=seen.words)
    ids: tuple[str, ...] = ()
    if not seen.as_wanted and not (begun and seen.under_way):
        if not begun:
            work.note("intent", step.id, before=before)
        ids = _write(work, step, before)
    found = wait_for(
        lambda: _look(work, step), session.clock, timeout_s=step.timeout_s, what=f"step {step.id}", say=session.say,
        pause=work.pause_of(step), poll_s=session.poll_s, next_command=f"look at it, then {work.resume_command}",
    )  # fmt: skip
    if found.failed:
        raise StepFailedError(f"step {step.id} failed", where=step.id, why=found.failed)
    work.note("done", step.id, after={"seen": found.seen}, request_ids=ids)


def _settle_interrupted(step: Step, before: object, seen: Observed) -> None:
    """After a crash: go on from what stands there, or stop when it is neither before, nor wanted, nor under way."""
    if seen.as_wanted or seen.as_before or seen.state == before or seen.under_way:
        return
    raise PauseError(
        f"step {step.id} was interrupted, and what stands there now is neither as before nor as wanted",
        where=step.id, why=seen.words, next_command="look at it, then resume or roll back",
    )  # fmt: skip


def _look(work: Conduct, step: Step) -> Look:
    work.lock.still_ours()
    return handler_of(step).settled(work.session, step)


def _write(work: Conduct, step: Step, before: object) -> tuple[str, ...]:
    """Send the change. What certainly did not land is sent again; what may have landed is left to observation."""
    session, handler, pause = work.session, handler_of(step), FIRST_PAUSE_S
    end = session.clock.monotonic() + step.timeout_s
    for attempt in range(1, WRITE_TRIES + 1):
        try:
            return handler.do(session, step, work.hands, before)
        except (TransientError, RefusedError) as error:
            if isinstance(error, RefusedError) and error.code != CONFLICT:
                raise
            asked_for = error.retry_after_s if isinstance(error, TransientError) else None
            lost = isinstance(error, TransientError) and error.effect_unknown
            wait_s = asked_for or pause * random.uniform(0.7, 1.3)
            last = attempt == WRITE_TRIES or session.clock.monotonic() + wait_s > end
            if last and not lost:
                raise
            so_what = "looking whether it landed" if lost else f"trying again in {wait_s:.0f} s"
            session.say(f"step {step.id}: {error.what}; {so_what}")
            session.clock.sleep(wait_s)
            seen = handler.observe(session, step)
            if seen.as_wanted or not seen.as_before:
                return ()
            if last:
                raise
            pause *= 2
    return ()
