"""A plan as text: verdict and coverage always, quiet on pass, everything that matters on fail."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from msgspec import UnsetType

from upgrader.model.finding import OUTCOME_ORDER, CheckRun, Coverage, Finding, Verdict
from upgrader.model.forecast import Forecast, ServiceForecast, Write
from upgrader.model.plan import Plan, RamDelta
from upgrader.model.shadow import Shadow
from upgrader.report.inert import clean
from upgrader.report.paper import Paper
from upgrader.report.words import AGREEMENTS, MARKS, WHY_FULL_SYNC, plural, second_opinion

SHOWN_PER_CODE = 5
SHOWN_SERVICES = 12
SHOWN_WRITES = 4


def render_plan(plan: Plan, paper: Paper | None = None, *, saved_as: str = "") -> str:
    """The plan for a person: who, verdict, findings, forecast, RAM, steps, and the next command."""
    paper = paper or Paper.of()
    cluster = plan.cluster
    parts = [cluster.region, cluster.kind or "kind unknown", cluster.network or "network unknown"]
    if cluster.kubernetes:
        parts.append(f"Kubernetes {cluster.kubernetes}")
    paper.line(
        paper.bold(f"{clean(cluster.name or cluster.id or 'this cluster')}") + "  " + " · ".join(filter(None, parts))
    )
    paper.stated(cluster)
    route = f" {paper.arrow} ".join((plan.from_version, *plan.path)) if plan.path else plan.to_version
    paper.line(f"  CCM {route}")
    paper.line()
    verdict_lines(paper, plan.verdict, plan.findings, plan.coverage)
    findings(paper, plan.findings, {c.code: c.title for c in plan.checks})
    broken(paper, plan.checks)
    forecast(paper, plan.forecast)
    shadow(paper, plan.shadow)
    ram(paper, plan.ram)
    steps(paper, plan)
    next_command(paper, plan, saved_as)
    return paper.text()


def verdict_lines(paper: Paper, verdict: Verdict, found: tuple[Finding, ...], coverage: Coverage) -> None:
    """The verdict line and the coverage line: there is always one of each."""
    counts = Counter(f.outcome for f in found if not f.waived)
    tally = " · ".join(f"{counts[o]} {o}" for o in OUTCOME_ORDER if counts[o]) or paper.say("no findings")
    paper.line(f"{paper.mark(verdict)}   {tally}")
    mended = sum(f.outcome == "FAIL" and not f.waived and f.fixed_by is not None for f in found)
    if mended:
        paper.line(f"  {mended} of {counts['FAIL']} FAIL mended by the steps of this plan")
    text = f"{coverage.judged} of {plural(coverage.services, 'LoadBalancer Service')} judged"
    if coverage.unreadable:
        text += f", {coverage.unreadable} unreadable"
    paper.line(f"  {text}" + ("" if coverage.gaps else ", nothing hidden"))
    for gap in coverage.gaps:
        paper.para(gap, 4, "not seen: ")


def findings(paper: Paper, found: tuple[Finding, ...], titles: dict[str, str]) -> None:
    """Findings by code, worst first; at most `SHOWN_PER_CODE` subjects each."""
    accepted = sorted((f for f in found if f.waived), key=lambda f: f.sort_key)
    found = tuple(f for f in found if not f.waived)
    blind = sorted({f.code for f in found if _is_blind(f)})
    ordered = sorted((f for f in found if not _is_blind(f)), key=lambda f: f.sort_key)
    if blind:
        paper.line()
        paper.line(f"{paper.mark('UNKNOWN')} {plural(len(blind), 'check')} could not be judged, for what was not seen:")
        paper.para(", ".join(blind), 4)
    for (_, code), group in groupby(ordered, key=lambda f: (f.outcome, f.code)):
        members = list(group)
        first = members[0]
        paper.line()
        count = f"  ({len(members)})" if len(members) > 1 else ""
        paper.line(
            f"{paper.mark(first.outcome)} {paper.bold(code)}  {paper.say(titles.get(code, ''))}".rstrip() + count
        )
        for finding in members[:SHOWN_PER_CODE]:
            effect = {"IMMEDIATE": " at the first reconcile", "LATENT": " at the next edit"}.get(finding.effect, "")
            paper.para(f"{finding.subject}{paper.say(effect)}: {paper.say(finding.message)}", 4)
        if len(members) > SHOWN_PER_CODE:
            paper.line(f"    … and {len(members) - SHOWN_PER_CODE} more (-o json has all)" if paper.unicode
                       else f"    ... and {len(members) - SHOWN_PER_CODE} more (-o json has all)")  # fmt: skip
        fixed = sorted({f.fixed_by for f in members if f.fixed_by})
        if fixed:
            paper.para(f"by {plural(len(fixed), 'step')}: {', '.join(fixed[:SHOWN_PER_CODE])}", 4, "fixed ")
        elif first.remedy:
            paper.para(first.remedy, 4, "fix: ")
        paper.line(f"    more: ccm-upgrade explain {code}")
    if accepted:
        paper.line()
        paper.line(f"{paper.mark('ACCEPTED')} {plural(len(accepted), 'finding')}, by a waiver or a suppression:")
        for finding in accepted[:SHOWN_PER_CODE]:
            paper.para(f"{finding.code} {finding.subject}: {finding.waived}", 4)
        if len(accepted) > SHOWN_PER_CODE:
            paper.line(f"    and {len(accepted) - SHOWN_PER_CODE} more (-o json has all)")


def _is_blind(finding: Finding) -> bool:
    """A check as a whole that lacks facts: the coverage line has told which, so that its code is enough."""
    return finding.outcome == "UNKNOWN" and finding.subject.kind == "Cluster" and "gaps" in finding.evidence


def broken(paper: Paper, checks: tuple[CheckRun, ...]) -> None:
    """Checks that broke; what could not be answered stands among the findings, the rest is only counted."""
    states = Counter(c.state for c in checks)
    for check in checks:
        if check.state == "broken":
            paper.line()
            paper.line(f"{paper.mark('UNKNOWN')} {paper.bold(check.code)} {check.title}")
            paper.para(check.reason or check.state, 4)
    if checks:
        paper.line()
        paper.line(
            "  checks: "
            + ", ".join(f"{states[s]} {s}" for s in ("pass", "found", "skipped", "unknown", "broken") if states[s])
        )


def forecast(paper: Paper, forecast: Forecast) -> None:
    """What the new CCM will write, Service by Service, the busiest first."""
    services = forecast.services
    if not services:
        return
    immediate = sum(w.effect == "IMMEDIATE" for s in services for w in s.writes)
    latent = sum(w.effect == "LATENT" for s in services for w in s.writes)
    full = sum(s.full_sync for s in services)
    paper.heading("What the new CCM will do at its first reconcile")
    paper.line(
        f"  {plural(len(services), 'Service')}: {full} fully synced, "
        f"{plural(immediate, 'write')} at once, {latent} at the next edit"
    )
    busy = [s for s in services if s.writes or s.refusal or s.left_behind or s.unknown or s.status_cleared]
    for service in sorted(busy, key=_weight_of_news)[:SHOWN_SERVICES]:
        _service(paper, service)
    if len(busy) > SHOWN_SERVICES:
        paper.line(f"  and {len(busy) - SHOWN_SERVICES} more Services with news (-o json or `report` has all)")
    quiet = len(services) - len(busy)
    if quiet:
        paper.line(f"  {plural(quiet, 'Service')} without any write to the cloud")


def _weight_of_news(service: ServiceForecast) -> tuple[bool, bool, int, str]:
    return (service.refusal is None, not service.left_behind, -len(service.writes), service.key)


def _service(paper: Paper, service: ServiceForecast) -> None:
    title = f"  {clean(service.key)}  {service.load_balancer_id or '(no load balancer yet)'}"
    paper.line(
        title + (f"  full sync: {WHY_FULL_SYNC[service.why]}" if service.full_sync and service.why != "none" else "")
    )
    if service.refusal:
        paper.para(service.refusal.message, 6, "refused: ")
    for lb in service.left_behind:
        paper.para(lb, 6, "left behind: ")
    if service.status_cleared:
        paper.line("      its status (the address) is cleared")
    for write in service.writes[:SHOWN_WRITES]:
        paper.para(describe_write(write, paper.arrow), 6)
    if len(service.writes) > SHOWN_WRITES:
        paper.line(f"      and {len(service.writes) - SHOWN_WRITES} more writes")
    moved = [t for t in service.traffic if t.share[0] != t.share[1]]
    for shift in moved[:SHOWN_WRITES]:
        before, after = (f"{s:.1f} %" if s is not None else "none" for s in shift.share)
        paper.line(f"      traffic to {clean(shift.backend)}: {before} {paper.arrow} {after}")
    if len(moved) > SHOWN_WRITES:
        paper.line(f"      and {len(moved) - SHOWN_WRITES} more backends with another share")
    for note in service.unknown:
        paper.para(note, 6, f"{MARKS['UNKNOWN'].ascii} unknown: ")
    for doubt in service.doubts:
        paper.para(doubt.text, 6, "! ")


def describe_write(write: Write, arrow: str = "→") -> str:
    """`slb:SetVServerGroupAttribute rsp-1  i-1:30080 weight 50 → 3`, LATENT said where it is so."""
    changes = ", ".join(f"{name} {a if a is not None else 'none'} {arrow} {b if b is not None else 'none'}"
                        for name, (a, b) in list(write.changes.items())[:6])  # fmt: skip
    if len(write.changes) > 6:
        changes += f", and {len(write.changes) - 6} more"
    late = "  (at the next edit)" if write.effect == "LATENT" else ""
    return f"{write.action} {write.object or 'new'}{'  ' + changes if changes else ''}{late}"


def shadow(paper: Paper, opinion: Shadow | UnsetType) -> None:
    """The vendor's own dry run beside the forecast; silent where there was none."""
    if not opinion:
        return
    paper.heading("A second opinion: the vendor's own dry run")
    paper.para(clean(second_opinion(opinion)), 2)
    for one in opinion.services[:SHOWN_SERVICES]:
        paper.line(f"  {clean(one.key)}  {AGREEMENTS[one.agreement]}")
        paper.para(clean("; ".join((*one.dry_run, *one.refusals))) or "no change", 6, "dry run:  ")
        paper.para(", ".join(one.forecast) or "no change", 6, "forecast: ")
    if len(opinion.services) > SHOWN_SERVICES:
        paper.line(f"  and {len(opinion.services) - SHOWN_SERVICES} more Services (-o json has all)")


