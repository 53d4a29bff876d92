"""`rollback`: put back the old CCM and every object that a run changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from upgrader.cli.exit_codes import Exit
from upgrader.cli.origins import Origin, connect_all, origin_options
from upgrader.cli.output import emit, output_option
from upgrader.cli.running import asked_to_stop, engine_of, exit_of, run_text, state_of, state_option


@click.command()
@click.argument("run_id", metavar="[RUN]", required=False, default="")
@click.option("--to-backup", default="", metavar="DIR|RUN", help="Use a backup alone: the journal is lost.")
@click.option("--force", is_flag=True, help="Go back although the old CCM would harm what has come since.")
@state_option
@origin_options
@output_option
@click.pass_context
def rollback(
    ctx: click.Context, /, run_id: str, to_backup: str, force: bool, state_dir: Path | None, fmt: str, **options: Any
) -> None:
    """Walk the run's journal backwards. What somebody else changed since is left and told.

    With --to-backup the backup says what stood before; each object is put back where it stands as the plan wanted it.

    Exit codes: 0 everything is back, 3 the old CCM would harm what has come since, 6 nothing to undo, 8 a person is
    needed for what is listed, 11 stalled, 130 interrupted.
    """
    from upgrader.cli.stored import stored_backup, stored_plan
    from upgrader.model.errors import InputError
    from upgrader.ports.clock import SystemClock

    if bool(run_id) == bool(to_backup):
        raise InputError(what="name a run, or a backup with --to-backup", next_command="ccm-upgrade history")
    origin, directory = Origin(**options), state_of(state_dir)
    with asked_to_stop() as stop:
        if to_backup:
            backup = stored_backup(directory, to_backup)
            new_run = f"{SystemClock().now():%Y%m%dT%H%M%S}-back-{backup.plan.nonce[:6]}"
            engine = engine_of(backup.plan, origin, connect_all(origin), directory, new_run, create=True,
                               forced=force, stop_asked=stop)  # fmt: skip
            run = engine.rollback_to(backup)
        else:
            engine = engine_of(stored_plan(directory, run_id), origin, connect_all(origin), directory, run_id,
                               create=False, forced=force, stop_asked=stop)  # fmt: skip
            run = engine.rollback()
    emit(run, fmt, lambda: run_text(run))
    ctx.exit(Exit.DONE if run.state == "ROLLED_BACK" else exit_of(run))
