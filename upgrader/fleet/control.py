"""What people do to a run (pause, abort, approve, skip, retry), and which workers are alive."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import timedelta

import sqlalchemy as sa

from upgrader.fleet.ledger import Ledger
from upgrader.fleet.model import ENDED_RUNS, FAILED_STATES, FleetState
from upgrader.fleet.soak import NO_SOAK
from upgrader.fleet.tables import CLUSTERS, NOTES, WORKERS, RunRow
from upgrader.model.errors import InputError, StaleError
from upgrader.model.moments import rfc3339
from upgrader.processes import may_live

# A worker that was silent for so long is taken for dead; its clusters go to others under a new fence.
WORKER_SILENCE_S = 30
_SKIPPABLE = FAILED_STATES | {"waiting", "unknown"}
_NOT_SKIPPABLE = {"running": "is being upgraded now", "succeeded": "has succeeded", "skipped": "is left out already"}


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
            by = f"{state.lower()} by {who}: " if state in ("PAUSED", "ABORTED") else ""
            self.ledger.update(connection, row, now, state=state, cause=f"{by}{why}")

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
            shut = self._shut_gate(connection, row)
            if row.state != "RUNNING" and shut:
                raise StaleError(f"a gate of the run {run} was denied", why=row.cause,
                                 next_command=f"ccm-upgrade fleet approve {run} {shut} --reason TEXT")  # fmt: skip
            if row.state in ("PAUSED", "STALLED", "STOPPED"):
                self._note(connection, run, "running", who, why)
                self.ledger.update(connection, row, now, state="RUNNING", cause="")

    def shut_gate(self, run: str) -> str:
        """The wave still ahead whose gate was denied and not approved since; empty when there is none."""
        with self.ledger.begin() as connection:
            return self._shut_gate(connection, self.ledger.locked_run(connection, run))

    def _shut_gate(self, connection: sa.Connection, row: RunRow) -> str:
        ahead = [wave.name for wave in row.waves[row.wave :] if wave.gate]
        query = sa.select(NOTES.c.wave, NOTES.c.what).where(NOTES.c.run == row.id, NOTES.c.wave != "")
        last = {str(wave): str(what) for wave, what in connection.execute(query.order_by(NOTES.c.seq))}
        return next((name for name in ahead if last.get(name) == "deny"), "")

    def decide(self, run: str, wave: str, *, approve: bool, who: str, why: str) -> None:
        """Open a wave's gate, or deny it, which stops the run.

        Raises `InputError` for a wave without a gate, `StaleError` for a denial that comes after the wave.
        """
        now = self.ledger.clock.now()
        with self.ledger.begin() as connection:
            row = self.ledger.locked_run(connection, run, lock=True)
            _refuse_ended(row)
            gates = {w.name: number for number, w in enumerate(row.waves) if w.gate}
            if wave not in gates:
                raise InputError(
                    what=f"wave {wave!r} has no gate", where=run, why=f"gates: {', '.join(gates) or 'none'}",
                    next_command=f"ccm-upgrade fleet status {run}",
                )  # fmt: skip
            if not approve and gates[wave] < row.wave:
                raise StaleError(f"wave {wave} is over: its gate can't be shut any more", where=run,
                                 next_command=f"ccm-upgrade fleet pause {run} --reason TEXT")  # fmt: skip
            self._note(connection, run, "approve" if approve else "deny", who, why, wave)
            if not approve:
                cause = f"{denied_by(wave)}{who}: {why}"
                self.ledger.update(connection, row, now, state="STOPPED", cause=cause)

    def skip(self, run: str, cluster: str, *, who: str, why: str) -> None:
        """Leave a cluster out that has not started, has failed or is unknown. Raises `InputError` for any other."""
        with self.ledger.begin() as connection:
            self.ledger.locked_run(connection, run, lock=True)
            here = sa.and_(CLUSTERS.c.run == run, CLUSTERS.c.id == cluster)
            state = connection.execute(sa.select(CLUSTERS.c.state).where(here)).scalar()
            if state not in _SKIPPABLE:
                raise InputError(what=f"cluster {cluster!r} {_NOT_SKIPPABLE.get(str(state), 'is not of this run')}",
                                 where=run, next_command=f"ccm-upgrade fleet status {run}")  # fmt: skip
            connection.execute(CLUSTERS.update().where(here).values(state="skipped", error=why))
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

    def at_work(self, run: str) -> tuple[str, ...]:
        """Those of the living that this host does not know to be dead: nobody waits for the silence of a killed one."""
        return tuple(name for name in self.alive(run) if not _died_here(name))

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


def name_of_this_process() -> str:
    """A worker's name, used once: host, process, chance."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


def _died_here(name: str) -> bool:
    """Whether this is the name of a process of this host that is there no more."""
    host, _, pid = name.rpartition("-")[0].rpartition("-")
    return pid.isdigit() and not may_live(host, int(pid))
