"""Run, journal entry and verdict: what was done and what was seen."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field

RunState = Literal["RUNNING", "SUCCEEDED", "ROLLED_BACK", "PARTLY_ROLLED_BACK", "PAUSED", "STALLED", "FAILED"]
StepState = Literal["pending", "skipped", "intent", "done", "failed", "undone"]
EntryEvent = Literal[
    "run-started", "locked", "backup", "facts-match", "intent", "done", "skipped", "failed", "undo-intent", "undone",
    "undo-failed", "verified", "paused", "resumed", "rollback-started", "run-ended", "note",
]  # fmt: skip


class Entry(Struct, frozen=True, kw_only=True):
    """One line of the journal: append-only, fsynced before the effect that it announces.

    `previous` is the hash of the line before, so that a cut or edited journal is found out.
    """

    seq: int
    run: str
    event: EntryEvent
    at: str
    step: str = ""
    before: Any = None
    after: Any = None
    request_ids: tuple[str, ...] = ()
    error: str = ""
    data: dict[str, Any] = {}
    previous: str = ""


class StepRun(Struct, frozen=True, kw_only=True):
    """One step of a run as its journal tells it."""

    id: str
    state: StepState = "pending"
    started: str = ""
    finished: str = ""
    request_ids: tuple[str, ...] = ()
    before: Any = None
    after: Any = None
    error: str = ""


class WeightCheck(Struct, frozen=True, kw_only=True):
    """One backend's weight: what the target computes and what the cloud has. None: no backend."""

    group: str
    backend: str
    expected: int | None
    observed: int | None


class EventCheck(Struct, frozen=True, kw_only=True):
    """Reasons of Events, expected and seen since the new leader started."""

    expected: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()


class IdentityCheck(Struct, frozen=True, kw_only=True):
    """Whether each part of a load balancer's identity is as before; None: could not be seen."""

    load_balancer_id: bool | None = None
    address: bool | None = None
    listeners: bool | None = None


class ServiceVerdict(Struct, frozen=True, kw_only=True):
    """Expected against observed for one Service; `problems` in words, empty when all is well."""

    namespace: str
    name: str
    events: EventCheck = EventCheck()
    weights: tuple[WeightCheck, ...] = ()
    identity: IdentityCheck = IdentityCheck()
    problems: tuple[str, ...] = ()
    inconclusive: tuple[str, ...] = ()


class RunVerdict(Struct, frozen=True, kw_only=True):
    """PASS, FAIL, or INCONCLUSIVE, which is never PASS."""

    outcome: Literal["PASS", "FAIL", "INCONCLUSIVE"]
    services: tuple[ServiceVerdict, ...] = ()
    problems: tuple[str, ...] = ()
    api_version: Literal["ccm-upgrade/v1"] = field(default="ccm-upgrade/v1", name="apiVersion")
    kind: Literal["Verdict"] = "Verdict"


class Run(Struct, frozen=True, kw_only=True):
    """A run as its journal tells it. `left` says what a person still has to do.

    `rolling_back` is why it goes backwards, empty while it goes forwards; `interrupted` says that a person stopped it.
    """

    id: str
    plan: str
    state: RunState
    steps: tuple[StepRun, ...] = ()
    verdict: RunVerdict | None = None
    left: tuple[str, ...] = ()
    cause: str = ""
    next_command: str = ""
    rolling_back: str = ""
    interrupted: bool = False
    api_version: Literal["ccm-upgrade/v1"] = field(default="ccm-upgrade/v1", name="apiVersion")
    kind: Literal["Run"] = "Run"
