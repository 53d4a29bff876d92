"""Types of the fleet job: a cluster of the inventory, a wave, the state of each, the budget."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from upgrader.model.facts import ClusterKind
from upgrader.model.finding import Verdict

ClusterState = Literal[
    "waiting", "running", "succeeded", "failed", "rolled-back", "unknown", "skipped", "paused", "stalled"
]
WaveState = Literal["waiting", "gate", "running", "soaking", "done", "stopped"]
# FAILED: it went to its end, and some clusters failed within the budget.
FleetState = Literal["RUNNING", "PAUSED", "SUCCEEDED", "FAILED", "STOPPED", "ABORTED", "STALLED"]

# A cluster in one of these counts against the failure budget. `unknown` (unreachable, stopped) and `skipped` do not:
# nothing was tried there.
FAILED_STATES: frozenset[ClusterState] = frozenset({"failed", "rolled-back", "paused", "stalled"})
ENDED_STATES: frozenset[ClusterState] = FAILED_STATES | {"succeeded", "skipped", "unknown"}
# Nothing happens any more in a run of these states, whoever asks.
ENDED_RUNS: frozenset[FleetState] = frozenset({"SUCCEEDED", "FAILED", "ABORTED"})


class Member(Struct, frozen=True, kw_only=True, order=True):
    """One cluster of the fleet and how it is reached. `id` is unique; `account` is a profile's name."""

    id: str
    name: str = ""
    region: str = ""
    kind: ClusterKind | None = None
    version: str = ""
    account: str = ""
    kubeconfig: str = ""
    context: str = ""
    state: str = ""
    tags: tuple[tuple[str, str], ...] = ()

    def tag(self, key: str) -> str | None:
        """The value of a tag, None where it is missing."""
        return dict(self.tags).get(key)


class Found(Struct, frozen=True, kw_only=True):
    """One finding of a cluster, short: for the heat map."""

    code: str
    outcome: str
    count: int = 1


class ClusterPlan(Struct, frozen=True, kw_only=True):
    """One cluster's plan in short; `error` says why there is none. It is made again, fresh, at the cluster's turn.

    `findings` are those that are open, `settled` the codes of those that a step mends or a person accepted. `why` is
    the first finding that makes the verdict BLOCKED or UNKNOWN, in words.
    """

    id: str
    verdict: Verdict
    from_version: str = field(default="", name="from")
    to_version: str = field(default="", name="to")
    steps: tuple[str, ...] = ()
    findings: tuple[Found, ...] = ()
    settled: tuple[str, ...] = ()
    error: str = ""
    why: str = ""


class Budget(Struct, frozen=True, kw_only=True):
    """How many clusters may be in danger at once: failed or in flight.

    A new cluster is admitted only while `failed + in_flight < allowed`, so that even if every one in flight fails, no
    more than `allowed` have failed. `consecutive` (0: no limit) stops after so many failures in a row; it reserves in
    the same way, so no more than that many are in flight at once.
    """

    allowed: int
    consecutive: int = 0

    def admits(self, failed: int, in_flight: int, row: int = 0) -> bool:
        """Whether one more may start. `row` is the number of failures since the last success."""
        return failed + in_flight < self.allowed and not (self.consecutive and row + in_flight >= self.consecutive)

    def spent(self, failed: int, row: int = 0) -> bool:
        """Whether it can never admit again: it stops the run, it does not wait."""
        return failed >= self.allowed or bool(self.consecutive and row >= self.consecutive)


class Wave(Struct, frozen=True, kw_only=True):
    """Clusters that may be upgraded together, in the order in which they start."""

    name: str
    members: tuple[str, ...]
    budget: Budget
    max_parallel: int
    soak_s: int = 0
    verify_every_s: int = 0
    gate: bool = False