def ram(paper: Paper, delta: RamDelta) -> None:
    """What the role lacks; silent when nothing."""
    if not (delta.missing or delta.denied or delta.unknown):
        return
    paper.heading(f"RAM: role {delta.role or '(unknown)'}" + (f", policy {delta.policy}" if delta.policy else ""))
    for label, actions in (("missing: ", delta.missing), ("denied:  ", delta.denied), ("unknown: ", delta.unknown)):
        if actions:
            paper.para(", ".join(actions), 2, label)


def steps(paper: Paper, plan: Plan) -> None:
    """The steps in order, with what can't be undone said before the first one."""
    if not plan.steps:
        return
    paper.heading("Steps")
    for number, step in enumerate(plan.steps, 1):
        undo = {"yes": "can be undone", "partly": "can partly be undone", "no": "can NOT be undone"}[step.reversible]
        paper.para(step.summary, 2, f"{number:>2}. ")
        paper.para(f"{step.kind} {step.id}", 6)
        paper.para(f"impact {step.impact}, {undo}" + (f": {step.why_not}" if step.why_not else ""), 6)


def next_command(paper: Paper, plan: Plan, saved_as: str) -> None:
    """The one thing to do next."""
    paper.line()
    if plan.verdict == "BLOCKED":
        todo = "fix what FAILed, then plan again; `ccm-upgrade explain CODE` tells how"
        if all(f.fixed_by for f in plan.findings if f.outcome == "FAIL") and saved_as:
            todo = f"ccm-upgrade apply {saved_as}   (its steps fix what FAILed)"
    else:
        todo = (
            f"ccm-upgrade apply {saved_as}"
            if saved_as
            else "ccm-upgrade plan -o plan.json, then ccm-upgrade apply plan.json"
        )
    paper.line(f"next: {todo}")
