"""What a run under its lock works with: session, lock, the fenced writers, and the pen of the journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from upgrader.execute.fold import fold
from upgrader.execute.lock import LeaseLock, NoFence
from upgrader.execute.session import Session
from upgrader.execute.steps import handler_of
from upgrader.execute.steps.base import Hands
from upgrader.execute.wait import Watching
from upgrader.model.errors import CcmUpgradeError
from upgrader.model.moments import rfc3339
from upgrader.model.plan import Step
from upgrader.model.run import Entry, EntryEvent, Run


class StepFailedError(CcmUpgradeError):
    """A step ended badly, for good."""

    exit_code = 8


class PauseError(CcmUpgradeError):
    """The run can't go on by itself, and going back by itself could do harm: a person decides."""

    exit_code = 11


class HarmError(CcmUpgradeError):
    """A rollback would do harm of its own."""

    exit_code = 3


class StopAskedError(PauseError):
    """A person asked the run to stop."""


class Conduct:
    """One run under one lock."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.plan = session.plan
        bare = session.cluster_writer(NoFence())
        self.lock = LeaseLock(session.cluster, bare, session.clock, session.store, session.plan.id)
        self.hands = Hands(session.cluster_writer(self.lock), session.cloud_writer(self.lock))

    def note(self, event: EntryEvent, step: str = "", **more: Any) -> None:
        """One entry, on disk before this returns."""
        at = rfc3339(self.session.clock.now())
        self.session.store.append(Entry(seq=0, run="", event=event, at=at, step=step, **more))

    def run(self) -> Run:
        """The run as its journal tells it."""
        return fold(self.session.store.run_id, self.plan, self.session.store.entries())

    def pause_of(self, step: Step) -> Callable[[float], None] | None:
        """How to wait for a step: by a watch where its kind names an object."""
        ref = handler_of(step).watches(step)
        return Watching(self.session.cluster, ref, self.session.clock).pause if ref else None

    @property
    def resume_command(self) -> str:
        """What goes on with this run."""
        return f"ccm-upgrade resume {self.session.store.run_id}"
