"""The assessment: every check's outcome, every finding, and how much of the cluster was judged."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import UNSET

from upgrader.assess.check import Check, in_words, run_check
from upgrader.assess.registry import CHECKS
from upgrader.matrix.model import Matrix
from upgrader.migrations.context import Context
from upgrader.model.facts import ClusterFacts
from upgrader.model.finding import Assessment, Coverage, Finding
from upgrader.model.forecast import Forecast
from upgrader.model.version import CcmVersion

GAPS_NAMED = 50


def assess(
    facts: ClusterFacts, target: CcmVersion, matrix: Matrix, forecast: Forecast, checks: Iterable[Check] = CHECKS
) -> Assessment:
    """The facts judged against `target`: findings sorted worst first, and one entry per check."""
    return judge(Context(facts, target, matrix, forecast), checks)


def judge(context: Context, checks: Iterable[Check] = CHECKS) -> Assessment:
    """The same, for a context that is there already."""
    runs, findings = [], list[Finding]()
    for check in checks:
        run, found = run_check(check, context)
        runs.append(run)
        findings.extend(found)
    findings.sort(key=lambda finding: finding.sort_key)
    return Assessment(
        findings=tuple(findings), checks=tuple(runs), coverage=_coverage(context), shadow=context.shadow or UNSET
    )


def _coverage(context: Context) -> Coverage:
    services = len(context.services)
    unknown = context.outlook.incomplete
    told = {(one.namespace, one.name) for one in context.forecast.services}
    places = context.roll.places
    missing = len(places) - sum(map(told.__contains__, places))
    gaps = tuple(in_words(gap) for gap in context.facts.gaps[:GAPS_NAMED])
    more = len(context.facts.gaps) - GAPS_NAMED
    return Coverage(
        services=services,
        judged=services - missing - unknown,
        unreadable=context.facts.unreadable_count,
        skipped=missing + unknown,
        gaps=(*gaps, f"and {more} more") if more > 0 else gaps,
    )
