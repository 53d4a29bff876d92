"""A run's process: its database, its lock, its durable engine, its worker."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from upgrader import codec
from upgrader.fleet.control import WORKER_SILENCE_S, Workers, name_of_this_process
from upgrader.fleet.job import ClusterJob
from upgrader.fleet.ledger import Ledger
from upgrader.fleet.planning import FleetPlan
from upgrader.fleet.tables import RunRow
from upgrader.model.errors import InputError, LockedError
from upgrader.ports.clock import Clock


def database_url(database: str, state_dir: Path) -> str:
    """The ledger's URL: PostgreSQL as given, else a SQLite file in the state directory, private to its owner.

    Raises `InputError` for any other, for a URL that is none, and for a directory that can't be made.
    """
    if not database:
        try:
            state_dir.mkdir(parents=True, mode=0o700, exist_ok=True)
        except OSError as error:
            raise InputError(
                what="can't make the state directory", where=str(state_dir), why=error.strerror or str(error),
                next_command="choose another one with --state-dir, or with CCM_UPGRADE_STATE",
            ) from error  # fmt: skip
        return f"sqlite:///{state_dir / 'fleet.db'}"
    scheme, separator, rest = database.partition("://")
    why = ""
    if scheme in ("postgresql", "postgres", "postgresql+psycopg") and separator:
        url = f"postgresql+psycopg://{rest}"
        try:
            sa.make_url(url)
            return url
        except (sa.exc.ArgumentError, ValueError):
            why = "its address can't be read; the port is a number"
    if scheme == "sqlite" and rest.strip("/"):
        return database
    raise InputError(
        what="not a database that a fleet can use", where=f"--database {scheme or database}", why=why,
        next_command="postgresql://user@host/name, or leave it out for a file on this host",
    )  # fmt: skip


def engine_url(url: str) -> str:
    """Where the durable engine keeps its books: on SQLite a file of its own, so that its locks hold nothing else up."""
    return f"{url.removesuffix('.db')}-engine.db" if url.startswith("sqlite") else url


def run_id_of(plan: FleetPlan) -> str:
    """The id of the run that carries a fleet plan out: the same plan is the same run, for a newer tool too.

    What is empty does not count: a field that a newer version added is empty in a plan made before.
    """
    return f"{plan.strategy.name}-{hashlib.sha256(codec.encode(_said(codec.plain(plan)))).hexdigest()[:8]}"


def _said(value: Any) -> Any:
    match value:
        case dict():
            return {key: said for key, inner in value.items() if (said := _said(inner))}
        case list() | tuple():
            return [_said(inner) for inner in value]
    return value


@contextmanager
def sole_process(url: str) -> Iterator[None]:
    """SQLite serves one process that works on runs. Raises `LockedError` while another one does."""
    path = Path(url.removeprefix("sqlite:///") + ".lock")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LockedError(
                "another process works on the fleet runs of this database", where=str(path.with_suffix("")),
                next_command="ccm-upgrade fleet status shows its run; several workers need --database postgresql://…",
            ) from error  # fmt: skip
        yield
    finally:
        os.close(descriptor)


def work_on(
    run: str,
    url: str,
    job: ClusterJob,
    clock: Clock,
    *,
    slots: int,
    say: Callable[[str], None],
    stop_asked: Callable[[], bool] = lambda: False,
    stall_s: float | None = None,
    silence_s: float = WORKER_SILENCE_S,
) -> RunRow:
    """Be a worker of the run until it ends, pauses or stands still; returns how it stands."""
    from upgrader.fleet.durable.engine import Durable
    from upgrader.fleet.worker import STALL_S, Worker

    ledger = Ledger(url, clock)
    name = name_of_this_process()
    worker = Worker(
        ledger,
        job,
        run,
        name,
        slots=slots,
        stall_s=stall_s or STALL_S,
        silence_s=silence_s,
        say=say,
        stop_asked=stop_asked,
    )
    try:
        ledger.run(run)
        with sole_process(url) if ledger.sqlite else nullcontext():
            if ledger.sqlite:  # whoever else is in the books is dead: we hold the lock
                Workers(ledger).nobody(run)
            durable = Durable(engine_url(url), name, slots, worker)
            try:
                return worker.go(durable)
            finally:
                durable.close()
                Workers(ledger).leave(run, name)
    finally:
        ledger.close()
