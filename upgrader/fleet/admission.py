"""Who may start, and how a cluster ends: every limit is judged here, in one transaction under the run's row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from upgrader import codec
from upgrader.fleet.ledger import Ledger
from upgrader.fleet.model import FAILED_STATES, ClusterPlan, ClusterState, Member, Wave
from upgrader.fleet.soak import NO_SOAK, soak_from, soaked
from upgrader.fleet.tables import CLUSTERS, NOTES, RUNS, Claim, RunRow, cluster_of, held_by
from upgrader.model.errors import LockedError
from upgrader.model.moments import rfc3339


def id_of(run: str, cluster: str, attempt: int, fence: int) -> str:
    """The id of a claim's workflow: no two claims share it."""
    return f"{run}/{cluster}/{attempt}/{fence}"


class Counts:
    """How many clusters of a run are in which state, by wave."""

    def __init__(self, found: Mapping[tuple[int, str], int]) -> None:
        self._found = found

    def of(self, state: str, wave: int | None = None) -> int:
        """Those in a state, of one wave when given."""
        return sum(n for (w, s), n in self._found.items() if s == state and wave in (None, w))

    def failed(self, wave: int | None = None) -> int:
        """Those that count against the budget for good."""
        return sum(self.of(state, wave) for state in FAILED_STATES)

    def all(self) -> int:
        """All clusters of the run."""
        return sum(self._found.values())


def _full(running: list[sa.RowMapping], column: str, limit: int) -> list[str]:
    """The regions or accounts in which no more may run."""
    return [name for name, count in Counter(str(one[column]) for one in running).items() if count >= limit]


def _admits(row: RunRow, wave: Wave, counts: Counts) -> bool:
    running, all_running = counts.of("running", row.wave), counts.of("running")
    return (
        wave.budget.admits(counts.failed(row.wave), running, row.wave_failures_in_a_row)
        and row.strategy.budget.of(counts.all()).admits(counts.failed(), all_running, row.failures_in_a_row)
        and running < wave.max_parallel
        and all_running < row.strategy.max_parallel.total
    )


def _failed(count: int) -> str:
    return f"{count} cluster{'' if count == 1 else 's'} failed"


