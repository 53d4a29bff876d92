"""What the fleet asks of a cluster: plan it, carry the plan out. Everything else about it is the one-cluster job's."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from upgrader.fleet.model import ClusterState, Member
from upgrader.fleet.strategy import Strategy
from upgrader.fleet.tables import Claim
from upgrader.model.errors import CcmUpgradeError
from upgrader.model.plan import Plan


class Outcome(Struct, frozen=True, kw_only=True):
    """How a cluster ended, and at which step and why when it did not succeed."""

    state: ClusterState
    error: str = ""
    step: str = ""


def why_of(error: Exception) -> str:
    """What to tell of a cluster that could not be worked on: one cluster's trouble never ends the others."""
    if isinstance(error, CcmUpgradeError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
    return f"a bug of ccm-upgrade: {type(error).__name__}: {error}"[:500]


class Watch(Protocol):
    """What a job tells while it works, and asks before it goes on."""

    def step(self, name: str, *, cluster_run: str = "", plan: str = "") -> None:
        """This step begins; the ids of run and plan are kept once told.

        Raises `LockedError` once the cluster was given to another worker.
        """

    def say(self, text: str) -> None:
        """Remember this line of progress. Never raises for a lost claim: in mid-step that would look like a failure."""

    def stop_asked(self) -> bool:
        """Whether the job should end after the step under way: a person asked, or the claim is lost."""


class ClusterJob(Protocol):
    """The work on one cluster. `upgrade` may be called again after a crash: it goes on from what it observes."""

    def plan(self, member: Member, strategy: Strategy) -> Plan:
        """The plan for one cluster. Raises the project's errors where it can't be reached or judged."""

    def verify(self, member: Member, cluster_run: str) -> str:
        """Look again at a cluster that was upgraded by `cluster_run`: what is wrong there, empty when nothing is.

        Raises the project's errors where it can't be told.
        """

    def share(self, strategy: Strategy, workers: int) -> None:
        """So many workers are alive: this one takes its part of what an account may be asked."""

    def upgrade(self, claim: Claim, strategy: Strategy, watch: Watch) -> Outcome:
        """Apply, verify and, on failure, roll back; or resume what an earlier worker left."""
