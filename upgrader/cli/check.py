"""`check`: preflight only. Reads, judges, prints; writes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from upgrader.cli.judging import (
    exit_code_of,
    keep,
    suppressions_of,
    target_of,
    target_option,
    waiver_options,
    waivers_of,
    without_gc,
)
from upgrader.cli.origins import Origin, gather, origin_options, said_by
from upgrader.cli.output import document, emit, output_option

if TYPE_CHECKING:
    from upgrader.assess.assess import Part
    from upgrader.assess.check import Check
    from upgrader.big_files import Judge
    from upgrader.model.facts import ClusterFacts
    from upgrader.model.finding import Assessment
    from upgrader.model.version import CcmVersion


@click.command()
@target_option
@click.option("--fail-on", type=click.Choice(["fail", "warn"]), default="fail", show_default=True,
              help="The least outcome that makes the exit code 3 (fail) or 4 (warn).")  # fmt: skip
@click.option("--accept-unknown", is_flag=True, help="Exit 0 although something could not be judged.")
@click.option("--only", multiple=True, metavar="CODE", help="Run only these checks.")
@waiver_options
@origin_options
@output_option
@click.pass_context
def check(
    ctx: click.Context,
    /,
    target: str | None,
    fail_on: str,
    accept_unknown: bool,
    only: tuple[str, ...],
    waived: tuple[str, ...],
    reasons: tuple[str, ...],
    suppressions: Path | None,
    fmt: str,
    **origin: Any,
) -> None:
    """Judge a cluster against a target version: what is in the way, what will change, what is not known.

    Exit codes: 0 nothing in the way, 3 a FAIL stands, 4 a WARN stands and --fail-on warn, 5 something is UNKNOWN.
    """
    from upgrader import pipeline
    from upgrader.assess.select import select
    from upgrader.matrix.load import load_matrix
    from upgrader.plugins import all_checks

    waivers, suppress = waivers_of(waived, reasons), suppressions_of(suppressions)
    checks = select(all_checks(), only)
    with without_gc():
        matrix = load_matrix()

        def judge(facts: ClusterFacts) -> Part:
            return pipeline.check_part(keep(facts), target_of(target, facts), matrix, checks)

        facts, parts = _in_stretches(Origin(**origin), judge, checks) or (keep(gather(origin)), ())
        version = target_of(target, facts)
        assessment = pipeline.check(facts, version, matrix, waivers, only, suppress, checks, parts)
    emit(
        document(
            "Assessment", cluster=facts.identity, verdict=assessment.verdict, coverage=assessment.coverage,
            findings=assessment.findings, checks=assessment.checks, **{"from": facts.ccm.version, "to": str(version)},
            **({"shadow": assessment.shadow} if assessment.shadow else {}),
        ),
        fmt,
        lambda: _text(facts, version, assessment),
    )  # fmt: skip
    ctx.exit(exit_code_of(assessment, fail_on_warn=fail_on == "warn", accept_unknown=accept_unknown))


def _in_stretches(
    origin: Origin, judge: Judge, checks: Iterable[Check]
) -> tuple[ClusterFacts, tuple[Part, ...]] | None:
    """The facts of one large file but for its objects, and what was judged of these; None for all other origins."""
    if len(origin.files) != 1 or origin.live_cloud or origin.endpoint or not origin.files[0].is_file():
        return None
    from upgrader.big_files import can_judge_parts, judge_stretches

    judged = judge_stretches(origin.files[0], said_by(origin), judge) if can_judge_parts(checks) else None
    return (judged.facts, judged.parts) if judged else None


def _text(facts: ClusterFacts, version: CcmVersion, assessment: Assessment) -> str:
    from upgrader.report import terminal
    from upgrader.report.inert import clean
    from upgrader.report.paper import Paper

    paper = Paper.of()
    name = facts.identity.name or facts.identity.id or "this cluster"
    paper.line(f"{paper.bold(clean(name))}  CCM {clean(facts.ccm.version) or 'unknown'} {paper.arrow} {version}")
    paper.stated(facts.identity)
    paper.line()
    terminal.verdict_lines(paper, assessment.verdict, assessment.findings, assessment.coverage)
    terminal.findings(paper, assessment.findings, {run.code: run.title for run in assessment.checks})
    terminal.shadow(paper, assessment.shadow)
    terminal.broken(paper, assessment.checks)
    return paper.text()