class Admission:
    """Claims, fences and endings of one ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._told = ""

    def claim(self, run: str, worker: str) -> Claim | None:
        """The next cluster for this worker, marked running; None when none may start now.

        In one transaction under the run's row: state, window, gate, soak, wave and run budget with the clusters in
        flight reserved, parallel limits of wave, region and account.
        """
        now = self.ledger.clock.now()
        with self.ledger.begin() as connection:
            row = self.ledger.locked_run(connection, run, lock=True)
            if row.state in ("RUNNING", "STOPPED"):
                running = self._running(connection, run)
                orphan = next((one for one in running if one["worker"] == ""), None)
                if orphan is not None:  # in danger, and counted as such: no limit stands before it
                    return self._give(connection, row, orphan, worker, wave=row.waves[orphan["wave"]].name)
            if row.state != "RUNNING" or not row.strategy.may_start(now):
                return None
            counts = self._counts(connection, run)
            row = self._advanced(connection, row, now, counts)
            if row.state != "RUNNING" or row.soak_until or row.wave >= len(row.waves):
                return None
            wave = row.waves[row.wave]
            if wave.gate and not self._approved(connection, run, wave.name):
                return None
            if not _admits(row, wave, counts):
                return None
            return self._start(connection, row, wave, worker, running, now)

    def _counts(self, connection: sa.Connection, run: str) -> Counts:
        query = sa.select(CLUSTERS.c.wave, CLUSTERS.c.state, sa.func.count().label("n"))
        grouped = query.where(CLUSTERS.c.run == run).group_by(CLUSTERS.c.wave, CLUSTERS.c.state)
        return Counts({(row.wave, row.state): row.n for row in connection.execute(grouped)})

    def _running(self, connection: sa.Connection, run: str) -> list[sa.RowMapping]:
        """All that is in flight: no more rows than may run at once."""
        query = sa.select(CLUSTERS).where(CLUSTERS.c.run == run, CLUSTERS.c.state == "running")
        return list(connection.execute(query.order_by(CLUSTERS.c.wave, CLUSTERS.c.position)).mappings())

    def _start(
        self, connection: sa.Connection, row: RunRow, wave: Wave, worker: str, running: list[sa.RowMapping],
        now: datetime,
    ) -> Claim | None:  # fmt: skip
        limits = row.strategy.max_parallel
        query = (
            sa.select(CLUSTERS)
            .where(CLUSTERS.c.run == row.id, CLUSTERS.c.wave == row.wave, CLUSTERS.c.state == "waiting")
            .where(CLUSTERS.c.region.not_in(_full(running, "region", limits.per_region)))
            .where(CLUSTERS.c.account.not_in(_full(running, "account", limits.per_account)))
            .order_by(CLUSTERS.c.position)
            .limit(1)
        )
        found = connection.execute(query).mappings().first()
        if found is None:
            return None
        started = {"state": "running", "attempt": found["attempt"] + 1, "started": rfc3339(now)}
        return self._give(connection, row, found, worker, wave=wave.name, finished="", error="", **started)

    def _give(
        self, connection: sa.Connection, row: RunRow, found: sa.RowMapping, worker: str,
        *, wave: str, **values: Any,
    ) -> Claim:  # fmt: skip
        fence = found["fence"] + 1
        connection.execute(cluster_of(row.id, found["id"]).values(worker=worker, fence=fence, **values))
        self._moved(connection, row.id)
        return Claim(
            run=row.id,
            member=codec.decode(found["member"], Member, where=f"cluster {found['id']}"),
            wave=wave,
            attempt=values.get("attempt", found["attempt"]),
            fence=fence,
            plan=found["plan"],
            cluster_run=found["cluster_run"],
            approved=codec.decode(found["judged"], ClusterPlan, where=f"cluster {found['id']}").steps,
        )

    def advance(self, connection: sa.Connection, row: RunRow, now: datetime) -> RunRow:
        """Move on when this wave has ended and soaked; end the run after the last wave, or when it must stop."""
        return self._advanced(connection, row, now, self._counts(connection, row.id))

    def _advanced(self, connection: sa.Connection, row: RunRow, now: datetime, counts: Counts) -> RunRow:
        wave, whole = row.waves[row.wave], row.strategy.budget.of(counts.all())
        failed, all_failed = counts.failed(row.wave), counts.failed()
        open_here = counts.of("waiting", row.wave) + counts.of("running", row.wave)
        spent = wave.budget.spent(failed, row.wave_failures_in_a_row) or whole.spent(all_failed, row.failures_in_a_row)
        if spent and counts.of("waiting"):
            cause = f"failure budget spent in wave {wave.name}: {all_failed} failed"
            return self.ledger.update(connection, row, now, state="STOPPED", cause=cause)
        if open_here:
            return row
        if row.soak_until == "" and wave.soak_s and row.wave + 1 < len(row.waves):
            return self.ledger.update(connection, row, now, **soak_from(now, wave))
        if row.soak_until and not soaked(row, now):
            return row
        if row.wave + 1 < len(row.waves):
            return self.ledger.update(
                connection, row, now, wave=row.wave + 1, wave_failures_in_a_row=0, **NO_SOAK
            )  # fmt: skip
        if all_failed:
            return self.ledger.update(connection, row, now, state="FAILED", cause=_failed(all_failed))
        unknown = counts.of("unknown")
        cause = f"nothing was tried on {unknown} UNKNOWN cluster{'' if unknown == 1 else 's'}" if unknown else ""
        return self.ledger.update(connection, row, now, state="SUCCEEDED", cause=cause)

    def waits_for(self, row: RunRow, now: datetime) -> str:
        """Why the run may rightly stand still now: a soak, a gate, a window; empty when nothing holds it."""
        if row.soak_until and rfc3339(now) < row.soak_until:
            return f"soak of wave {row.waves[row.wave].name} until {row.soak_until}"
        wave = row.waves[row.wave]
        with self.ledger.begin() as connection:
            if wave.gate and not self._approved(connection, row.id, wave.name):
                return f"gate of wave {wave.name}: ccm-upgrade fleet approve {row.id} {wave.name} --reason TEXT"
        return "" if row.strategy.may_start(now) else "the next window"

    def counts(self, run: str) -> Counts:
        """How many clusters are in which state now, by wave."""
        with self.ledger.begin() as connection:
            return self._counts(connection, run)

    def check_fence(self, claim: Claim) -> None:
        """Raises `LockedError` when the cluster was given to another worker, or the run was aborted."""
        with self.ledger.begin() as connection:
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

    def progress(self, claim: Claim, step: str, *, plan: str = "", cluster_run: str = "") -> bool:
        """Remember the step that the cluster is at. Does nothing under an old fence, and returns False."""
        values: dict[str, Any] = {"step": step}
        values.update({k: v for k, v in (("plan", plan), ("cluster_run", cluster_run)) if v})
        with self.ledger.begin() as connection:
            held = connection.execute(held_by(claim).values(**values)).rowcount == 1
            if held:
                self._moved(connection, claim.run)
            return held

    def finish(self, claim: Claim, state: ClusterState, error: str = "", step: str = "") -> bool:
        """Record how the cluster ended, and the `step` that failed; without one, the last that was told stays.

        False under an old fence: somebody else answers for it now.
        """
        now, at = self.ledger.clock.now(), {"step": step} if step else {}
        with self.ledger.begin() as connection:
            row = self.ledger.locked_run(connection, claim.run, lock=True)
            done = connection.execute(held_by(claim).values(state=state, error=error, finished=rfc3339(now), **at))
            if done.rowcount != 1:
                return False
            here, keep = RUNS.update().where(RUNS.c.id == claim.run), int(state != "succeeded")
            more = int(state in FAILED_STATES)
            connection.execute(
                here.values(
                    failures_in_a_row=RUNS.c.failures_in_a_row * keep + more,
                    wave_failures_in_a_row=RUNS.c.wave_failures_in_a_row * keep + more,
                )
            )
            row = self.ledger.locked_run(connection, claim.run)
            if row.state == "RUNNING":
                self.advance(connection, row, now)
            else:
                self._moved(connection, claim.run)
            return True

    def release(self, claim: Claim, why: str) -> None:
        """Give a cluster back that is half done and safe to go on with; it stays in the budget."""
        with self.ledger.begin() as connection:
            connection.execute(held_by(claim).values(worker="", error=why, fence=claim.fence + 1))
            self._moved(connection, claim.run)

    def give_back(self, run: str, worker: str, held: frozenset[str]) -> None:
        """Take the clusters from a worker that it does not know of (`held`: ids of claims); others may go on there."""
        query = sa.select(CLUSTERS.c.id, CLUSTERS.c.attempt, CLUSTERS.c.fence).where(
            CLUSTERS.c.run == run, CLUSTERS.c.worker == worker, CLUSTERS.c.state == "running"
        )
        with self.ledger.begin() as connection:
            for row in connection.execute(query).all():
                if id_of(run, row.id, row.attempt, row.fence) not in held:
                    connection.execute(cluster_of(run, row.id).values(worker="", fence=row.fence + 1))

    def _moved(self, connection: sa.Connection, run: str) -> None:
        moment = rfc3339(self.ledger.clock.now())
        if moment == self._told:
            return
        self._told = moment
        # Once a second is enough for the watchdog; all workers would queue for this row otherwise.
        connection.execute(RUNS.update().where(RUNS.c.id == run, RUNS.c.moved < moment).values(moved=moment))

    def _approved(self, connection: sa.Connection, run: str, wave: str) -> bool:
        query = sa.select(NOTES.c.what).where(NOTES.c.run == run, NOTES.c.wave == wave).order_by(NOTES.c.seq.desc())
        return connection.execute(query.limit(1)).scalar() == "approve"
