"""What people do to a run (pause, abort, approve, skip, retry), and which workers are alive."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from upgrader.fleet.ledger import Ledger
from upgrader.fleet.model import ENDED_RUNS, FAILED_STATES, FleetState
from upgrader.fleet.soak import NO_SOAK
from upgrader.fleet.tables import CLUSTERS, NOTES, WORKERS, RunRow
from upgrader.model.errors import InputError, StaleError
from upgrader.model.moments import rfc3339

# A worker that was silent for so long is taken for dead; its clusters go to others under a new fence.
WORKER_SILENCE_S = 30


class Control:
    """Decisions about a run, each written down with who and why."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def set_state(self, run: str, state: FleetState, *, who: str, why: str) -> None:
        """Pause, stall or abort: written down with who and why. Raises `StaleError` for a run that has ended."""
        now = self.ledger.clock.now()
        with self.ledger.begin() as connection:
            row = self.ledger.locked_run(connection, run, lock=True)
            _refuse_ended(row)
            self._note(connection, run, state.lower(), who, why)
            self.ledger.update(connection, row, now, state=state, cause=why)

    def go_on(self, run: str, *, who: str, why: str) -> None:
        """Let a run that was paused, stalled or stopped start clusters again, as far as its budget and gates let it.

        Does nothing to one that runs or has ended. Raises `StaleError` for one that was aborted, or whose gate was
        denied and not approved since.
        """
        now = self.ledger.clock.now()
        with self.ledger.begin() as connection:
            row = self.ledger.locked_run(connection, run, lock=True)
            if row.state == "ABORTED":
                _refuse_ended(row)
            if row.state != "RUNNING" and self._denied(connection, row):
                raise StaleError(f"a gate of the run {run} was denied", why=row.cause,
                                 next_command=f"ccm-upgrade fleet approve {run} WAVE --reason TEXT")  # fmt: skip
            if row.state in ("PAUSED", "STALLED", "STOPPED"):
                self._note(connection, run, "running", who, why)
                self.ledger.update(connection, row, now, state="RUNNING", cause="")

    def _denied(self, connection: sa.Connection, row: RunRow) -> bool:
        """Whether the last word about some gate that is still ahead was no."""
        ahead = {wave.name for wave in row.waves[row.wave :] if wave.gate}
        query = sa.select(NOTES.c.wave, NOTES.c.what).where(NOTES.c.run == row.id, NOTES.c.wave != "")
        last = {str(wave): str(what) for wave, what in connection.execute(query.order_by(NOTES.c.seq))}
        return any(last.get(name) == "deny" for name in ahead)

    def decide(self, run: str, wave: str, *, approve: bool, who: str, why: str) -> None:
        """Open a wave's gate, or deny it, which stops the run."""
        now = self.ledger.clock.now()
        with self.ledger.begin() as connection:
            row = self.ledger.locked_run(connection, run, lock=True)
            _refuse_ended(row)
            names = [w.name for w in row.waves if w.gate]
            if wave not in names:
                raise InputError(what=f"wave {wave!r} has no gate", next_command=f"gates: {', '.join(names) or 'none'}")
            self._note(connection, run, "approve" if approve else "deny", who, why, wave)
            if not approve:
                cause = f"{denied_by(wave)}{who}: {why}"
                self.ledger.update(connection, row, now, state="STOPPED", cause=cause)

    def skip(self, run: str, cluster: str, *, who: str, why: str) -> None:
        """Leave a cluster out that has not started, has failed or is unknown."""
        with self.ledger.begin() as connection:
            open_ = CLUSTERS.c.state.in_([*FAILED_STATES, "waiting", "unknown"])
            here = sa.and_(CLUSTERS.c.run == run, CLUSTERS.c.id == cluster, open_)
            changed = connection.execute(CLUSTERS.update().where(here).values(state="skipped", error=why))
            if changed.rowcount != 1:
                raise InputError(what=f"cluster {cluster!r} is not of this run, or is running now, or has succeeded",
                                 where=run, next_command=f"ccm-upgrade fleet status {run}")  # fmt: skip
            self._note(connection, run, f"skip {cluster}", who, why)

    def retry_failed(self, run: str, *, who: str, why: str) -> tuple[str, ...]:
        """Put failed and unknown clusters back to `waiting`, plans kept; go on from the first of their waves.

        Raises `StaleError` for a run that was aborted.
        """
        now = self.ledger.clock.now()
        with self.ledger.begin() as connection:
            row = self.ledger.locked_run(connection, run, lock=True)
            if row.state == "ABORTED":
                _refuse_ended(row)
            again = sa.and_(CLUSTERS.c.run == run, CLUSTERS.c.state.in_([*FAILED_STATES, "unknown"]))
            found = connection.execute(sa.select(CLUSTERS.c.id, CLUSTERS.c.wave).where(again)).all()
            if found:
                connection.execute(CLUSTERS.update().where(again).values(state="waiting", error="", worker=""))
                self._note(connection, run, "retry", who, why)
                first = min(wave for _, wave in found)
                self.ledger.update(
                    connection, row, now, state="RUNNING", wave=min(first, row.wave), cause="",
                    failures_in_a_row=0, wave_failures_in_a_row=0, **NO_SOAK,
                )  # fmt: skip
            return tuple(str(id_) for id_, _ in found)

    def _note(self, connection: sa.Connection, run: str, what: str, who: str, why: str, wave: str = "") -> None:
        at = rfc3339(self.ledger.clock.now())
        connection.execute(NOTES.insert().values(run=run, at=at, what=what, who=who, why=why, wave=wave))


