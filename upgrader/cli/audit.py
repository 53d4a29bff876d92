"""`audit verify`: prove that a run's journal and backup are whole."""

from __future__ import annotations

from pathlib import Path

import click

from upgrader.cli.output import document, emit, output_option
from upgrader.cli.running import state_of, state_option


@click.group()
def audit() -> None:
    """Prove what a run did."""


@audit.command()
@click.argument("run_id", metavar="RUN")
@state_option
@output_option
def verify(run_id: str, state_dir: Path | None, fmt: str) -> None:
    """Check the journal's chain of hashes, the plan's id and the backup's checksum.

    What was edited or cut is refused with its place (exit 64). That the journal was cut after a whole line is found
    out by `resume`: the cluster remembers its last entry.
    """
    from upgrader.cli.stored import stored_backup, stored_plan
    from upgrader.execute.journal import FileStore

    directory = state_of(state_dir)
    store = FileStore(directory, run_id)
    entries = store.entries()
    plan = stored_plan(directory, run_id)
    backed_up = any(entry.event == "backup" for entry in entries)
    if backed_up:
        stored_backup(directory, str(directory / run_id))
    torn = " (the last line is torn: its entry was never acted on)" if store.torn else ""
    found = document("Audit", run=run_id, plan=plan.id, entries=len(entries), torn=store.torn, backup=backed_up,
                     whole=True)  # fmt: skip
    emit(found, fmt, f"{len(entries)} entries, plan{' and backup' if backed_up else ''}: whole{torn}")
