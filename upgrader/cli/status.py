"""`status`: where a run stands, from its journal alone."""

from __future__ import annotations

from pathlib import Path

import click

from upgrader.cli.output import emit, output_option
from upgrader.cli.running import run_text, state_of, state_option


@click.command()
@click.argument("run_id", metavar="[RUN]", required=False, default="")
@state_option
@output_option
def status(run_id: str, state_dir: Path | None, fmt: str) -> None:
    """Show a run, the newest by default. Reads the journal only."""
    from upgrader.cli.stored import stored_run

    run = stored_run(state_of(state_dir), run_id)
    emit(run, fmt, lambda: run_text(run))
