"""A wave soaks: its clusters are looked at again and again before the next wave may start."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from msgspec import Struct

from upgrader.fleet.job import ClusterJob, why_of
from upgrader.fleet.model import Wave
from upgrader.fleet.tables import CLUSTERS, RUNS, Row, RunRow, cluster_of, row_of
from upgrader.model.errors import TransientError
from upgrader.model.moments import rfc3339

if TYPE_CHECKING:
    from upgrader.fleet.admission import Admission

NO_SOAK = {"soak_until": "", "soak_due": "", "soak_passed": ""}
# After the soak's time a look that could not tell is repeated no more often than this.
LEAST_PAUSE_S = 30


def soak_from(now: datetime, wave: Wave) -> dict[str, str]:
    """The columns of a run whose wave begins to soak now."""
    first = min(wave.verify_every_s, wave.soak_s)
    return {"soak_until": rfc3339(now + timedelta(seconds=wave.soak_s)),
            "soak_due": rfc3339(now + timedelta(seconds=first)), "soak_passed": ""}  # fmt: skip


def soaked(row: RunRow, now: datetime) -> bool:
    """Whether the soak is over: its time is up, and a look that began after that found every cluster well."""
    if rfc3339(now) < row.soak_until:
        return False
    return not row.waves[row.wave].verify_every_s or row.soak_passed >= row.soak_until


class Look(Struct, frozen=True, kw_only=True):
    """One look at the clusters of a soaking wave: when it began, at whom."""

    run: str
    began: str
    clusters: tuple[Row, ...]


class Soak:
    """Hands out the looks that are due, and writes down what they found."""

    def __init__(self, admission: Admission) -> None:
        self.admission, self.ledger = admission, admission.ledger

    def due(self, run: str) -> Look | None:
        """The look that is due now, given to one worker; None when none is.

        The next one is due whether or not this worker lives to end it.
        """
        now = self.ledger.clock.now()
        with self.ledger.begin() as connection:
            row = self.ledger.locked_run(connection, run, lock=True)
            if row.state != "RUNNING" or not row.soak_until or rfc3339(now) < row.soak_due or soaked(row, now):
                return None
            wave = row.waves[row.wave]
            if not wave.verify_every_s:
                return None
            following = rfc3339(now + timedelta(seconds=wave.verify_every_s))
            if rfc3339(now) < row.soak_until:
                following = min(following, row.soak_until)
            else:
                following = max(following, rfc3339(now + timedelta(seconds=LEAST_PAUSE_S)))
            connection.execute(RUNS.update().where(RUNS.c.id == run).values(soak_due=following))
            query = sa.select(CLUSTERS).where(
                CLUSTERS.c.run == run, CLUSTERS.c.wave == row.wave, CLUSTERS.c.state == "succeeded"
            )
            clusters = tuple(row_of(one) for one in connection.execute(query).mappings())
            return Look(run=run, began=rfc3339(now), clusters=clusters)

    def found(self, look: Look, sick: Mapping[str, str], *, unsure: bool) -> None:
        """Write a look down: the sick are failed, with their cause, and counted in the budget.

        A look that was `unsure` of a cluster does not end the soak: unknown is never passed.
        """
        now = self.ledger.clock.now()
        with self.ledger.begin() as connection:
            row = self.ledger.locked_run(connection, look.run, lock=True)
            for id_, why in sick.items():
                failed = cluster_of(look.run, id_).where(CLUSTERS.c.state == "succeeded")
                connection.execute(failed.values(state="failed", step="soak", error=why, finished=rfc3339(now)))
            if not unsure:
                row = self.ledger.update(connection, row, now, soak_passed=look.began)
            if row.state == "RUNNING":
                self.admission.advance(connection, row, now)


class Looker:
    """Carries looks out beside a worker's loop, so that its heartbeat goes on."""

    def __init__(self, soak: Soak, job: ClusterJob, parallel: int, say: Callable[[str], None]) -> None:
        self.soak, self.job, self.parallel, self.say = soak, job, parallel, say
        self._busy = threading.Event()

    def look_if_due(self, run: str) -> None:
        """Begin the look that is due, unless one is under way here."""
        if self._busy.is_set():
            return
        look = self.soak.due(run)
        if look is not None:
            self._busy.set()
            threading.Thread(target=self._carry_out, args=(look,), name="soak", daemon=True).start()

    def _carry_out(self, look: Look) -> None:
        try:
            with ThreadPoolExecutor(self.parallel) as pool:
                answers = dict(zip(look.clusters, pool.map(self._verify, look.clusters), strict=True))
            sick = {row.member.id: why for row, why in answers.items() if why}
            self.soak.found(look, sick, unsure=None in answers.values())
        except TransientError as error:  # the database is away: the next look will be due all the same
            self.say(str(error))
        finally:
            self._busy.clear()

    def _verify(self, row: Row) -> str | None:
        """What is wrong with a cluster: empty when nothing is, None when it can't be told."""
        name = row.member.name or row.member.id
        try:
            why = self.job.verify(row.member, row.cluster_run)
        except Exception as error:  # noqa: BLE001 - a look that could not tell is told, and the soak goes on
            self.say(f"{name}: can't be verified while its wave soaks: {why_of(error)}")
            return None
        if why:
            self.say(f"{name}: sick while its wave soaks: {why}")
        return why
