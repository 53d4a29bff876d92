"""apply and resume: lock, fresh look, backup, then step by step, then verify.

For each step: observe, journal the intent with the before-state, do, wait until it has settled, journal the end. A
crash between intent and end is settled by observing: as before → do it again; as wanted → done; anything else → stop.
"""

from __future__ import annotations

from upgrader import codec
from upgrader.execute.backup import FILE as BACKUP
from upgrader.execute.backup import load_backup, take_backup
from upgrader.execute.fold import fold
from upgrader.execute.lock import LeaseLock, NoFence
from upgrader.execute.session import Session
from upgrader.execute.steps import handler_of
from upgrader.execute.steps.base import Hands, Observed
from upgrader.execute.undo import roll_back
from upgrader.execute.wait import Look, wait_for
from upgrader.model.errors import CcmUpgradeError, StaleError, TransientError
from upgrader.model.facts import ClusterFacts
from upgrader.model.plan import Step
from upgrader.model.run import Entry, EntryEvent, Run, RunState, RunVerdict, StepRun
from upgrader.ports.clock import rfc3339

# A write that certainly did not land is sent again so often, after a pause that doubles.
WRITE_TRIES = 4
FIRST_PAUSE_S = 1.0


class StepFailedError(CcmUpgradeError):
    """A step ended badly, for good."""

    exit_code = 8


class PauseError(CcmUpgradeError):
    """The run can't go on by itself, and going back by itself could do harm: a person decides."""

    exit_code = 11


