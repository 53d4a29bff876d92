"""The fleet's ledger: the one truth about who may start, who runs, and how each cluster ended.

Limits are enforced here (`admission`), in one transaction per question, so that several workers on one database can
never put more clusters in danger than agreed. SQLite for one host, PostgreSQL for several. The scheduler knows nothing
of it; what happened inside a cluster stands in that run's own journal.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from upgrader import codec
from upgrader.fleet.model import ClusterPlan, Member, Wave
from upgrader.fleet.strategy import Strategy
from upgrader.fleet.tables import CLUSTERS, METADATA, NOTES, RUNS, SCHEMA, Row, RunRow, row_of
from upgrader.model.errors import AbsentError, InputError, StaleError, TransientError
from upgrader.model.moments import rfc3339
from upgrader.ports.clock import Clock

_TABLES_LOCK = 0x63636D7570
"""PostgreSQL's advisory locks are numbers; this one is `ccmup`."""
_FULL = ("disk is full", "no space left")
"""What SQLite and PostgreSQL say when their disk is."""
_CHANGING = tuple(column for column in RUNS.c if column.name not in ("strategy", "waves"))


class Ledger:
    """Connections and transactions, a run's birth, and looking at it. One transaction per call."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.clock = clock
        self.sqlite = url.startswith("sqlite")
        # A run's strategy and waves never change: with 10,000 clusters they are read once, not at each claim.
        self._fixed: dict[str, tuple[Strategy, tuple[Wave, ...]]] = {}
        self.engine = sa.create_engine(url, connect_args={"timeout": 30} if self.sqlite else {},
                                       pool_pre_ping=not self.sqlite)  # fmt: skip
        if self.sqlite:
            sa.event.listen(self.engine, "connect", _sqlite_settings)
            sa.event.listen(self.engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        try:
            with self.begin() as connection:
                if not self.sqlite:
                    # Of several who come first to a new database one makes the tables: IF NOT EXISTS alone is a race.
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TABLES_LOCK)))
                self._refuse_older(connection)
                METADATA.create_all(connection)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """One transaction. Raises `TransientError` when the database does not answer, `InputError` when it is no use.

        An `IntegrityError` goes through: what it means knows whoever wrote.
        """
        try:
            with self.engine.begin() as connection:
                yield connection
        except sa.exc.IntegrityError:
            raise
        except sa.exc.DatabaseError as error:
            raise told(error, self.engine.url) from error

    def _refuse_older(self, connection: sa.Connection) -> None:
        """A database of an older version lacks columns: say so, instead of asking it for them."""
        looked = sa.inspect(connection)
        if not looked.has_table(RUNS.name):
            return
        for table in (RUNS, CLUSTERS):
            if set(table.c.keys()) - {str(column["name"]) for column in looked.get_columns(table.name)}:
                raise InputError(
                    what="the fleet runs there were written by an older version of ccm-upgrade",
                    where=self.engine.url.render_as_string(hide_password=True),
                    next_command="finish them with that version, then give this one a new --state-dir or --database",
                )  # fmt: skip

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    # -- a run is born ---------------------------------------------------------------------------------------------

    def create(
        self, run: str, strategy: Strategy, members: tuple[Member, ...], waves: tuple[Wave, ...],
        judged: tuple[ClusterPlan, ...] = (),
    ) -> None:  # fmt: skip
        """Write a new run with all its clusters waiting. Raises `StaleError` when the id was used before."""
        by_id = {member.id: member for member in members}
        found = {one.id: one for one in judged}
        now = rfc3339(self.clock.now())
        rows = [
            {
                "run": run, "id": id_, "wave": number, "position": position, "member": codec.encode(by_id[id_]),
                "judged": codec.encode(found.get(id_) or ClusterPlan(id=id_, verdict="UNKNOWN")),
                "region": by_id[id_].region, "account": by_id[id_].account, "state": "waiting", "step": "", "error": "",
                "plan": "", "cluster_run": "", "attempt": 0, "fence": 0, "worker": "", "started": "", "finished": "",
            }
            for number, wave in enumerate(waves)
            for position, id_ in enumerate(wave.members)
        ]  # fmt: skip
        try:
            with self.begin() as connection:
                connection.execute(
                    RUNS.insert().values(
                        id=run, state="RUNNING", schema=SCHEMA, strategy=codec.encode(strategy),
                        waves=codec.encode(waves), wave=0, soak_until="", soak_due="", soak_passed="",
                        created=now, moved=now, failures_in_a_row=0, wave_failures_in_a_row=0, cause="",
                    )
                )  # fmt: skip
                connection.execute(CLUSTERS.insert(), rows)
        except sa.exc.IntegrityError as error:
            raise StaleError(
                f"the fleet run {run} exists already", next_command=f"ccm-upgrade fleet resume {run}"
            ) from error

    # -- looking ---------------------------------------------------------------------------------------------------

    def run(self, run: str) -> RunRow:
        """The run. Raises `AbsentError`, or `InputError` when another version of this tool wrote it."""
        with self.begin() as connection:
            return self.locked_run(connection, run)

    def runs(self) -> tuple[str, ...]:
        """Ids of all runs, newest first."""
        with self.begin() as connection:
            found = connection.execute(sa.select(RUNS.c.id).order_by(RUNS.c.created.desc(), RUNS.c.id))
            return tuple(str(row.id) for row in found)

    def clusters(self, run: str) -> tuple[Row, ...]:
        """All clusters of the run, by wave and position."""
        with self.begin() as connection:
            query = sa.select(CLUSTERS).where(CLUSTERS.c.run == run).order_by(CLUSTERS.c.wave, CLUSTERS.c.position)
            return tuple(row_of(row) for row in connection.execute(query).mappings())

    def in_flight(self, run: str) -> tuple[Row, ...]:
        """The clusters being upgraded now, by whomever."""
        with self.begin() as connection:
            query = sa.select(CLUSTERS).where(CLUSTERS.c.run == run, CLUSTERS.c.state == "running")
            ordered = query.order_by(CLUSTERS.c.wave, CLUSTERS.c.position)
            return tuple(row_of(row) for row in connection.execute(ordered).mappings())

    def notes(self, run: str) -> tuple[dict[str, str], ...]:
        """What people did to the run, oldest first: what, who, why, wave, at."""
        with self.begin() as connection:
            query = sa.select(NOTES).where(NOTES.c.run == run).order_by(NOTES.c.seq)
            return tuple({k: str(v) for k, v in row.items()} for row in connection.execute(query).mappings())

    def locked_run(self, connection: sa.Connection, run: str, *, lock: bool = False) -> RunRow:
        """The run inside a transaction; with `lock` nobody else decides about it until the transaction ends."""
        query = sa.select(*_CHANGING).where(RUNS.c.id == run)
        row = connection.execute(query.with_for_update() if lock and not self.sqlite else query).mappings().first()
        if row is None:
            raise AbsentError(f"no fleet run {run!r}", next_command="ccm-upgrade fleet status --all lists the runs")
        if row["schema"] != SCHEMA:
            raise InputError(
                what=f"the run {run} was written with ledger schema {row['schema']}, this version reads {SCHEMA}",
                next_command="finish the run with the version of ccm-upgrade that began it",
            )
        strategy, waves = self._fixed_of(connection, run)
        return RunRow(strategy=strategy, waves=waves, **{k: v for k, v in row.items() if k != "schema"})

    def _fixed_of(self, connection: sa.Connection, run: str) -> tuple[Strategy, tuple[Wave, ...]]:
        if run not in self._fixed:
            found = connection.execute(sa.select(RUNS.c.strategy, RUNS.c.waves).where(RUNS.c.id == run)).one()
            self._fixed[run] = (
                codec.decode(found.strategy, Strategy, where=f"strategy of {run}"),
                codec.decode(found.waves, tuple[Wave, ...], where=f"waves of {run}"),
            )
        return self._fixed[run]

    def update(self, connection: sa.Connection, row: RunRow, now: datetime, **values: Any) -> RunRow:
        """The run with some columns changed, and the moment noted: the watchdog looks at it."""
        connection.execute(RUNS.update().where(RUNS.c.id == row.id).values(moved=rfc3339(now), **values))
        return self.locked_run(connection, row.id)


def told(error: sa.exc.DatabaseError, url: sa.URL) -> TransientError | InputError:
    """What a database's error means: it does not answer now, or it is none that we can use."""
    where = url.render_as_string(hide_password=True)
    why = str(error.orig).partition("\n")[0] or type(error.orig).__name__
    if any(said in why.lower() for said in _FULL):
        return TransientError("the disk of the ledger's database is full", where=where, why=why,
                              next_command="make room on it, then ccm-upgrade fleet status --all")  # fmt: skip
    if isinstance(error, sa.exc.OperationalError):
        return TransientError("the ledger's database does not answer", where=where, why=why,
                              next_command="look at the database, then ccm-upgrade fleet status --all")  # fmt: skip
    # No right to its tables, read-only, no database at all.
    return InputError(
        what="the ledger can't be kept in this database", where=where, why=why,
        next_command="give --database one whose tables we may make and write, or --state-dir another folder",
    )  # fmt: skip


def _sqlite_settings(connection: Any, _: Any) -> None:
    # The driver must not open transactions by itself: BEGIN IMMEDIATE is ours, so that two claims never interleave.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
