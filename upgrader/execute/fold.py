"""A run as its journal tells it: entries folded into states. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from upgrader.model.described import described
from upgrader.model.errors import InputError
from upgrader.model.plan import Plan
from upgrader.model.run import Entry, EntryEvent, Run, RunState, RunVerdict, StepRun, StepState

_STEP_STATES: dict[EntryEvent, StepState] = {
    "intent": "intent",
    "done": "done",
    "skipped": "skipped",
    "failed": "failed",
    "undone": "undone",
}
_ENDED: dict[str, RunState] = {
    "SUCCEEDED": "SUCCEEDED",
    "ROLLED_BACK": "ROLLED_BACK",
    "PARTLY_ROLLED_BACK": "PARTLY_ROLLED_BACK",
    "PAUSED": "PAUSED",
    "STALLED": "STALLED",
    "FAILED": "FAILED",
}


def fold(run_id: str, plan: Plan, entries: Iterable[Entry]) -> Run:
    """The run's state, each step's state, and what is left for a person."""
    steps = {step.id: StepRun(id=step.id) for step in plan.steps}
    state: RunState = "RUNNING"
    verdict: RunVerdict | None = None
    left: tuple[str, ...] = ()
    cause = next_command = rolling_back = ""
    interrupted = False
    for entry in entries:
        if entry.step and entry.step in steps:
            steps[entry.step] = _stepped(steps[entry.step], entry)
        if entry.event == "verified":
            verdict = _verdict(entry)
        elif entry.event in ("paused", "run-ended"):
            state = _ENDED.get(str(entry.data.get("state", "")), "FAILED")
            cause, next_command = entry.error, str(entry.data.get("next", ""))
            left = tuple(map(str, entry.data.get("left", ())))
            interrupted = bool(entry.data.get("interrupted"))
        elif entry.event == "rollback-started":
            state, rolling_back = "RUNNING", entry.error
        elif entry.event == "resumed":
            state, cause, next_command, left, interrupted = "RUNNING", "", "", (), False
    return Run(
        id=run_id, plan=plan.id, state=state, steps=tuple(steps.values()), verdict=verdict, left=left, cause=cause,
        next_command=next_command, rolling_back=rolling_back, interrupted=interrupted,
    )  # fmt: skip


def _stepped(step: StepRun, entry: Entry) -> StepRun:
    state = _STEP_STATES.get(entry.event)
    if entry.event == "intent":
        return replace(step, state="intent", started=entry.at, before=entry.before, error="")
    if entry.event == "undo-intent":
        return step
    if state is None:
        return replace(step, error=entry.error) if entry.event == "undo-failed" else step
    return replace(
        step, state=state, finished=entry.at, after=entry.after if entry.after is not None else step.after,
        error=entry.error, request_ids=step.request_ids + entry.request_ids,
    )  # fmt: skip


def _verdict(entry: Entry) -> RunVerdict:
    import msgspec

    try:
        return msgspec.convert(entry.after, described(RunVerdict))
    except msgspec.ValidationError as error:
        raise InputError(what="the journal's verdict can't be read", where=entry.run, why=str(error),
                         next_command=f"ccm-upgrade audit verify {entry.run}") from error  # fmt: skip
