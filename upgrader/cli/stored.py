"""Runs on disk: a run's plan, its backup, the run itself."""

from __future__ import annotations

from pathlib import Path

from upgrader import __version__, codec
from upgrader.execute.backup import FILE, Backup, read_backup
from upgrader.execute.fold import fold
from upgrader.execute.journal import FileStore, runs_in
from upgrader.model.errors import AbsentError, InputError
from upgrader.model.plan import Plan
from upgrader.model.run import Run
from upgrader.plan.freshness import plan_id


def stored_plan(state_dir: Path, run_id: str) -> Plan:
    """The plan that a run carries out. Raises `AbsentError` for a run that is not there.

    Another version of the tool goes on with it as long as it reads the very same plan; else `InputError`.
    """
    store = FileStore(state_dir, run_id)
    where = f"{store.directory}/plan.json"
    plan = codec.decode(store.load("plan.json"), Plan, where=where)
    if plan_id(plan) != plan.id:
        older = f"it was made by ccm-upgrade {plan.tool or '?'}, this is {__version__}"
        raise InputError(
            what="the run's plan does not match its id", where=where,
            why="it was edited" if plan.tool == __version__ else older,
            next_command=f"go on with ccm-upgrade {plan.tool}, or rollback --to-backup {run_id}",
        )  # fmt: skip
    return plan


def stored_backup(state_dir: Path, named: str) -> Backup:
    """The backup of a run, or the one in a directory or file. Raises `AbsentError` and `InputError`."""
    path = Path(named)
    if not path.exists():
        path = state_dir / named
    if path.is_dir():
        path /= FILE
    try:
        data = path.read_bytes()
    except OSError as error:
        raise AbsentError(f"no backup {named!r}", where=str(path), why=error.strerror or str(error),
                          next_command="ccm-upgrade history lists the runs") from error  # fmt: skip
    backup = read_backup(data, str(path))
    if plan_id(backup.plan) != backup.plan.id:
        raise InputError(what="the backup's plan does not match its id", where=str(path),
                         why=f"it was made by ccm-upgrade {backup.plan.tool or '?'}, this is {__version__}",
                         next_command=f"use ccm-upgrade {backup.plan.tool}")  # fmt: skip
    return backup


def newest_begun(state_dir: Path) -> str:
    """The newest run that took its backup: one that was refused before changed nothing, and proves nothing. Else ""."""
    return next((run_id for run_id in runs_in(state_dir) if (state_dir / run_id / FILE).exists()), "")


def stored_run(state_dir: Path, run_id: str = "") -> Run:
    """A run as its journal tells it; the newest where no id is given."""
    chosen = run_id or next(iter(runs_in(state_dir)), "")
    if not chosen:
        raise AbsentError("there is no run yet", where=str(state_dir), next_command="ccm-upgrade apply begins one")
    return fold(chosen, stored_plan(state_dir, chosen), FileStore(state_dir, chosen).entries())
