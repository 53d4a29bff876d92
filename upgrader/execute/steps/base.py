"""What every step kind can do: observe, do, look whether it is done, undo. One file a kind."""

from __future__ import annotations

from typing import Any, Protocol

from msgspec import Struct

from upgrader.execute.session import Session
from upgrader.execute.wait import Look
from upgrader.model.plan import Step
from upgrader.ports.read import Ref, Right
from upgrader.ports.write import CloudWriter, ClusterWriter


class Hands(Struct, frozen=True):
    """The writers of a run, behind its fence."""

    cluster: ClusterWriter
    cloud: CloudWriter


class Observed(Struct, frozen=True, kw_only=True):
    """What stands there now. `state` is plain JSON, kept in the journal as the before-state.

    `as_wanted`: the step has nothing to do. `as_before`: it is what the plan was made on, so the step may begin.
    Neither: somebody else changed it, and the step must not touch it. `under_way`: a change of this kind runs and
    needs time; it is waited for, never begun twice.
    """

    state: Any
    as_wanted: bool
    as_before: bool
    words: str = ""
    under_way: bool = False


class Undone(Struct, frozen=True, kw_only=True):
    """How an undo ended.

    `left` says what was not put back and why; another rollback tries it again. `lost` says what can't come back
    although the rest did.
    """

    left: str = ""
    lost: str = ""
    request_ids: tuple[str, ...] = ()


class Handler(Protocol):
    """One step kind."""

    def observe(self, session: Session, step: Step) -> Observed:
        """Look, change nothing."""

    def rights(self, step: Step) -> tuple[Right, ...]:
        """What carrying it out and undoing it asks of RBAC; what they ask of RAM stands in `ram.ours`."""

    def watches(self, step: Step) -> Ref | None:
        """The object whose changes tell that it is worth looking again; None where the API has no watch."""

    def do(self, session: Session, step: Step, hands: Hands, before: Any) -> tuple[str, ...]:
        """Make the change; returns request ids. Never waits."""

    def settled(self, session: Session, step: Step) -> Look:
        """Whether the change has come to its end."""

    def gone(self, session: Session, step: Step, before: Any) -> Look:
        """Whether the undo has come to its end."""

    def undo(self, session: Session, step: Step, hands: Hands, before: Any, ours: Any) -> Undone:
        """Put `before` back where it still stands as this step left it; else say what is left.

        `ours` is the state that the first try of this undo found, None when it is not known: an undo that was
        interrupted is finished by it.
        """
