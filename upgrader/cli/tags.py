"""`tags`: tags that legacy CLBs lack. Writes nothing."""

from __future__ import annotations

import click
from msgspec import Struct

from upgrader.cli.exit_codes import Exit
from upgrader.cli.judging import context_without_forecast, target_of, target_option
from upgrader.cli.origins import gather, origin_options
from upgrader.cli.output import document, emit, output_option
from upgrader.model.finding import Finding


@click.group()
def tags() -> None:
    """Tags that legacy CLBs lack."""


@tags.command()
@target_option
@origin_options
@output_option
@click.pass_context
def plan(ctx: click.Context, /, target: str | None, fmt: str, **origin: object) -> None:
    """Each CLB that lacks its Service's tag: the tag to add, or why a person has to look.

    Exit codes: 0 all are tagged, 2 tags are to be added, 3 a person has to look, 5 CLBs could not be read.
    """
    from upgrader.assess.check import run_check
    from upgrader.migrations import legacy_clb_tag
    from upgrader.report.words import stated

    facts = gather(origin)
    run, findings = run_check(legacy_clb_tag, context_without_forecast(facts, target_of(target, facts)))
    rows = tuple(_row(finding) for finding in findings if finding.outcome != "UNKNOWN")
    lines = [_line(row) for row in rows] or [run.reason or "every CLB that CCM made carries its tag"]
    emit(document("TagPlan", cluster=facts.identity, state=run.state, reason=run.reason, tags=rows), fmt,
         lambda: "\n".join(filter(None, (stated(facts.identity), *lines))))  # fmt: skip
    if run.state in ("unknown", "broken"):
        ctx.exit(Exit.UNKNOWN)
    if any(not row.add for row in rows):
        ctx.exit(Exit.BLOCKED)
    ctx.exit(Exit.CHANGES if rows else Exit.DONE)


class TagRow(Struct, frozen=True, kw_only=True):
    """One Service whose CLB lacks its tag; `add` is False where a person has to look."""

    namespace: str
    name: str
    load_balancer_id: str | None
    tags: dict[str, str]
    add: bool
    why: str


def _row(finding: Finding) -> TagRow:
    return TagRow(
        namespace=finding.subject.namespace,
        name=finding.subject.name,
        load_balancer_id=finding.evidence.get("load_balancer_id"),
        tags=finding.evidence.get("tags", {}),
        add=bool(finding.evidence.get("mend")),
        why=finding.message,
    )


def _line(row: TagRow) -> str:
    if not row.add:
        return f"{row.namespace}/{row.name}: look: {row.why}"
    tags = ", ".join(f"{key}={value}" for key, value in sorted(row.tags.items()))
    return f"{row.namespace}/{row.name}: add {tags} to {row.load_balancer_id}"
