"""Looking at the result until it is as it should be, or the time is up: INCONCLUSIVE is never PASS."""

from __future__ import annotations

from upgrader import codec
from upgrader.execute.conduct import Conduct, PauseError, StepFailedError
from upgrader.execute.wait import Look, wait_for
from upgrader.model.errors import CcmUpgradeError, LockedError, TransientError
from upgrader.model.facts import ClusterFacts
from upgrader.model.run import RunVerdict


def prove(work: Conduct, before: ClusterFacts) -> None:
    """The target serves every Service as it should. Raises `StepFailedError` when not, `PauseError` when unsure."""
    last = look_at(work, before, work.plan.to_version)
    if last.outcome == "FAIL":
        raise StepFailedError("verification failed", where="verify", why=first_problem(last))
    if last.outcome == "INCONCLUSIVE":
        raise PauseError("verification is inconclusive", where="verify", why=first_problem(last))


def prove_back(work: Conduct, before: ClusterFacts) -> tuple[str, ...]:
    """What is not as it was, after a rollback; empty when the old version serves every Service as it did."""
    last = look_at(work, before, work.plan.from_version)
    if last.outcome == "PASS":
        return ()
    found = [*last.problems, *(f"{s.namespace}/{s.name}: {p}" for s in last.services for p in s.problems)]
    unsure = [f"{s.namespace}/{s.name}: not verified: {p}" for s in last.services for p in s.inconclusive]
    return tuple(found or unsure or ["what serves the Services now could not be verified"])


def look_at(work: Conduct, before: ClusterFacts, version: str) -> RunVerdict:
    """The last verdict, journalled. Raises `TransientError` when not one look was possible."""
    session, since = work.session, changed_since(work)
    session.say(f"verifying {version}: events, backend weights, identity of each load balancer")
    verdict: list[RunVerdict] = []

    def look() -> Look:
        work.lock.still_ours()
        try:
            verdict[:] = [session.judge(before, version, since)]
        except (LockedError, TransientError):
            raise
        except CcmUpgradeError as error:
            return Look(met=False, seen="", failed=str(error))
        return Look(met=verdict[0].outcome == "PASS", seen=f"{verdict[0].outcome}: {first_problem(verdict[0])}")

    try:
        found = wait_for(look, session.clock, timeout_s=session.verify_timeout_s, what="verification", say=session.say,
                         poll_s=session.poll_s, next_command=work.resume_command)  # fmt: skip
        if found.failed:
            raise PauseError("the result can't be looked at", where="verify", why=found.failed)
    except TransientError:
        if not verdict:
            raise
    work.note("verified", after=codec.plain(verdict[0]))
    return verdict[0]


def changed_since(work: Conduct) -> str | None:
    """When the CCM that leads now was brought in, by the journal; None when no step changed it.

    Events count from then on, whichever process goes on with the run. An undo that found everything as before has
    changed nothing.
    """
    kinds = {step.id: step.kind for step in work.plan.steps}
    ours = [e for e in work.session.store.entries() if kinds.get(e.step, "").startswith("ccm.")]
    undone = any(entry.event == "undo-intent" for entry in ours)
    moments = [
        entry.at for entry in ours
        if (entry.event == "intent" and not undone) or (entry.event == "undo-intent" and entry.after != entry.before)
    ]  # fmt: skip
    return moments[-1] if moments else None


def first_problem(verdict: RunVerdict) -> str:
    """The first thing that is not as it should be, in words."""
    if verdict.problems:
        return verdict.problems[0]
    for service in verdict.services:
        for text in service.problems + service.inconclusive:
            return f"{service.namespace}/{service.name}: {text}"
    return f"{len(verdict.services)} Services are as expected"
