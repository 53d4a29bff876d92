"""What every step kind can do: observe, do, look whether it is done, undo. One file a kind."""

from __future__ import annotations

from typing import Any, Protocol

from msgspec import Struct

from upgrader.execute.session import Session
from upgrader.execute.wait import Look
from upgrader.model.plan import Step
from upgrader.ports.write import CloudWriter, ClusterWriter


class Hands(Struct, frozen=True):
    """The writers of a run, behind its fence."""

    cluster: ClusterWriter
    cloud: CloudWriter


class Observed(Struct, frozen=True, kw_only=True):
    """What stands there now. `state` is plain JSON, kept in the journal as the before-state.

    `as_wanted`: the step has nothing to do. `as_before`: it is what the plan was made on, so the step may begin.
    Neither: somebody else changed it, and the step must not touch it.
    """

    state: Any
    as_wanted: bool
    as_before: bool
    words: str = ""


class Undone(Struct, frozen=True, kw_only=True):
    """How an undo ended; `left` says what a person still has to do, empty when everything is back."""

    left: str = ""
    request_ids: tuple[str, ...] = ()


class Handler(Protocol):
    """One step kind."""

    def observe(self, session: Session, step: Step) -> Observed:
        """Look, change nothing."""

    def do(self, session: Session, step: Step, hands: Hands, before: Any) -> tuple[str, ...]:
        """Make the change; returns request ids. Never waits."""

    def settled(self, session: Session, step: Step) -> Look:
        """Whether the change has come to its end."""

    def gone(self, session: Session, step: Step, before: Any) -> Look:
        """Whether the undo has come to its end."""

    def undo(self, session: Session, step: Step, hands: Hands, before: Any) -> Undone:
        """Put `before` back where it still stands as this step left it; else say what is left."""