class Engine:
    """One run under one lock."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.plan = session.plan
        bare = session.cluster_writer(NoFence())
        self.lock = LeaseLock(session.cluster, bare, session.clock, session.store.run_id, session.plan.id)
        self.hands = Hands(session.cluster_writer(self.lock), session.cloud_writer(self.lock))

    # -- the journal -----------------------------------------------------------------------------------------------

    def note(self, event: EntryEvent, step: str = "", **more: object) -> None:
        """One entry, on disk before this returns."""
        at = rfc3339(self.session.clock.now())
        self.session.store.append(Entry(seq=0, run="", event=event, at=at, step=step, **more))  # type: ignore[arg-type]

    def run(self) -> Run:
        """The run as its journal tells it."""
        return fold(self.session.store.run_id, self.plan, self.session.store.entries())

    # -- the two ways in -------------------------------------------------------------------------------------------

    def apply(self) -> Run:
        """Carry the plan out. Raises `StaleError`, `LockedError` and input errors before anything was written."""
        self.session.store.save("plan.json", codec.pretty(self.plan).encode())
        self.note("run-started", data={"plan": self.plan.id, "nonce": self.plan.nonce, "tool": self.plan.tool})
        self.lock.take(self.plan.nonce)
        try:
            self.note("locked", data={"token": self.lock.token, "owner": self.lock.owner})
            facts = self.session.look()
            self.session.check_fresh(self.plan, facts)
            self.note("facts-match")
            take_backup(self.session, facts)
            self.note("backup", data={"file": BACKUP})
        except CcmUpgradeError as error:
            self._end("FAILED", error.what, next_command=error.next_command)
            self.lock.release()
            raise
        return self._go_on(facts)

    def resume(self) -> Run:
        """Go on where the journal ends; what was under way is settled by observing it."""
        run = self.run()
        if run.state in ("SUCCEEDED", "ROLLED_BACK", "PARTLY_ROLLED_BACK"):
            return run
        events = {entry.event for entry in self.session.store.entries()}
        if "backup" not in events:
            raise StaleError(
                "the run ended before its first write", where=run.id, why=run.cause,
                next_command="ccm-upgrade plan makes a new plan",
            )  # fmt: skip
        self.lock.take()
        self.note("resumed", data={"token": self.lock.token, "owner": self.lock.owner})
        return self._go_on(load_backup(self.session).facts)

    def rollback(self) -> Run:
        """Undo a run, whatever state it is in. Raises `StaleError` when there is nothing to undo."""
        run = self.run()
        if run.state == "ROLLED_BACK" or not any(s.state in ("intent", "done", "failed") for s in run.steps):
            raise StaleError("there is nothing to undo", where=run.id, why=f"the run is {run.state}",
                             next_command=f"ccm-upgrade status {run.id}")  # fmt: skip
        self.lock.take()
        try:
            self.note("resumed", data={"token": self.lock.token, "owner": self.lock.owner, "to": "rollback"})
            left = roll_back(self.session, run, self.hands, self.lock, self.note)
            self._end("PARTLY_ROLLED_BACK" if left else "ROLLED_BACK", run.cause or "rolled back on request", left=left)
        finally:
            self.lock.release()
        return self.run()

    def _go_on(self, before: ClusterFacts) -> Run:
        try:
            self._steps()
            self._verify(before)
            self._end("SUCCEEDED", "")
        except PauseError as pause:
            state: RunState = "PAUSED" if pause.where == "interrupted" else "STALLED"
            self._end(
                state,
                pause.what if not pause.why else f"{pause.what} ({pause.why})",
                next_command=self._resume_command(),
            )
        except TransientError as stall:
            self._end("STALLED", str(stall), next_command=self._resume_command())
        except StepFailedError as failure:
            self._fail(failure)
        finally:
            self.lock.release()
        return self.run()

    def _resume_command(self) -> str:
        return f"ccm-upgrade resume {self.session.store.run_id}"

    def _fail(self, failure: StepFailedError) -> None:
        """The first error decides; what the clean-up says is added, never put in its place."""
        cause = failure.what if not failure.why else f"{failure.what}: {failure.why}"
        self.session.say(f"failed: {cause}")
        if self.session.on_failure == "pause":
            self._end(
                "PAUSED",
                cause,
                next_command=f"ccm-upgrade rollback {self.session.store.run_id}, or {self._resume_command()}",
            )
            return
        left = roll_back(self.session, self.run(), self.hands, self.lock, self.note)
        self._end("PARTLY_ROLLED_BACK" if left else "ROLLED_BACK", cause, left=left)

    def _end(self, state: RunState, cause: str, *, left: tuple[str, ...] = (), next_command: str = "") -> None:
        event: EntryEvent = "paused" if state in ("PAUSED", "STALLED") else "run-ended"
        self.note(event, error=cause, data={"state": state, "left": list(left), "next": next_command})

    # -- steps -----------------------------------------------------------------------------------------------------

    def _steps(self) -> None:
        states = {step.id: step for step in self.run().steps}
        for number, step in enumerate(self.plan.steps, 1):
            if states[step.id].state in ("done", "skipped"):
                continue
            if self.session.stop_asked():
                raise PauseError("interrupted between two steps", where="interrupted")
            self.session.say(f"step {number} of {len(self.plan.steps)}: {step.summary}")
            self._step(step, states[step.id])

    def _step(self, step: Step, so_far: StepRun) -> None:
        handler = handler_of(step)
        try:
            seen = handler.observe(self.session, step)
            before = seen.state
            if so_far.state == "intent":
                before = so_far.before
                self._settle_interrupted(step, so_far, seen)
            elif seen.as_wanted:
                self.note("skipped", step.id, after=seen.state)
                return
            elif not seen.as_before:
                raise StepFailedError(
                    f"step {step.id} finds another state than was planned for", where=step.id, why=seen.words
                )
            ids: tuple[str, ...] = ()
            if not seen.as_wanted and not _under_way(seen, so_far):
                if so_far.state != "intent":
                    self.note("intent", step.id, before=before)
                ids = self._write(step, before)
            found = wait_for(
                lambda: self._look(step), self.session.clock, timeout_s=step.timeout_s, what=f"step {step.id}",
                say=self.session.say, poll_s=self.session.poll_s,
            )  # fmt: skip
            if found.failed:
                raise StepFailedError(f"step {step.id} failed", where=step.id, why=found.failed)
            self.note("done", step.id, after={"seen": found.seen}, request_ids=ids)
        except (PauseError, TransientError):
            raise
        except CcmUpgradeError as error:
            text = error.what if not error.why else f"{error.what} ({error.why})"
            self.note("failed", step.id, error=text)
            if isinstance(error, StepFailedError):
                raise
            raise StepFailedError(
                f"step {step.id} failed", where=step.id, why=text, next_command=error.next_command
            ) from error

    def _settle_interrupted(self, step: Step, so_far: StepRun, seen: Observed) -> None:
        """After a crash: go on from what stands there, or stop when it is neither before, nor wanted, nor under way."""
        if seen.as_wanted or seen.as_before or seen.state == so_far.before or _under_way(seen, so_far):
            return
        raise PauseError(
            f"step {step.id} was interrupted, and what stands there now is neither as before nor as wanted",
            where=step.id, why=seen.words, next_command="look at it, then resume or roll back",
        )  # fmt: skip

    def _look(self, step: Step) -> Look:
        self.lock.check()
        return handler_of(step).settled(self.session, step)

    def _write(self, step: Step, before: object) -> tuple[str, ...]:
        """Send the change. What certainly did not land is sent again; what may have landed is left to observation."""
        handler, pause = handler_of(step), FIRST_PAUSE_S
        for attempt in range(1, WRITE_TRIES + 1):
            try:
                return handler.do(self.session, step, self.hands, before)
            except TransientError as error:
                if error.effect_unknown:
                    self.session.say(f"step {step.id}: the answer was lost ({error.what}); looking whether it landed")
                    self.session.clock.sleep(pause)
                    seen = handler.observe(self.session, step)
                    if seen.as_wanted or not seen.as_before or attempt == WRITE_TRIES:
                        return ()
                    pause *= 2
                    continue
                if attempt == WRITE_TRIES:
                    raise
                self.session.say(f"step {step.id}: {error.what}; trying again in {error.retry_after_s or pause:.0f} s")
                self.session.clock.sleep(error.retry_after_s or pause)
                pause *= 2
        return ()

    # -- verify ----------------------------------------------------------------------------------------------------

    def _verify(self, before: ClusterFacts) -> None:
        """Look until it passes or the time is up; inconclusive pauses, failed goes the way of a failed step."""
        self.session.say("verifying: events, backend weights, identity of each load balancer")
        verdict: list[RunVerdict] = []

        def look() -> Look:
            self.lock.check()
            verdict[:] = [self.session.judge(before)]
            found = verdict[0]
            return Look(met=found.outcome == "PASS", seen=f"{found.outcome}: {_first_problem(found)}")

        try:
            wait_for(look, self.session.clock, timeout_s=self.session.verify_timeout_s, what="verification",
                     say=self.session.say, poll_s=self.session.poll_s)  # fmt: skip
        except TransientError:
            if not verdict:
                raise
        last = verdict[0]
        self.note("verified", after=codec.plain(last))
        if last.outcome == "FAIL":
            raise StepFailedError("verification failed", where="verify", why=_first_problem(last))
        if last.outcome == "INCONCLUSIVE":
            raise PauseError("verification is inconclusive", where="verify", why=_first_problem(last))


def _under_way(seen: Observed, so_far: StepRun) -> bool:
    """Something of ours that needs time is under way (a task of ACK): wait for it, never start it twice."""
    return so_far.state == "intent" and isinstance(seen.state, dict) and bool(seen.state.get("tasks"))


def _first_problem(verdict: RunVerdict) -> str:
    if verdict.problems:
        return verdict.problems[0]
    for service in verdict.services:
        for text in service.problems + service.inconclusive:
            return f"{service.namespace}/{service.name}: {text}"
    return f"{len(verdict.services)} Services are as expected"
