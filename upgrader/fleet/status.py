"""How a fleet run stands: the document of the contract, and the first failure in words."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from msgspec import Struct, field

from upgrader.fleet.control import Workers
from upgrader.fleet.ledger import Ledger
from upgrader.fleet.model import ENDED_STATES, FAILED_STATES, ClusterState, FleetState, WaveState
from upgrader.fleet.tables import Row, RunRow
from upgrader.model.moments import rfc3339


class ClusterStatus(Struct, frozen=True, kw_only=True):
    """One cluster of a wave."""

    id: str
    name: str
    state: ClusterState
    step: str
    error: str


class WaveStatus(Struct, frozen=True, kw_only=True):
    """One wave and its clusters."""

    name: str
    state: WaveState
    clusters: tuple[ClusterStatus, ...]


class BudgetStatus(Struct, frozen=True, kw_only=True):
    """The run's budget: how many may be in danger, how many failed, how many are in flight."""

    allowed: int
    failed: int
    in_flight: int


class FirstFailure(Struct, frozen=True, kw_only=True):
    """The cluster that failed first, at which step, and why."""

    cluster: str
    step: str
    reason: str


class FleetStatus(Struct, frozen=True, kw_only=True):
    """The whole run. `workers` are the processes that work on it now, or were heard of half a minute ago."""

    id: str
    state: FleetState
    waves: tuple[WaveStatus, ...]
    totals: dict[str, int]
    budget: BudgetStatus
    workers: int
    cause: str = ""
    first_failure: FirstFailure | None = None
    api_version: Literal["ccm-upgrade/v1"] = field(default="ccm-upgrade/v1", name="apiVersion")
    kind: Literal["FleetRun"] = "FleetRun"


def status_of(ledger: Ledger, run: str) -> FleetStatus:
    """The run as the ledger has it now. Raises `AbsentError`."""
    row, clusters = ledger.run(run), ledger.clusters(run)
    now = rfc3339(ledger.clock.now())
    approved = {note["wave"] for note in ledger.notes(run) if note["what"] == "approve"}
    totals = Counter(one.state for one in clusters)
    failed = sorted((one for one in clusters if one.state in FAILED_STATES), key=lambda one: one.finished)
    waves = []
    for number, wave in enumerate(row.waves):
        here = tuple(one for one in clusters if one.wave == number)
        state = _wave_state(row, number, here, now, approved=wave.name in approved)
        told = tuple(
            ClusterStatus(id=c.member.id, name=c.member.name, state=c.state, step=c.step, error=c.error) for c in here
        )
        waves.append(WaveStatus(name=wave.name, state=state, clusters=told))
    first = failed[0] if failed else None
    return FleetStatus(
        id=row.id,
        state=row.state,
        waves=tuple(waves),
        totals={str(state): count for state, count in totals.items()},
        budget=BudgetStatus(
            allowed=row.strategy.budget.of(len(clusters)).allowed, failed=len(failed), in_flight=totals["running"]
        ),
        workers=len(Workers(ledger).at_work(run)),
        cause=row.cause,
        first_failure=FirstFailure(cluster=first.member.name or first.member.id, step=first.step, reason=first.error)
        if first
        else None,
    )


def _wave_state(row: RunRow, number: int, here: tuple[Row, ...], now: str, *, approved: bool) -> WaveState:
    if number < row.wave or row.state in ("SUCCEEDED", "FAILED"):
        return "done"
    if number > row.wave:
        return "waiting"
    if row.state in ("STOPPED", "ABORTED"):
        return "stopped"
    if all(one.state in ENDED_STATES for one in here):
        return "soaking" if row.soak_until and now < row.soak_until else "done"
    return "gate" if row.waves[number].gate and not approved else "running"
