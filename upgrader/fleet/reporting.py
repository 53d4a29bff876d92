"""A fleet plan or a run as a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from upgrader.fleet.ledger import Ledger
from upgrader.fleet.model import FAILED_STATES, ClusterPlan, Member, Wave
from upgrader.fleet.planning import FleetPlan
from upgrader.fleet.status import status_of
from upgrader.fleet.strategy import Strategy
from upgrader.model.version import parse_version
from upgrader.report.fleet import ClusterRow, Decision, FleetReport, WaveRow, columns_of, grouped

_RANK = ("FAIL", "UNKNOWN", "WARN", "NOTE")
_FAILED: frozenset[str] = frozenset(FAILED_STATES)
_EITHER = frozenset({"running", "failed", "paused", "stalled"})
_LEFT = frozenset({"waiting", "running", "unknown", "skipped"})


def report_of_plan(plan: FleetPlan, titles: Mapping[str, str]) -> FleetReport:
    """The report of a fleet plan: everything is still to be done."""
    found = {one.id: one for one in plan.clusters}
    by_id = {one.id: one for one in plan.members}
    rows = [
        _row(by_id[id_], found[id_], wave.name, state="waiting", error=found[id_].error)
        for wave in plan.waves
        for id_ in wave.members
    ]
    waves = [_wave(wave, "waiting", {"waiting": len(wave.members)}) for wave in plan.waves]
    return _report(
        rows, waves, plan.strategy, titles,
        id=plan.id or plan.strategy.name, state="PLANNED", made=plan.created, totals={"waiting": len(rows)},
        unread=plan.unread,
    )  # fmt: skip


def report_of_run(ledger: Ledger, run: str, titles: Mapping[str, str]) -> FleetReport:
    """The report of a run as the ledger has it. Raises `AbsentError`."""
    row, status = ledger.run(run), status_of(ledger, run)
    names = [wave.name for wave in row.waves]
    rows = [
        _row(
            one.member, one.judged, names[one.wave], state=one.state, step=one.step, error=one.error,
            started=one.started, finished=one.finished,
        )
        for one in ledger.clusters(run)
    ]  # fmt: skip
    waves = [
        _wave(wave, told.state, dict(sorted(Counter(c.state for c in told.clusters).items())))
        for wave, told in zip(row.waves, status.waves, strict=True)
    ]
    decisions = tuple(
        Decision(at=n["at"], who=n["who"], what=n["what"], why=n["why"], wave=n["wave"]) for n in ledger.notes(run)
    )
    return _report(
        rows, waves, row.strategy, titles,
        id=run, state=row.state, made=row.moved, cause=row.cause, totals=dict(sorted(status.totals.items())),
        danger=status.budget.failed + status.budget.in_flight, decisions=decisions,
    )  # fmt: skip


def _report(
    rows: Iterable[ClusterRow], waves: Iterable[WaveRow], strategy: Strategy, titles: Mapping[str, str], **more: Any
) -> FleetReport:
    clusters = tuple(sorted(rows, key=lambda row: row.rank))
    return FleetReport(
        name=strategy.name,
        target=strategy.target,
        allowed=strategy.budget.of(len(clusters)).allowed,
        verdicts=dict(sorted(Counter(row.verdict for row in clusters).items())),
        versions=_versions(row.from_version for row in clusters),
        versions_now=_versions(_now(row) for row in clusters),
        waves=tuple(waves),
        checks=columns_of(clusters, dict(titles)),
        clusters=clusters,
        failed=grouped(clusters, _FAILED),
        left=grouped(clusters, _LEFT),
        **more,
    )


def _now(row: ClusterRow) -> str:
    """What a cluster runs now, as far as its state tells: half done or failed, it may be either."""
    if row.state == "succeeded":
        return row.to_version
    return "" if row.state in _EITHER else row.from_version


def _versions(found: Iterable[str]) -> dict[str, int]:
    """How many clusters run which version, the oldest first, those of an unknown one last."""
    counts = Counter(found)
    known = sorted((one for one in counts if one), key=parse_version)
    return {one or "unknown": counts[one] for one in [*known, *([""] if counts[""] else [])]}


def _row(
    member: Member, judged: ClusterPlan, wave: str, *, state: str, step: str = "", error: str = "", started: str = "",
    finished: str = "",
) -> ClusterRow:  # fmt: skip
    worst = dict.fromkeys(judged.settled, "settled")
    for found in sorted(judged.findings, key=lambda one: _RANK.index(one.outcome), reverse=True):
        worst[found.code] = found.outcome
    return ClusterRow(
        id=member.id, name=member.name, region=member.region, kind=member.kind or "", account=member.account,
        wave=wave, from_version=judged.from_version or member.version, to_version=judged.to_version,
        verdict=judged.verdict, state=state, step=step, error=error, started=started, finished=finished,
        judged=not judged.error and bool(judged.from_version), cells=worst,
    )  # fmt: skip


def _wave(wave: Wave, state: str, totals: dict[str, int]) -> WaveRow:
    return WaveRow(
        name=wave.name,
        state=state,
        clusters=len(wave.members),
        allowed=wave.budget.allowed,
        gate=wave.gate,
        soak_s=wave.soak_s,
        totals=totals,
    )