def denied_by(wave: str) -> str:
    """How the cause of a run begins that was stopped at the gate of this wave."""
    return f"gate of wave {wave} denied by "


def _refuse_ended(row: RunRow) -> None:
    if row.state in ENDED_RUNS:
        raise StaleError(f"the run {row.id} is {row.state}", why=row.cause,
                         next_command=f"ccm-upgrade fleet report {row.id}")  # fmt: skip


class Workers:
    """Who is alive."""

    def __init__(self, ledger: Ledger, silence_s: float = WORKER_SILENCE_S) -> None:
        self.ledger, self.silence_s = ledger, silence_s

    def beat(self, run: str, worker: str) -> None:
        """This worker is alive."""
        now = rfc3339(self.ledger.clock.now())
        with self.ledger.begin() as connection:
            here = sa.and_(WORKERS.c.run == run, WORKERS.c.id == worker)
            if connection.execute(WORKERS.update().where(here).values(heartbeat=now)).rowcount == 0:
                connection.execute(WORKERS.insert().values(run=run, id=worker, heartbeat=now))

    def leave(self, run: str, worker: str) -> None:
        """This worker ends: nobody needs to wait for its silence."""
        with self.ledger.begin() as connection:
            connection.execute(WORKERS.delete().where(WORKERS.c.run == run, WORKERS.c.id == worker))

    def nobody(self, run: str) -> None:
        """No worker of this run lives: for a process that knows itself to be alone."""
        with self.ledger.begin() as connection:
            connection.execute(WORKERS.delete().where(WORKERS.c.run == run))

    def alive(self, run: str) -> tuple[str, ...]:
        """Workers that were heard of lately."""
        since = rfc3339(self.ledger.clock.now() - timedelta(seconds=self.silence_s))
        with self.ledger.begin() as connection:
            query = sa.select(WORKERS.c.id).where(WORKERS.c.run == run, WORKERS.c.heartbeat >= since)
            return tuple(str(one) for (one,) in connection.execute(query))

    def reap(self, run: str) -> tuple[str, ...]:
        """Take the clusters from silent workers, under a new fence; returns their ids.

        They stay `running`: half upgraded is in danger, and the budget goes on counting them until somebody ends it.
        """
        silent_since = rfc3339(self.ledger.clock.now() - timedelta(seconds=self.silence_s))
        with self.ledger.begin() as connection:
            alive = sa.select(WORKERS.c.id).where(WORKERS.c.run == run, WORKERS.c.heartbeat >= silent_since)
            lost = sa.and_(CLUSTERS.c.run == run, CLUSTERS.c.state == "running", CLUSTERS.c.worker != "",
                           CLUSTERS.c.worker.not_in(alive))  # fmt: skip
            ids = tuple(str(i) for (i,) in connection.execute(sa.select(CLUSTERS.c.id).where(lost)))
            if ids:
                connection.execute(CLUSTERS.update().where(lost).values(worker="", fence=CLUSTERS.c.fence + 1))
            return ids
