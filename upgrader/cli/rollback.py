"""`rollback`: put back the old CCM and every object that a run changed."""

from __future__ import annotations

from pathlib import Path

import click

from upgrader.cli.exit_codes import Exit
from upgrader.cli.origins import Origin, connect_all, origin_options
from upgrader.cli.output import emit, output_option
from upgrader.cli.running import engine_of, run_text, state_of, state_option


@click.command()
@click.argument("run_id", metavar="RUN")
@state_option
@origin_options
@output_option
@click.pass_context
def rollback(ctx: click.Context, /, run_id: str, state_dir: Path | None, fmt: str, **options: object) -> None:
    """Walk the run's journal backwards. What somebody else changed since is left and told.

    Exit codes: 0 everything is back, 8 a person is needed for what is listed.
    """
    from upgrader.cli.stored import stored_plan

    origin = Origin(**options)  # type: ignore[arg-type]
    plan = stored_plan(state_of(state_dir), run_id)
    engine = engine_of(plan, origin, connect_all(origin), state_of(state_dir), run_id, create=False)
    run = engine.rollback()
    emit(run, fmt, lambda: run_text(run))
    ctx.exit(Exit.NEEDS_PERSON if run.left else Exit.DONE)
