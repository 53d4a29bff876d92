"""`plan`: check, forecast and ordered steps, frozen; and `plan show|check|diff` on a saved one."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from upgrader.cli.exit_codes import Exit
from upgrader.cli.judging import (
    keep,
    suppressions_of,
    target_of,
    target_option,
    waiver_options,
    waivers_of,
    without_gc,
)
from upgrader.cli.origins import gather, origin_options
from upgrader.cli.output import document, emit, output_option, progress, write_private
from upgrader.cli.shadow import ShadowOptions, facts_with_dry_run, shadow_options
from upgrader.model.errors import InputError

if TYPE_CHECKING:
    from upgrader.model.plan import Plan

FORMATS = ("text", "json", "yaml")
PLAN_BYTES = 2 * 1024**3
"""No plan is larger: one of 50,000 Services from a dump takes 36 MB."""


@click.group(invoke_without_command=True)
@target_option
@click.option("-o", "--output", "outputs", multiple=True, metavar="text|json|yaml|FILE",
              help="The format on stdout, or a file to save the plan to (mode 0600); both may be given.")  # fmt: skip
@click.option(
    "--image", default="", help="The target's image, where the registry's tag is not the version (self-managed)."
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when the plan has steps to carry out.")
@shadow_options
@waiver_options
@origin_options
@click.pass_context
def plan(
    ctx: click.Context,
    /,
    target: str | None,
    outputs: tuple[str, ...],
    image: str,
    detailed_exitcode: bool,
    waived: tuple[str, ...],
    reasons: tuple[str, ...],
    suppressions: Path | None,
    **origin: object,
) -> None:
    """Check, forecast every write of the new CCM, and order the steps. Changes nothing, but for --shadow.

    Exit codes: 0 made, 2 it has steps and --detailed-exitcode, 3 a FAIL stands that no step mends.
    """
    if ctx.invoked_subcommand is not None:
        return
    made = _make(target, waived, reasons, origin, image, suppressions, ShadowOptions(origin))
    files = [Path(one) for one in outputs if one not in FORMATS]
    for path in files:
        _save(made, path)
    # A file alone still shows the plan: who saves a plan wants to read it as well.
    fmt = next((one for one in outputs if one in FORMATS), "text")
    emit(made, fmt, lambda: _text(made, str(files[0]) if files else ""))
    if made.verdict == "BLOCKED":
        ctx.exit(Exit.BLOCKED)
    ctx.exit(Exit.CHANGES if detailed_exitcode and made.steps else Exit.DONE)


def _make(
    target: str | None,
    waived: tuple[str, ...],
    reasons: tuple[str, ...],
    origin: dict[str, Any],
    image: str = "",
    suppressions: Path | None = None,
    shadow: ShadowOptions | None = None,
) -> Plan:
    from upgrader import pipeline
    from upgrader.matrix.load import load_matrix
    from upgrader.plugins import all_checks

    waivers, suppress = waivers_of(waived, reasons), suppressions_of(suppressions)
    with without_gc():
        if shadow is not None and shadow.wanted:
            facts = facts_with_dry_run(origin, shadow, lambda found: target_of(target, found), image)
        else:
            facts = keep(gather(origin))
        return keep(
            pipeline.make_plan(
                facts,
                target_of(target, facts),
                load_matrix(),
                now=_now(),
                waive=waivers,
                image=image,
                suppress=suppress,
                checks=all_checks(),
            )
        )


def _save(made: Plan, path: Path) -> None:
    from upgrader import codec

    write_private(path, codec.pretty(made).encode())
    progress(f"saved: {path}")


def _now() -> datetime:
    from upgrader.ports.clock import SystemClock

    return SystemClock().now()


def _text(made: Plan, saved_as: str) -> str:
    from upgrader.report.terminal import render_plan

    return render_plan(made, saved_as=saved_as)


def read_plan(path: Path) -> Plan:
    """The plan in the file. Raises `InputError` when it is no plan, or was edited."""
    from upgrader import codec
    from upgrader.discover.buffers import load
    from upgrader.model.plan import Plan
    from upgrader.plan.freshness import check_whole

    try:
        data = load(path, PLAN_BYTES)
    except OSError as error:
        raise InputError(what="can't read the plan", where=str(path), why=error.strerror or str(error),
                         next_command="ccm-upgrade plan -o plan.json makes one") from error  # fmt: skip
    try:
        found = codec.decode(bytes(data), Plan, where=str(path))
    except InputError as error:
        raise InputError(
            what="this is no plan, or not a whole one", where=str(path), why=error.why,
            next_command="ccm-upgrade plan -o plan.json makes one",
        ) from error  # fmt: skip
    check_whole(found, str(path))
    return found


@plan.command()
@click.argument("file", type=click.Path(path_type=Path))
@output_option
def show(file: Path, fmt: str) -> None:
    """Show a saved plan."""
    made = read_plan(file)
    emit(made, fmt, lambda: _text(made, str(file)))


@plan.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@origin_options
@output_option
def check_file(file: Path, fmt: str, **origin: object) -> None:
    """Say whether a saved plan may still be carried out: whole, in time, and its world unmoved (else exit 6)."""
    from upgrader.digests import facts_digests
    from upgrader.matrix.load import load_matrix
    from upgrader.plan.freshness import check_time, check_world

    made = read_plan(file)
    check_time(made, _now())
    facts = gather(origin)
    check_world(made, facts_digests(facts), facts.identity.id, load_matrix().digest)
    emit(document("PlanCheck", id=made.id, fresh=True, expires=made.expires), fmt,
         f"The plan fits: nothing that it rests on has moved. It is good until {made.expires}.")  # fmt: skip


@plan.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("other", type=click.Path(path_type=Path), required=False)
@origin_options
@output_option
@click.pass_context
def diff(ctx: click.Context, /, file: Path, other: Path | None, fmt: str, **origin: object) -> None:
    """Compare a saved plan with OTHER, or with one made now for the same target. Exit 2 where they differ."""
    from upgrader.plan.difference import difference

    old = read_plan(file)
    new = read_plan(other) if other else _make(old.to_version, (), (), origin)
    found = difference(old, new)
    emit(document("PlanDiff", old=old.id, new=new.id, differs=found.differs, difference=found), fmt,
         lambda: "\n".join(found.lines()) or "The plans are the same.")  # fmt: skip
    ctx.exit(Exit.CHANGES if found.differs else Exit.DONE)
