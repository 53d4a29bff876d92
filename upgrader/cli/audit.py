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
    """Check the journal's chain of hashes; an edited or cut journal is refused with its line (exit 64)."""
    from upgrader.execute.journal import FileStore

    store = FileStore(state_of(state_dir), run_id)
    entries = store.entries()
    torn = " (a torn last line was cut off)" if store.torn else ""
    emit(document("Audit", run=run_id, entries=len(entries), torn=store.torn, whole=True), fmt,
         f"{len(entries)} entries, whole{torn}")  # fmt: skip
