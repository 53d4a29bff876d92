"""The plan: what is judged, what is forecast, and the steps in order, frozen under the digest of its content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from upgrader import __version__
from upgrader.digests import facts_digests, plan_rests_on
from upgrader.migrations import leader_locks, ram_steps, startup_flags
from upgrader.migrations.context import Context
from upgrader.migrations.mend import mends
from upgrader.model.finding import Assessment, Finding
from upgrader.model.plan import Digests, Plan, RamDelta, Step
from upgrader.model.version import CcmVersion
from upgrader.plan.ccm_steps import ccm_steps, stopping
from upgrader.plan.freshness import plan_id
from upgrader.plan.order import ordered
from upgrader.plan.touched import touched
from upgrader.ram.delta import delta

LIFE = timedelta(hours=24)
"""How long a plan may be carried out; its world is looked at again all the same."""


def build(context: Context, assessment: Assessment, *, now: datetime, nonce: str, image: str = "") -> Plan:
    """The plan; `now` must be aware. Its verdict counts findings that a step mends as warnings.

    `image` names the target's image where CCM runs as a workload whose registry is the user's own.
    """
    facts = context.facts
    path = context.path
    steps, fixed = _steps(context, assessment, path, image)
    judged = replace(assessment, findings=tuple(_fixed(finding, fixed) for finding in assessment.findings))
    parts = facts_digests(facts)
    plan = Plan(
        cluster=facts.identity,
        from_version=facts.ccm.version,
        to_version=str(context.target),
        path=tuple(str(hop) for hop in path),
        verdict=judged.verdict,
        coverage=judged.coverage,
        findings=judged.findings,
        checks=judged.checks,
        forecast=context.forecast,
        ram=_ram(context),
        steps=steps,
        digests=Digests(facts=plan_rests_on(parts), matrix=context.matrix.digest, parts=parts),
        created=_rfc3339(now),
        expires=_rfc3339(now + LIFE),
        nonce=nonce,
        tool=__version__,
        changes=touched(context),
        shadow=judged.shadow,
    )
    return replace(plan, id=plan_id(plan))


def _steps(
    context: Context, assessment: Assessment, path: tuple[CcmVersion, ...], image: str
) -> tuple[tuple[Step, ...], Mapping[int, str]]:
    """The steps in order, and for each finding, by identity (two of a check may share their subject), its step."""
    wanted = [finding for finding in assessment.findings if not finding.waived]
    mending = mends(wanted, context)
    changing = ccm_steps(context, path, tuple(step.id for step, _ in mending), image)
    fixed = {id(finding): step.id for step, findings in mending for finding in findings}
    if changing:
        changer = next(step for step in changing if step.kind not in ("ccm.stop", "ccm.start"))
        fixed |= {id(f): changer.id for f in _by_arguments(wanted)}
        stop = stopping(changing)
        fixed |= {id(f): stop for f in wanted if f.code == leader_locks.CODE and stop}
    return ordered((*(step for step, _ in mending), *changing)), fixed


def _by_arguments(findings: Iterable[Finding]) -> Iterable[Finding]:
    """The findings that the step which changes the image mends by its arguments."""
    return (f for f in findings if f.code == startup_flags.CODE and f.evidence.get("mend"))


def _fixed(finding: Finding, fixed: Mapping[int, str]) -> Finding:
    step = fixed.get(id(finding))
    return replace(finding, fixed_by=step) if step else finding


def _ram(context: Context) -> RamDelta:
    if ram_steps.concerns(context) or context.hidden(("ram",)):
        return RamDelta(role=context.facts.ram.role)
    return delta(context.facts.ram, context.ram)


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
