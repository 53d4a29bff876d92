"""`check`: preflight only. Reads, judges, prints; writes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

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
from upgrader.cli.origins import gather, origin_options
from upgrader.cli.output import document, emit, output_option

if TYPE_CHECKING:
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
    **origin: object,
) -> None:
    """Judge a cluster against a target version: what is in the way, what will change, what is not known.

    Exit codes: 0 nothing in the way, 3 a FAIL stands, 4 a WARN stands and --fail-on warn, 5 something is UNKNOWN.
    """
    from upgrader import pipeline
    from upgrader.matrix.load import load_matrix
    from upgrader.plugins import all_checks

    waivers, suppress = waivers_of(waived, reasons), suppressions_of(suppressions)
    with without_gc():
        facts = gather(origin)
        keep(facts)
        version = target_of(target, facts)
        assessment = pipeline.check(facts, version, load_matrix(), waivers, only, suppress, all_checks())
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
