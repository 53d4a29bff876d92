"""Runs on disk: a run's plan, the run itself, the list of all."""

from __future__ import annotations

from pathlib import Path

from upgrader import codec
from upgrader.execute.fold import fold
from upgrader.execute.journal import FileStore, runs_in
from upgrader.model.errors import AbsentError
from upgrader.model.plan import Plan
from upgrader.model.run import Run


def stored_plan(state_dir: Path, run_id: str) -> Plan:
    """The plan that a run carries out. Raises `AbsentError` for a run that is not there."""
    store = FileStore(state_dir, run_id)
    return codec.decode(store.load("plan.json"), Plan, where=f"{store.directory}/plan.json")


def stored_run(state_dir: Path, run_id: str = "") -> Run:
    """A run as its journal tells it; the newest where no id is given."""
    chosen = run_id or next(iter(runs_in(state_dir)), "")
    if not chosen:
        raise AbsentError("there is no run yet", where=str(state_dir), next_command="ccm-upgrade apply begins one")
    return fold(chosen, stored_plan(state_dir, chosen), FileStore(state_dir, chosen).entries())
