"""The report model: one value that every format renders. Pure; made from a plan, and a run where there is one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import groupby

from msgspec import Struct, field

from upgrader.model.finding import OUTCOME_ORDER, Finding
from upgrader.model.forecast import ServiceForecast
from upgrader.model.plan import Plan, Touched
from upgrader.model.run import Run
from upgrader.report.chart import Chart, charts_of


class Source(Struct, frozen=True):
    """A source to cite: its id, title and address (empty where it has none)."""

    id: str
    title: str
    url: str = ""


class ServiceRow(Struct, frozen=True, kw_only=True):
    """One Service in the table: its worst outcome, its findings, and what will be written to its load balancer."""

    key: str
    load_balancer: str = ""
    lb: str = ""
    worst: str = "PASS"
    findings: tuple[Finding, ...] = ()
    forecast: ServiceForecast | None = None

    @property
    def immediate(self) -> int:
        """How many requests the first reconcile sends."""
        return sum(w.effect == "IMMEDIATE" for w in self.forecast.writes) if self.forecast else 0

    @property
    def latent(self) -> int:
        """How many requests wait for the Service's next edit."""
        return sum(w.effect == "LATENT" for w in self.forecast.writes) if self.forecast else 0


class Report(Struct, frozen=True, kw_only=True):
    """Everything that a format needs, sorted. `suppressed` are findings that a suppression holds back, with why."""

    plan: Plan
    run: Run | None
    rows: tuple[ServiceRow, ...]
    general: tuple[Finding, ...]
    counts: dict[str, int]
    charts: tuple[Chart, ...]
    sources: tuple[Source, ...]
    suppressed: tuple[tuple[Finding, str], ...] = ()
    api_version: str = field(default="ccm-upgrade/v1", name="apiVersion")
    kind: str = "Report"

    @property
    def alike(self) -> tuple[tuple[Finding, ...], ...]:
        """The general findings, those of one outcome and code together."""
        groups = groupby(self.general, key=lambda f: (f.outcome, f.code))
        return tuple(tuple(members) for _, members in groups)

    @property
    def mended(self) -> int:
        """How many of the FAILs a step of the plan mends."""
        return sum(f.outcome == "FAIL" and f.fixed_by is not None and not f.waived for f in self.plan.findings)

    @property
    def felt(self) -> tuple[Touched, ...]:
        """The changes that reach what is there: at the first reconcile, or at a Service's next edit."""
        return tuple(one for one in self.plan.changes if one.effect in ("IMMEDIATE", "LATENT"))

    @property
    def unfelt(self) -> tuple[Touched, ...]:
        """The others: of new objects alone, or without an effect on what is there."""
        return tuple(one for one in self.plan.changes if one.effect not in ("IMMEDIATE", "LATENT"))

    @property
    def ram_patch(self) -> dict[str, object] | None:
        """The statement that allows what is missing; None when nothing is."""
        missing = self.plan.ram.missing
        return {"Action": list(missing), "Effect": "Allow", "Resource": "*"} if missing else None

    @property
    def title(self) -> str:
        """The cluster and the two versions."""
        cluster = self.plan.cluster
        return f"{cluster.name or cluster.id or 'cluster'}: CCM {self.plan.from_version} to {self.plan.to_version}"


def present(
    plan: Plan,
    run: Run | None = None,
    *,
    sources: Mapping[str, tuple[str, str]] | None = None,
    suppressed: tuple[tuple[Finding, str], ...] = (),
) -> Report:
    """The report of a plan (and run). `sources` maps an id to (title, url); unknown ids are shown as they are.

    What somebody accepted, by a waiver or a suppression, is `suppressed` here, beside what `suppressed` brings.
    """
    accepted = tuple((f, f.waived) for f in sorted(plan.findings, key=lambda f: f.sort_key) if f.waived)
    by_service: dict[str, list[Finding]] = defaultdict(list)
    general: list[Finding] = []
    for finding in sorted((f for f in plan.findings if not f.waived), key=lambda f: f.sort_key):
        if finding.subject.kind == "Service":
            by_service[f"{finding.subject.namespace}/{finding.subject.name}"].append(finding)
        else:
            general.append(finding)
    forecasts = {s.key: s for s in plan.forecast.services}
    rows = [_row(key, by_service.get(key, []), forecasts.get(key)) for key in sorted({*by_service, *forecasts})]
    order = {"FAIL": 0, "UNKNOWN": 1, "WARN": 2, "NOTE": 3, "PASS": 4}
    rows.sort(key=lambda r: (order[r.worst], -r.immediate, r.key))
    cited = sorted(
        {s for f in plan.findings for s in f.sources} | {s for c in plan.changes for s in c.sources},
    )
    known = sources or {}
    counts = Counter(f.outcome for f in plan.findings if not f.waived)
    return Report(
        plan=plan,
        run=run,
        rows=tuple(rows),
        general=tuple(general),
        counts={outcome: counts[outcome] for outcome in OUTCOME_ORDER},
        charts=charts_of(plan.forecast),
        sources=tuple(Source(name, *known.get(name, (name, ""))) for name in cited),
        suppressed=(*accepted, *suppressed),
    )


def _row(key: str, found: list[Finding], forecast: ServiceForecast | None) -> ServiceRow:
    worst = min((f.outcome for f in found), key=lambda o: OUTCOME_ORDER[o], default="PASS")
    if worst != "FAIL" and forecast is not None and forecast.unknown:
        worst = "UNKNOWN"
    return ServiceRow(
        key=key,
        load_balancer=forecast.load_balancer_id if forecast else "",
        lb=(forecast.lb or "") if forecast else "",
        worst=worst,
        findings=tuple(found),
        forecast=forecast,
    )
