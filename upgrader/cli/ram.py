"""`ram`: what the target needs and the role lacks, and the document that would do. Writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from upgrader.cli.exit_codes import Exit
from upgrader.cli.judging import context_without_forecast, target_of, target_option
from upgrader.cli.origins import gather, origin_options
from upgrader.cli.output import document, emit, output_option, progress

if TYPE_CHECKING:
    from upgrader.migrations.context import Context
    from upgrader.ram.evaluate import Decision


@click.group()
def ram() -> None:
    """RAM actions that the target needs and the role lacks."""


@ram.command()
@target_option
@origin_options
@output_option
@click.pass_context
def diff(ctx: click.Context, /, target: str | None, fmt: str, **origin: object) -> None:
    """Each action that the target needs here, and what the role's policies say to it.

    Exit codes: 0 all allowed, 2 some are missing or denied, 5 some can't be decided.
    """
    from upgrader.ram.delta import delta

    context = _context(target, origin)
    decisions = context.ram.decisions
    found = delta(context.facts.ram, context.ram)
    actions = [
        {
            "action": action,
            "answer": _answer(decision),
            "why": decision.why,
            "needed_for": context.needed_actions[action],
        }
        for action, decision in decisions.items()
    ]
    emit(
        document("RamDiff", to=str(context.target), delta=found, actions=actions),
        fmt,
        lambda: _table(context),
    )
    if found.missing or found.denied:
        ctx.exit(Exit.CHANGES)
    ctx.exit(Exit.UNKNOWN if found.unknown else Exit.DONE)


@ram.command()
@target_option
@click.option("--all", "everything", is_flag=True, help="All actions that the target needs, not only the missing ones.")
@origin_options
@output_option
def policy(target: str | None, everything: bool, fmt: str, **origin: object) -> None:
    """Print the policy document: the role's own with the missing actions added, or one of its own with --all."""
    from upgrader import codec
    from upgrader.ram.delta import delta
    from upgrader.ram.minimal import new_document, size_of

    context = _context(target, origin)
    if everything:
        made = new_document(context.needed_actions)
        progress(f"a policy of its own: every action that CCM {context.target} needs here ({size_of(made)} bytes)")
    else:
        found = delta(context.facts.ram, context.ram)
        if found.document is None:
            progress("nothing is missing: no policy needs a change")
            return
        made = found.document
        progress(f"{found.policy or 'a policy of its own'}, with {', '.join(found.missing)} ({size_of(made)} bytes)")
    emit(made, fmt, lambda: codec.pretty(made))


def _context(target: str | None, origin: dict[str, object]) -> Context:
    facts = gather(origin)
    return context_without_forecast(facts, target_of(target, facts))


def _answer(decision: Decision) -> str:
    if decision.answer != "deny":
        return decision.answer
    return "missing" if decision.statement is None else "denied"


def _table(context: Context) -> str:
    from upgrader.report.paper import Paper

    paper = Paper.of()
    rows = [
        (_answer(decision), action, context.needed_actions[action])
        for action, decision in sorted(
            context.ram.decisions.items(), key=lambda one: (_answer(one[1]) == "allow", one[0])
        )
    ]
    role = context.facts.ram.role or "role unknown"
    paper.line(f"{role}: {len(rows)} actions are needed by CCM {context.target} here")
    paper.table(rows, indent=0, header=("answer", "action", "needed for"))
    return paper.text()
