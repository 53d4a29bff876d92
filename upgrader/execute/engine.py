"""apply, resume and rollback: lock, fresh look, backup, then step by step, then verify; back again when it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec.structs import replace

from upgrader import codec
from upgrader.execute.backup import FILE as BACKUP
from upgrader.execute.backup import Backup, load_backup, moved_since, take_backup
from upgrader.execute.carry import carry_out
from upgrader.execute.conduct import Conduct, HarmError, PauseError, StepFailedError, StopAskedError
from upgrader.execute.file_lock import FileLock
from upgrader.execute.heartbeat import Heartbeat
from upgrader.execute.proof import prove, prove_back
from upgrader.execute.rights import demand
from upgrader.execute.session import Session
from upgrader.execute.undo import foretell, undo_all
from upgrader.model.errors import CcmUpgradeError, LockedError, RefusedError, StaleError, TransientError
from upgrader.model.facts import ClusterFacts
from upgrader.model.params import known_params
from upgrader.model.run import EntryEvent, Run, RunState, StepRun

_TO_BACKUP = "rolled back to a backup"
_OVER = ("SUCCEEDED", "ROLLED_BACK", "PARTLY_ROLLED_BACK")


class Engine:
    """One run under one lock. Raises `InputError` at once for a plan with steps that this version does not know."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.plan = session.plan
        self.work = Conduct(session)
        self.lock, self.hands = self.work.lock, self.work.hands
        for step in self.plan.steps:
            known_params(step)
        self._local = FileLock(session.store.directory.parent, self.plan.cluster.id)

    def run(self) -> Run:
        """The run as its journal tells it."""
        return self.work.run()

    # -- the ways in -----------------------------------------------------------------------------------------------

    def apply(self) -> Run:
        """Carry the plan out. Raises `StaleError`, `LockedError` and input errors before anything was written."""
        with self._alone():
            self.session.store.save("plan.json", codec.pretty(self.plan).encode())
            self._begun()
            with self._failing():
                demand(self.session)
            with self._failing(), self._locked(self.plan.nonce):
                with self._failing():
                    self.work.note("locked", data={"token": self.lock.token, "owner": self.lock.owner})
                    facts = self.session.look()
                    self.session.check_fresh(self.plan, facts)
                    self.work.note("facts-match")
                    take_backup(self.session, facts)
                    self.work.note("backup", data={"file": BACKUP})
                return self._go_on(facts)

    def resume(self) -> Run:
        """Go on where the journal ends, forwards or backwards; what was under way is settled by observing it."""
        with self._alone():
            run = self.run()
            if run.state in _OVER:
                return run
            events = {entry.event for entry in self.session.store.entries()}
            if "backup" not in events:
                raise StaleError(
                    "the run ended before its first write", where=run.id, why=run.cause,
                    next_command="ccm-upgrade plan makes a new plan",
                )  # fmt: skip
            before = load_backup(self.session).facts
            with self._locked():
                self._resumed()
                if run.rolling_back:
                    return self._ended(lambda: self._back(before, run.rolling_back))
                return self._go_on(before)

    def rollback(self) -> Run:
        """Undo a run, whatever state it is in. Raises `StaleError` when there is nothing to undo."""
        with self._alone():
            run = self.run()
            if run.state == "ROLLED_BACK" or not any(s.state in ("intent", "done", "failed") for s in run.steps):
                raise StaleError("there is nothing to undo", where=run.id, why=f"the run is {run.state}",
                                 next_command=f"ccm-upgrade status {run.id}")  # fmt: skip
            before = load_backup(self.session).facts
            with self._locked():
                self._preflight(before, run)
                self._resumed()
                return self._ended(lambda: self._back(before, run.cause or "rolled back on request"))

    def rollback_to(self, backup: Backup) -> Run:
        """Put back what a backup holds, without the journal of the run that made it: three-way, like any rollback."""
        with self._alone():
            self.session.store.save("plan.json", codec.pretty(self.plan).encode())
            self.session.store.save(BACKUP, codec.encode(backup))
            self._begun()
            with self._failing(), self._locked():
                self.work.note("locked", data={"token": self.lock.token, "owner": self.lock.owner})
                moved = moved_since(self.session, backup)
                if not moved:
                    raise StaleError("there is nothing to undo: all is as the backup says", where=backup.run,
                                     next_command="ccm-upgrade status")  # fmt: skip
                begun = {
                    step_id: StepRun(id=step_id, state="intent", before=backup.before[step_id]) for step_id in moved
                }
                self._preflight(backup.facts, replace(self.run(), steps=tuple(begun.values())))
                self.work.note("backup", data={"file": BACKUP, "taken_at": backup.taken_at})
                self.work.note("rollback-started", error=_TO_BACKUP)
                for step in begun.values():
                    self.work.note("intent", step.id, before=step.before)
                return self._ended(lambda: self._back(backup.facts, _TO_BACKUP))

    # -- under the lock --------------------------------------------------------------------------------------------

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """The only process on this machine for this cluster: journals have one writer."""
        self._local.take()
        try:
            yield
        finally:
            self._local.release()

    @contextmanager
    def _locked(self, nonce: str = "") -> Iterator[None]:
        """The cluster's Lease, kept alive until the end; an interrupt is written down before it is given back."""
        self.lock.take(nonce)
        try:
            with Heartbeat(self.lock, self.session.beat_s):
                yield
        except LockedError as error:
            # Fenced out: the journal is still ours alone, the cluster is not.
            if self.run().state == "RUNNING":
                self._end("STALLED", str(error), next_command=error.next_command)
            raise
        except KeyboardInterrupt:
            self._interrupted()
            raise
        finally:
            self.lock.release()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """What ends here ends the run before its first write."""
        try:
            yield
        except CcmUpgradeError as error:
            if self.run().state == "RUNNING":
                self._end("FAILED", error.what, next_command=error.next_command)
            if isinstance(error, RefusedError):
                # Nothing was written, so nothing is left for a person: the run could not begin.
                raise TransientError(error.what, where=error.where, why=error.why,
                                     next_command="ccm-upgrade plan, then apply again") from error  # fmt: skip
            raise

    def _begun(self) -> None:
        self.work.note("run-started", data={"plan": self.plan.id, "nonce": self.plan.nonce, "tool": self.plan.tool})

    def _resumed(self) -> None:
        self.work.note("resumed", data={"token": self.lock.token, "owner": self.lock.owner})

    def _go_on(self, before: ClusterFacts) -> Run:
        def forwards() -> None:
            try:
                carry_out(self.work)
                prove(self.work, before)
            except StepFailedError as failure:
                self._fail(failure, before)
            else:
                self._end("SUCCEEDED", "")

        return self._ended(forwards)

    def _ended(self, way: Callable[[], None]) -> Run:
        """Go a way to its end; a pause and a stall are ends too, from which `resume` goes on."""
        try:
            way()
        except PauseError as pause:
            cause = pause.what if not pause.why else f"{pause.what} ({pause.why})"
            self._end("PAUSED", cause, next_command=self.work.resume_command,
                      interrupted=isinstance(pause, StopAskedError))  # fmt: skip
        except TransientError as stall:
            self._end("STALLED", str(stall), next_command=self.work.resume_command)
        return self.run()

    def _fail(self, failure: StepFailedError, before: ClusterFacts) -> None:
        """The first error decides; what the clean-up says is added, never put in its place."""
        cause = failure.what if not failure.why else f"{failure.what}: {failure.why}"
        self.session.say(f"failed: {cause}")
        if self.session.on_failure == "pause":
            run = self.session.store.run_id
            self._end("PAUSED", cause, next_command=f"ccm-upgrade rollback {run}, or {self.work.resume_command}")
            return
        try:
            self._preflight(before, self.run())
        except HarmError as harm:
            raise PauseError(f"{cause}; no rollback by itself: {harm.what}", where="rollback", why=harm.why) from harm
        self._back(before, cause)

    def _preflight(self, before: ClusterFacts, run: Run) -> None:
        """The rollback's own: what it will do, and that it harms nothing. Raises `HarmError` naming what it would."""
        told = foretell(self.work, run)
        for line in told:
            self.session.say(f"rollback: {line}")
        harm = self.session.way_back(before, self.session.look())
        if harm and not self.session.forced:
            raise HarmError(
                "the old CCM would harm what has come since", where=self.session.store.run_id, why="; ".join(harm),
                next_command=f"settle that first, or ccm-upgrade rollback {self.session.store.run_id} --force",
            )  # fmt: skip
        self.work.note("note", data={"preflight": list(told), "harm": list(harm)})

    def _back(self, before: ClusterFacts, cause: str) -> None:
        """Undo within the budget, then look whether the old CCM serves every Service as it did."""
        self.work.note("rollback-started", error=cause)
        left = undo_all(self.work, self.run(), self.session.clock.monotonic() + self.session.rollback_budget_s)
        if not left:
            left = prove_back(self.work, before)
        self._end("PARTLY_ROLLED_BACK" if left else "ROLLED_BACK", cause, left=left)

    def _end(
        self,
        state: RunState,
        cause: str,
        *,
        left: tuple[str, ...] = (),
        next_command: str = "",
        interrupted: bool = False,
    ) -> None:
        event: EntryEvent = "paused" if state in ("PAUSED", "STALLED") else "run-ended"
        data = {"state": state, "left": list(left), "next": next_command, "interrupted": interrupted}
        self.work.note(event, error=cause, data=data)

    def _interrupted(self) -> None:
        """The second Ctrl-C: say what is unfinished; the journal already knows its before-state."""
        open_steps = [step.id for step in self.run().steps if step.state == "intent"]
        cause = f"interrupted in the middle of {', '.join(open_steps)}" if open_steps else "interrupted"
        self._end("PAUSED", cause, next_command=self.work.resume_command, interrupted=True)
        self.session.say(f"{cause}; go on with {self.work.resume_command}")
