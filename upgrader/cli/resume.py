"""`resume`: go on with a run that was interrupted, from what is observed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from upgrader.cli.origins import Origin, connect_all, origin_options
from upgrader.cli.output import emit, output_option
from upgrader.cli.running import asked_to_stop, engine_of, exit_of, run_text, state_of, state_option


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--on-failure", type=click.Choice(["rollback", "pause"]), default="rollback", show_default=True)
@state_option
@origin_options
@output_option
@click.pass_context
def resume(
    ctx: click.Context, /, run_id: str, on_failure: str, state_dir: Path | None, fmt: str, **options: Any
) -> None:
    """Go on where the journal ends. What was under way is settled by looking, never by sending it again blindly."""
    from upgrader.cli.stored import stored_plan

    origin = Origin(**options)
    plan = stored_plan(state_of(state_dir), run_id)
    with asked_to_stop() as stop:
        engine = engine_of(plan, origin, connect_all(origin), state_of(state_dir), run_id, create=False,
                           on_failure=on_failure, stop_asked=stop)  # fmt: skip
        run = engine.resume()
    emit(run, fmt, lambda: run_text(run))
    ctx.exit(exit_of(run))
