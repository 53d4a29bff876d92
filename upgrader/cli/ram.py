"""`ram`: what the target needs and the role lacks, and the document that would do. Writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
        document("RamDiff", cluster=context.facts.identity, to=str(context.target), delta=found, actions=actions),
        fmt,
        lambda: _table(context),
    )
    if found.missing or found.denied:
        ctx.exit(Exit.CHANGES)
    ctx.exit(Exit.UNKNOWN if found.unknown else Exit.DONE)


@ram.command()
@click.option("--apply", "writes", is_flag=True, help="With what apply, resume and rollback write.")
@click.option("--shadow", "shadow", is_flag=True, help="With what plan --shadow asks about the dry run's identity.")
@output_option
def caller(writes: bool, shadow: bool, fmt: str) -> None:
    """Print the policy document for whoever runs this tool: the actions that it calls itself, and no other."""
    from upgrader import codec
    from upgrader.ram.ours import ASKS, READS, SHADOW, WRITES
    from upgrader.ram.ours import document as allowing

    wanted = {**READS, **(SHADOW if shadow else {}), **({**ASKS, **WRITES} if writes else {})}
    found = document("RamCaller", document=allowing(wanted), actions=dict(sorted(wanted.items())))
    emit(found, fmt, lambda: codec.pretty(allowing(wanted)))


@ram.command()
@target_option
@click.option("--all", "everything", is_flag=True, help="All actions that the target needs, not only the missing ones.")
@origin_options
@output_option
@click.pass_context
def policy(ctx: click.Context, /, target: str | None, everything: bool, fmt: str, **origin: object) -> None:
    """Print the policy document: the role's own with the missing actions added, or one of its own with --all.

    As text it is the bare document, ready to be pasted; as JSON or YAML it also names the role and what was added.
    Exit codes: 0 printed, or nothing is missing; 5 the role's policies could not be read or decided.
    """
    from upgrader import codec
    from upgrader.ram.delta import delta
    from upgrader.ram.minimal import new_document, size_of

    context = _context(target, origin)
    found = delta(context.facts.ram, context.ram)
    made, name, added = found.document, found.policy, found.missing
    if everything:
        made, name, added = new_document(context.needed_actions), "", tuple(sorted(context.needed_actions))
        progress(f"a policy of its own: every action that CCM {context.target} needs here ({size_of(made)} bytes)")
    elif made is not None:
        progress(f"{name or 'a policy of its own'}, with {', '.join(added)} ({size_of(made)} bytes)")
    elif found.unknown:
        progress(f"not decided: {', '.join(found.unknown)}; `ccm-upgrade ram policy --all` prints all that is needed")
    else:
        progress("nothing is missing: no policy needs a change")
    role = context.facts.ram.role
    value = document("RamPolicy", to=str(context.target), role=role, policy=name, added=added, **(made or {}))
    emit(value, fmt, lambda: codec.pretty(made) if made is not None else "")
    ctx.exit(Exit.UNKNOWN if made is None and found.unknown else Exit.DONE)


def _context(target: str | None, origin: dict[str, Any]) -> Context:
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
        (_answer(decision), action, paper.say(context.needed_actions[action]))
        for action, decision in sorted(
            context.ram.decisions.items(), key=lambda one: (_answer(one[1]) == "allow", one[0])
        )
    ]
    role = context.facts.ram.role or "role unknown"
    paper.line(f"{role}: {len(rows)} actions are needed by CCM {context.target} here")
    paper.stated(context.facts.identity)
    paper.table(rows, indent=0, header=("answer", "action", "needed for"))
    return paper.text()
