"""The assessment: every check's outcome, every finding, and how much of the cluster was judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import UNSET, Struct, UnsetType

from upgrader.assess.check import Check, PartRun, concluded, in_words, run_part
from upgrader.assess.registry import CHECKS
from upgrader.matrix.model import Matrix
from upgrader.migrations.context import Context
from upgrader.model.facts import ClusterFacts
from upgrader.model.finding import Assessment, Coverage, Finding
from upgrader.model.forecast import Forecast
from upgrader.model.shadow import Shadow
from upgrader.model.version import CcmVersion

GAPS_NAMED = 50


class Part(Struct, frozen=True, kw_only=True):
    """What was judged of a part of a cluster: one run for each check."""

    runs: tuple[PartRun, ...]
    coverage: Coverage
    shadow: Shadow | UnsetType = UNSET


def assess(
    facts: ClusterFacts, target: CcmVersion, matrix: Matrix, forecast: Forecast, checks: Iterable[Check] = CHECKS
) -> Assessment:
    """The facts judged against `target`: findings sorted worst first, and one entry per check."""
    return judge(Context(facts, target, matrix, forecast), checks)


def judge(context: Context, checks: Iterable[Check] = CHECKS) -> Assessment:
    """The same, for a context that is there already."""
    wanted = tuple(checks)
    return conclude((judge_part(context, wanted),), context.bare, wanted)


def judge_part(context: Context, checks: Iterable[Check]) -> Part:
    """What the checks say of the part of a cluster that `context` holds."""
    return Part(
        runs=tuple(run_part(check, context) for check in checks), coverage=_coverage(context),
        shadow=context.shadow or UNSET,
    )  # fmt: skip


def conclude(parts: Sequence[Part], bare: Context, checks: Iterable[Check]) -> Assessment:
    """The assessment of the whole: `parts` have no Service in common, and know all else alike; `bare` has none."""
    runs, findings = [], list[Finding]()
    for number, check in enumerate(checks):
        run, found = concluded(check, [part.runs[number] for part in parts], bare)
        runs.append(run)
        findings.extend(found)
    findings.sort(key=lambda finding: finding.sort_key)
    first = parts[0]
    coverage = first.coverage if len(parts) == 1 else _summed([part.coverage for part in parts])
    return Assessment(findings=tuple(findings), checks=tuple(runs), coverage=coverage, shadow=first.shadow)


def _coverage(context: Context) -> Coverage:
    services, unknown = len(context.services), context.outlook.incomplete
    # A forecast has an entry for each of them, and more for Services that CCM still has to clean up after.
    missing = max(services - len(context.forecast.services), 0)
    gaps = tuple(in_words(gap) for gap in context.facts.gaps[:GAPS_NAMED])
    more = len(context.facts.gaps) - GAPS_NAMED
    return Coverage(
        services=services,
        judged=services - missing - unknown,
        unreadable=context.facts.unreadable_count,
        skipped=missing + unknown,
        gaps=(*gaps, f"and {more} more") if more > 0 else gaps,
    )


def _summed(parts: Sequence[Coverage]) -> Coverage:
    return Coverage(
        services=sum(part.services for part in parts),
        judged=sum(part.judged for part in parts),
        unreadable=sum(part.unreadable for part in parts),
        skipped=sum(part.skipped for part in parts),
        gaps=parts[0].gaps,
    )
