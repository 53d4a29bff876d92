"""`history`: all runs on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from upgrader.cli.output import document, emit, output_option
from upgrader.cli.running import state_of, state_option


@click.command()
@state_option
@output_option
def history(state_dir: Path | None, fmt: str) -> None:
    """List runs, newest first. A run whose journal can't be read is listed with the reason."""
    from upgrader.cli.stored import stored_run
    from upgrader.execute.journal import runs_in
    from upgrader.model.errors import CcmUpgradeError
    from upgrader.report.paper import Paper

    rows: list[dict[str, str]] = []
    for run_id in runs_in(state_of(state_dir)):
        try:
            run = stored_run(state_of(state_dir), run_id)
            rows.append({"id": run_id, "state": run.state, "plan": run.plan, "cause": run.cause})
        except CcmUpgradeError as error:
            rows.append({"id": run_id, "state": "UNREADABLE", "plan": "", "cause": str(error)})

    def text() -> str:
        paper = Paper.of()
        paper.table([(r["id"], r["state"], r["cause"]) for r in rows], indent=0, header=("run", "state", "cause"))
        return paper.text() if rows else "no runs yet"

    emit(document("History", runs=rows), fmt, text)
