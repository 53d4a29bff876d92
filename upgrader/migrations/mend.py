"""The steps of all migrations together, with the findings that each mends."""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import Context
from upgrader.migrations.migration import Mends, Migration
from upgrader.migrations.registry import MIGRATIONS
from upgrader.model.finding import Finding
from upgrader.model.plan import Step


def mends(findings: Iterable[Finding], context: Context, migrations: Iterable[Migration] = MIGRATIONS) -> Mends:
    """One step per object to be changed: where two migrations change the same policy, one step does both."""
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(finding)
    steps: dict[str, tuple[Step, tuple[Finding, ...]]] = {}
    for migration in migrations:
        for step, mended in migration.steps(by_code.get(migration.CODE, ()), context):
            earlier = steps.pop(step.id, None)
            together = migration.steps((*earlier[1], *mended), context) if earlier else ((step, mended),)
            steps.update({one.id: (one, found) for one, found in together})
    return tuple(steps.values())
