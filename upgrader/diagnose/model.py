"""What a diagnosis says."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from upgrader.model.finding import OUTCOME_ORDER, Outcome, Subject

StepKind = Literal["clb.tag", "ram.policy-version", "rbac.rules", "ccm"]
"""A kind of step that a plan has for it; `ccm` is the upgrade itself, of an add-on or of a workload."""


class Diagnosis(Struct, frozen=True, kw_only=True):
    """One trouble of one subject, or one thing that is better known before it becomes one.

    `id` is the error's id in the catalogue, an event's reason, or the name of a condition. `seen` is the event's
    message, empty where no event told it. `evidence` are sentences about this cluster, `fix` commands and advice,
    `step` the kind of plan step that mends it. `settled` says why it is over; such a diagnosis is history.
    """

    id: str
    outcome: Outcome
    subject: Subject
    meaning: str
    seen: str = ""
    reason: str = ""
    count: int = 0
    last: str = ""
    evidence: tuple[str, ...] = ()
    fix: tuple[str, ...] = ()
    step: StepKind | None = None
    settled: str = ""
    sources: tuple[str, ...] = ()

    @property
    def sort_key(self) -> tuple[bool, int, Subject, str, str]:
        """What stands before what is over, worst first, then by subject."""
        return (bool(self.settled), OUTCOME_ORDER[self.outcome], self.subject, self.id, self.seen)


class Answer(Struct, frozen=True, kw_only=True):
    """What a look at the cluster adds to an entry of the catalogue.

    `fix` replaces the entry's own where it is not None: the cluster has told which of its branches applies.
    `outcome` is set where it has told how bad it is.
    """

    evidence: tuple[str, ...] = ()
    fix: tuple[str, ...] | None = None
    step: StepKind | None = None
    settled: str = ""
    outcome: Outcome | None = None
    fill: dict[str, str] = {}
