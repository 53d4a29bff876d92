"""The fleet's ledger: the one truth about who may start, who runs, and how each cluster ended.

Limits are enforced here, in one transaction per question, so that several workers on one database can never put more
clusters in danger than agreed. SQLite for one host, PostgreSQL for several. The scheduler (DBOS) knows nothing of it;
what happened inside a cluster stands in that run's own journal.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from upgrader import codec
from upgrader.fleet.model import FAILED_STATES, ClusterState, FleetState, Member, Wave
from upgrader.fleet.strategy import Strategy
from upgrader.model.errors import AbsentError, InputError, LockedError, StaleError, TransientError
from upgrader.ports.clock import Clock, rfc3339

SCHEMA = 1
# A worker that was silent for so long is taken for dead; its clusters go to others under a new fence.
WORKER_SILENCE_S = 30

_meta = sa.MetaData()
RUNS = sa.Table(
    "fleet_run", _meta,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("schema", sa.Integer, nullable=False),
    sa.Column("strategy", sa.LargeBinary, nullable=False),
    sa.Column("waves", sa.LargeBinary, nullable=False),
    sa.Column("wave", sa.Integer, nullable=False),
    sa.Column("soak_until", sa.String, nullable=False),
    sa.Column("created", sa.String, nullable=False),
    sa.Column("moved", sa.String, nullable=False),
    sa.Column("failures_in_a_row", sa.Integer, nullable=False),
    sa.Column("cause", sa.String, nullable=False),
)  # fmt: skip
CLUSTERS = sa.Table(
    "fleet_cluster", _meta,
    sa.Column("run", sa.String, primary_key=True),
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("wave", sa.Integer, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("member", sa.LargeBinary, nullable=False),
    sa.Column("region", sa.String, nullable=False),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("step", sa.String, nullable=False),
    sa.Column("error", sa.String, nullable=False),
    sa.Column("plan", sa.String, nullable=False),
    sa.Column("cluster_run", sa.String, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("worker", sa.String, nullable=False),
    sa.Column("started", sa.String, nullable=False),
    sa.Column("finished", sa.String, nullable=False),
    sa.Index("fleet_cluster_by_state", "run", "wave", "state", "position"),
)  # fmt: skip
WORKERS = sa.Table(
    "fleet_worker", _meta,
    sa.Column("run", sa.String, primary_key=True),
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("heartbeat", sa.String, nullable=False),
)  # fmt: skip
NOTES = sa.Table(
    "fleet_note", _meta,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("run", sa.String, nullable=False, index=True),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("what", sa.String, nullable=False),
    sa.Column("who", sa.String, nullable=False),
    sa.Column("why", sa.String, nullable=False),
    sa.Column("wave", sa.String, nullable=False),
)  # fmt: skip


class Claim(Struct, frozen=True, kw_only=True):
    """A cluster that this worker may upgrade now. `fence` must still be current at each write."""

    run: str
    member: Member
    wave: str
    attempt: int
    fence: int
    plan: str
    cluster_run: str


class Row(Struct, frozen=True, kw_only=True):
    """One cluster of a run as the ledger has it."""

    member: Member
    wave: int
    state: ClusterState
    step: str
    error: str
    plan: str
    cluster_run: str
    attempt: int
    fence: int
    worker: str
    started: str
    finished: str


class RunRow(Struct, frozen=True, kw_only=True):
    """One fleet run as the ledger has it. `wave` is the index of the current one."""

    id: str
    state: FleetState
    strategy: Strategy
    waves: tuple[Wave, ...]
    wave: int
    soak_until: str
    created: str
    moved: str
    failures_in_a_row: int
    cause: str


class Ledger:
    """All questions and changes, each in one transaction."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.clock = clock
        self.sqlite = url.startswith("sqlite")
        self.engine = sa.create_engine(url, connect_args={"timeout": 30} if self.sqlite else {}, pool_pre_ping=True)
        if self.sqlite:
            sa.event.listen(self.engine, "connect", _sqlite_settings)
            sa.event.listen(self.engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        with self._begin() as connection:
            _meta.create_all(connection)

    @contextmanager
    def _begin(self) -> Iterator[sa.Connection]:
        try:
            with self.engine.begin() as connection:
                yield connection
        except sa.exc.OperationalError as error:
            raise TransientError(
                "the ledger's database does not answer",
                where=self.engine.url.render_as_string(hide_password=True),
                why=str(error.orig).splitlines()[0],
                next_command="ccm-upgrade fleet doctor",
            ) from error

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    # -- a run is born ---------------------------------------------------------------------------------------------

    def create(self, run: str, strategy: Strategy, members: tuple[Member, ...], waves: tuple[Wave, ...]) -> None:
        """Write a new run with all its clusters waiting. Raises `StaleError` when the id was used before."""
        by_id = {member.id: member for member in members}
        now = rfc3339(self.clock.now())
        rows = [
            {
                "run": run, "id": id_, "wave": number, "position": position, "member": codec.encode(by_id[id_]),
                "region": by_id[id_].region, "account": by_id[id_].account, "state": "waiting", "step": "", "error": "",
                "plan": "", "cluster_run": "", "attempt": 0, "fence": 0, "worker": "", "started": "", "finished": "",
            }
            for number, wave in enumerate(waves)
            for position, id_ in enumerate(wave.members)
        ]  # fmt: skip
        try:
            with self._begin() as connection:
                connection.execute(
                    RUNS.insert().values(
                        id=run, state="RUNNING", schema=SCHEMA, strategy=codec.encode(strategy),
                        waves=codec.encode(waves), wave=0, soak_until="", created=now, moved=now,
                        failures_in_a_row=0, cause="",
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
        with self._begin() as connection:
            return self._run(connection, run)

    def runs(self) -> tuple[str, ...]:
        """Ids of all runs, newest first."""
        with self._begin() as connection:
            found = connection.execute(sa.select(RUNS.c.id).order_by(RUNS.c.created.desc(), RUNS.c.id))
            return tuple(str(row.id) for row in found)

    def clusters(self, run: str) -> tuple[Row, ...]:
        """All clusters of the run, by wave and position."""
        with self._begin() as connection:
            query = sa.select(CLUSTERS).where(CLUSTERS.c.run == run).order_by(CLUSTERS.c.wave, CLUSTERS.c.position)
            return tuple(_row(row) for row in connection.execute(query).mappings())

    def notes(self, run: str) -> tuple[dict[str, str], ...]:
        """What people did to the run, oldest first: what, who, why, wave, at."""
        with self._begin() as connection:
            query = sa.select(NOTES).where(NOTES.c.run == run).order_by(NOTES.c.seq)
            return tuple({k: str(v) for k, v in row.items()} for row in connection.execute(query).mappings())

    def _run(self, connection: sa.Connection, run: str, *, lock: bool = False) -> RunRow:
        query = sa.select(RUNS).where(RUNS.c.id == run)
        row = connection.execute(query.with_for_update() if lock and not self.sqlite else query).mappings().first()
        if row is None:
            raise AbsentError(f"no fleet run {run!r}", next_command="ccm-upgrade fleet status lists the runs")
        if row["schema"] != SCHEMA:
            raise InputError(
                what=f"the run {run} was written with ledger schema {row['schema']}, this version reads {SCHEMA}",
                next_command="finish the run with the version of ccm-upgrade that began it",
            )
        fields = {
            name: row[name]
            for name in ("id", "state", "wave", "soak_until", "created", "moved", "failures_in_a_row", "cause")
        }
        return RunRow(
            strategy=codec.decode(row["strategy"], Strategy, where=f"strategy of {run}"),
            waves=codec.decode(row["waves"], tuple[Wave, ...], where=f"waves of {run}"),
            **fields,
        )

    # -- who may start ---------------------------------------------------------------------------------------------

    def claim(self, run: str, worker: str) -> Claim | None:
        """The next cluster for this worker, marked running; None when none may start now.

        In one transaction under the run's row: state, window, gate, soak, wave and run budget with the clusters in
        flight reserved, parallel limits of wave, region and account.
        """
        now = self.clock.now()
        with self._begin() as connection:
            row = self._run(connection, run, lock=True)
            if row.state != "RUNNING" or not row.strategy.may_start(now):
                return None
            row = self._advance(connection, row, now)
            if row.state != "RUNNING" or row.soak_until or row.wave >= len(row.waves):
                return None
            wave = row.waves[row.wave]
            if wave.gate and not self._approved(connection, run, wave.name):
                return None
            if not self._admits(connection, row, wave):
                return None
            return self._start(connection, row, wave, worker, now)

    def _counts(self, connection: sa.Connection, run: str, wave: int | None = None) -> dict[str, int]:
        query = sa.select(CLUSTERS.c.state, sa.func.count().label("n")).where(CLUSTERS.c.run == run)
        if wave is not None:
            query = query.where(CLUSTERS.c.wave == wave)
        return {row.state: row.n for row in connection.execute(query.group_by(CLUSTERS.c.state))}

    def _admits(self, connection: sa.Connection, row: RunRow, wave: Wave) -> bool:
        here = self._counts(connection, row.id, row.wave)
        everywhere = self._counts(connection, row.id)
        failed, all_failed = (sum(c.get(s, 0) for s in FAILED_STATES) for c in (here, everywhere))
        running, all_running = here.get("running", 0), everywhere.get("running", 0)
        whole = row.strategy.budget.of(sum(everywhere.values()))
        return (
            wave.budget.admits(failed, running)
            and whole.admits(all_failed, all_running, row.failures_in_a_row)
            and running < wave.max_parallel
            and all_running < row.strategy.max_parallel.total
        )

    def _start(self, connection: sa.Connection, row: RunRow, wave: Wave, worker: str, now: datetime) -> Claim | None:
        full_regions, full_accounts = self._full(connection, row)
        query = (
            sa.select(CLUSTERS)
            .where(CLUSTERS.c.run == row.id, CLUSTERS.c.wave == row.wave, CLUSTERS.c.state == "waiting")
            .where(CLUSTERS.c.region.not_in(full_regions), CLUSTERS.c.account.not_in(full_accounts))
            .order_by(CLUSTERS.c.position)
            .limit(1)
        )
        found = connection.execute(query).mappings().first()
        if found is None:
            return None
        attempt, fence = found["attempt"] + 1, found["fence"] + 1
        connection.execute(
            _one(row.id, found["id"]).values(
                state="running",
                worker=worker,
                attempt=attempt,
                fence=fence,
                started=rfc3339(now),
                finished="",
                error="",
            )
        )
        self._moved(connection, row.id, now)
        return Claim(
            run=row.id,
            member=codec.decode(found["member"], Member, where=f"cluster {found['id']}"),
            wave=wave.name,
            attempt=attempt,
            fence=fence,
            plan=found["plan"],
            cluster_run=found["cluster_run"],
        )

    def _full(self, connection: sa.Connection, row: RunRow) -> tuple[list[str], list[str]]:
        limits = row.strategy.max_parallel
        full = []
        for column, limit in ((CLUSTERS.c.region, limits.per_region), (CLUSTERS.c.account, limits.per_account)):
            query = (
                sa.select(column)
                .where(CLUSTERS.c.run == row.id, CLUSTERS.c.state == "running")
                .group_by(column)
                .having(sa.func.count() >= limit)
            )
            full.append([str(value) for (value,) in connection.execute(query)])
        return full[0], full[1]

    def _advance(self, connection: sa.Connection, row: RunRow, now: datetime) -> RunRow:
        """Move on when this wave has ended and soaked; end the run after the last wave, or when it must stop."""
        counts = self._counts(connection, row.id, row.wave)
        everywhere = self._counts(connection, row.id)
        wave = row.waves[row.wave]
        failed = sum(counts.get(s, 0) for s in FAILED_STATES)
        all_failed = sum(everywhere.get(s, 0) for s in FAILED_STATES)
        whole = row.strategy.budget.of(sum(everywhere.values()))
        open_here = counts.get("waiting", 0) + counts.get("running", 0)
        if (wave.budget.spent(failed) or whole.spent(all_failed, row.failures_in_a_row)) and everywhere.get(
            "waiting", 0
        ):
            return self._end(
                connection, row, "STOPPED", f"failure budget spent in wave {wave.name}: {all_failed} failed", now
            )
        if open_here:
            return row
        if row.soak_until == "" and wave.soak_s and row.wave + 1 < len(row.waves):
            return self._set(connection, row, now, soak_until=rfc3339(now + timedelta(seconds=wave.soak_s)))
        if row.soak_until and rfc3339(now) < row.soak_until:
            return row
        if row.wave + 1 < len(row.waves):
            return self._set(connection, row, now, wave=row.wave + 1, soak_until="")
        return self._end(connection, row, "SUCCEEDED", "", now)

    def _end(self, connection: sa.Connection, row: RunRow, state: FleetState, cause: str, now: datetime) -> RunRow:
        return self._set(connection, row, now, state=state, cause=cause)

    def _set(self, connection: sa.Connection, row: RunRow, now: datetime, **values: Any) -> RunRow:
        connection.execute(RUNS.update().where(RUNS.c.id == row.id).values(moved=rfc3339(now), **values))
        return self._run(connection, row.id)

    def _moved(self, connection: sa.Connection, run: str, now: datetime) -> None:
        connection.execute(RUNS.update().where(RUNS.c.id == run).values(moved=rfc3339(now)))

    # -- a claimed cluster goes on ---------------------------------------------------------------------------------

    def check_fence(self, claim: Claim) -> None:
        """Raises `LockedError` when the cluster was given to another worker, or the run was aborted."""
        with self._begin() as connection:
            query = sa.select(CLUSTERS.c.fence, CLUSTERS.c.worker).where(
                CLUSTERS.c.run == claim.run, CLUSTERS.c.id == claim.member.id
            )
            row = connection.execute(query).first()
        if row is None or row.fence != claim.fence:
            raise LockedError(
                f"cluster {claim.member.id} now belongs to worker {row.worker if row else '(none)'}",
                where=f"fleet run {claim.run}",
                next_command=f"ccm-upgrade fleet status {claim.run}",
            )

    def progress(self, claim: Claim, step: str, *, plan: str = "", cluster_run: str = "") -> None:
        """Remember the step that the cluster is at. Does nothing under an old fence."""
        values: dict[str, Any] = {"step": step}
        values.update({k: v for k, v in (("plan", plan), ("cluster_run", cluster_run)) if v})
        with self._begin() as connection:
            connection.execute(_held(claim).values(**values))
            self._moved(connection, claim.run, self.clock.now())

    def finish(self, claim: Claim, state: ClusterState, error: str = "") -> bool:
        """Record how the cluster ended. False under an old fence: somebody else answers for it now."""
        now = self.clock.now()
        with self._begin() as connection:
            row = self._run(connection, claim.run, lock=True)
            done = connection.execute(_held(claim).values(state=state, error=error, finished=rfc3339(now)))
            if done.rowcount != 1:
                return False
            in_a_row = (
                row.failures_in_a_row + 1
                if state in FAILED_STATES
                else 0
                if state == "succeeded"
                else row.failures_in_a_row
            )
            connection.execute(RUNS.update().where(RUNS.c.id == claim.run).values(failures_in_a_row=in_a_row))
            row = self._run(connection, claim.run)
            if row.state == "RUNNING":
                self._advance(connection, row, now)
            else:
                self._moved(connection, claim.run, now)
            return True

    # -- workers ---------------------------------------------------------------------------------------------------

    def beat(self, run: str, worker: str) -> None:
        """This worker is alive."""
        now = rfc3339(self.clock.now())
        with self._begin() as connection:
            here = sa.and_(WORKERS.c.run == run, WORKERS.c.id == worker)
            if connection.execute(WORKERS.update().where(here).values(heartbeat=now)).rowcount == 0:
                connection.execute(WORKERS.insert().values(run=run, id=worker, heartbeat=now))

    def reap(self, run: str) -> tuple[str, ...]:
        """Give the clusters of silent workers back to `waiting` under a new fence; returns their ids."""
        silent_since = rfc3339(self.clock.now() - timedelta(seconds=WORKER_SILENCE_S))
        with self._begin() as connection:
            alive = sa.select(WORKERS.c.id).where(WORKERS.c.run == run, WORKERS.c.heartbeat >= silent_since)
            lost = sa.and_(CLUSTERS.c.run == run, CLUSTERS.c.state == "running", CLUSTERS.c.worker.not_in(alive))
            ids = tuple(str(i) for (i,) in connection.execute(sa.select(CLUSTERS.c.id).where(lost)))
            if ids:
                connection.execute(
                    CLUSTERS.update().where(lost).values(state="waiting", worker="", fence=CLUSTERS.c.fence + 1)
                )
            return ids

    # -- people ----------------------------------------------------------------------------------------------------

    def set_state(self, run: str, state: FleetState, *, who: str, why: str) -> None:
        """Pause, go on or abort: written down with who and why."""
        now = self.clock.now()
        with self._begin() as connection:
            row = self._run(connection, run, lock=True)
            self._note(connection, run, state.lower(), who, why)
            self._set(connection, row, now, state=state, cause=why)

    def decide(self, run: str, wave: str, *, approve: bool, who: str, why: str) -> None:
        """Open a wave's gate, or deny it, which stops the run."""
        now = self.clock.now()
        with self._begin() as connection:
            row = self._run(connection, run, lock=True)
            names = [w.name for w in row.waves if w.gate]
            if wave not in names:
                raise InputError(what=f"wave {wave!r} has no gate", next_command=f"gates: {', '.join(names) or 'none'}")
            self._note(connection, run, "approve" if approve else "deny", who, why, wave)
            if not approve:
                self._end(connection, row, "STOPPED", f"gate of wave {wave} denied by {who}: {why}", now)

    def skip(self, run: str, cluster: str, *, who: str, why: str) -> None:
        """Leave a cluster out that has not started, or has failed."""
        with self._begin() as connection:
            here = sa.and_(CLUSTERS.c.run == run, CLUSTERS.c.id == cluster, CLUSTERS.c.state != "running")
            changed = connection.execute(CLUSTERS.update().where(here).values(state="skipped", error=why))
            if changed.rowcount != 1:
                raise InputError(what=f"cluster {cluster!r} is not of this run, or is running now", where=run)
            self._note(connection, run, f"skip {cluster}", who, why)

    def retry_failed(self, run: str, *, who: str, why: str) -> tuple[str, ...]:
        """Put failed and unknown clusters back to `waiting`, plans kept; go on from the first of their waves."""
        now = self.clock.now()
        with self._begin() as connection:
            row = self._run(connection, run, lock=True)
            again = sa.and_(CLUSTERS.c.run == run, CLUSTERS.c.state.in_([*FAILED_STATES, "unknown"]))
            found = connection.execute(sa.select(CLUSTERS.c.id, CLUSTERS.c.wave).where(again)).all()
            if found:
                connection.execute(CLUSTERS.update().where(again).values(state="waiting", error="", worker=""))
                self._note(connection, run, "retry", who, why)
                first = min(wave for _, wave in found)
                self._set(
                    connection, row, now, state="RUNNING", wave=first, soak_until="", failures_in_a_row=0, cause=""
                )
            return tuple(str(id_) for id_, _ in found)

    def _note(self, connection: sa.Connection, run: str, what: str, who: str, why: str, wave: str = "") -> None:
        at = rfc3339(self.clock.now())
        connection.execute(NOTES.insert().values(run=run, at=at, what=what, who=who, why=why, wave=wave))

    def _approved(self, connection: sa.Connection, run: str, wave: str) -> bool:
        query = sa.select(NOTES.c.what).where(NOTES.c.run == run, NOTES.c.wave == wave).order_by(NOTES.c.seq.desc())
        return connection.execute(query.limit(1)).scalar() == "approve"


def _sqlite_settings(connection: Any, _: Any) -> None:
    # The driver must not open transactions by itself: BEGIN IMMEDIATE is ours, so that two claims never interleave.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _one(run: str, cluster: str) -> sa.Update:
    return CLUSTERS.update().where(CLUSTERS.c.run == run, CLUSTERS.c.id == cluster)


def _held(claim: Claim) -> sa.Update:
    return _one(claim.run, claim.member.id).where(CLUSTERS.c.fence == claim.fence, CLUSTERS.c.state == "running")


def _row(row: sa.RowMapping) -> Row:
    names = (
        "wave",
        "state",
        "step",
        "error",
        "plan",
        "cluster_run",
        "attempt",
        "fence",
        "worker",
        "started",
        "finished",
    )
    return Row(member=codec.decode(row["member"], Member, where=row["id"]), **{name: row[name] for name in names})
