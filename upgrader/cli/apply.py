"""`apply`: carry a plan out. The only command besides resume, rollback and unlock that writes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from upgrader.cli.exit_codes import Exit
from upgrader.cli.judging import suppressions_of, target_of, target_option, waiver_options, waivers_of
from upgrader.cli.origins import Origin, connect_all, look, origin_options
from upgrader.cli.output import confirm, emit, output_option, progress
from upgrader.cli.running import asked_to_stop, engine_of, exit_of, run_text, state_of, state_option
from upgrader.model.errors import InputError

if TYPE_CHECKING:
    from upgrader.model.plan import Plan


@click.command()
@click.argument("plan_file", metavar="[PLAN]", required=False, type=click.Path(path_type=Path))
@target_option
@click.option("--on-failure", type=click.Choice(["rollback", "pause"]), default="rollback", show_default=True)
@click.option("--accept-unknown", is_flag=True, help="Go on although something could not be judged.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@waiver_options
@state_option
@origin_options
@output_option
@click.pass_context
def apply(
    ctx: click.Context,
    /,
    plan_file: Path | None,
    target: str | None,
    on_failure: str,
    accept_unknown: bool,
    yes: bool,
    waived: tuple[str, ...],
    reasons: tuple[str, ...],
    suppressions: Path | None,
    state_dir: Path | None,
    fmt: str,
    **options: Any,
) -> None:
    """Fix what the plan fixes, upgrade CCM, verify; roll back when it fails.

    Exit codes: 0 done, 3 blocked, 5 something is UNKNOWN, 6 stale, 7 failed and rolled back, 8 a person is needed,
    9 locked, 11 paused or stalled.
    """
    from upgrader.ports.clock import SystemClock

    origin = Origin(**options)
    if origin.files:
        raise InputError(
            what="apply needs a live cluster, not files", next_command="leave -f out, or ccm-upgrade plan -f …"
        )
    if plan_file is not None:
        from upgrader.cli.plan import read_plan

        made = read_plan(plan_file)
    connections = connect_all(origin)
    if plan_file is None:
        from upgrader import pipeline
        from upgrader.matrix.load import load_matrix
        from upgrader.plugins import all_checks

        facts = look(origin, connections)
        waivers, suppress = waivers_of(waived, reasons), suppressions_of(suppressions)
        made = pipeline.make_plan(
            facts,
            target_of(target, facts),
            load_matrix(),
            now=SystemClock().now(),
            waive=waivers,
            suppress=suppress,
            checks=all_checks(),
        )
    refused = _refused(made, accept_unknown)
    if refused is not None:
        emit(made, fmt, lambda: _plan_text(made))
        ctx.exit(refused)
    if not made.steps:
        progress("nothing to do")
        emit(made, fmt)
        ctx.exit(Exit.DONE)
    if not yes:
        progress(_plan_text(made))
        confirm("Carry these steps out?")
    run_id = f"{SystemClock().now():%Y%m%dT%H%M%S}-{made.nonce[:6]}"
    with asked_to_stop() as stop:
        engine = engine_of(made, origin, connections, state_of(state_dir), run_id, create=True,
                           on_failure=on_failure, stop_asked=stop)  # fmt: skip
        run = engine.apply()
    emit(run, fmt, lambda: run_text(run))
    ctx.exit(exit_of(run))


def _refused(made: Plan, accept_unknown: bool) -> Exit | None:
    if made.verdict == "BLOCKED":
        return Exit.BLOCKED
    return Exit.UNKNOWN if made.verdict == "UNKNOWN" and not accept_unknown else None


def _plan_text(made: Plan) -> str:
    from upgrader.report.terminal import render_plan

    return render_plan(made)
