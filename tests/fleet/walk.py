"""A random walk over the ledger: workers claim, end, die and are reaped, people pause, retry, skip and approve.

After each step the limits are proved from the rows alone. `python -m tests.fleet.walk STEPS SEED` is the long run: it
tells how far it is, and 100,000 steps take minutes.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from upgrader.fleet.admission import Admission
from upgrader.fleet.control import Control, Workers
from upgrader.fleet.ledger import Ledger
from upgrader.fleet.model import ENDED_RUNS, FAILED_STATES, Member
from upgrader.fleet.soak import Soak
from upgrader.fleet.strategy import BudgetSpec, Parallel, Strategy, WaveSpec
from upgrader.fleet.tables import CLUSTERS, RUNS, Claim
from upgrader.fleet.waves import waves_of
from upgrader.model.errors import LockedError, StaleError

_CLUSTERS = sa.select(CLUSTERS.c.id, CLUSTERS.c.wave, CLUSTERS.c.state, CLUSTERS.c.region, CLUSTERS.c.account).where(
    CLUSTERS.c.run == sa.bindparam("run")
)
_RUN = sa.select(RUNS.c.state, RUNS.c.failures_in_a_row).where(RUNS.c.id == sa.bindparam("run"))
REGIONS, ACCOUNTS = ("cn-hangzhou", "cn-beijing", "cn-shanghai"), ("", "ops")


class WalkClock:
    """Time that only the walk moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def strategy_of(dice: random.Random) -> Strategy:
    """Limits drawn at random, a gate and a soak among the waves."""
    return Strategy(
        target="v2.14.0",
        waves=(
            WaveSpec(name="canary", count=dice.randint(2, 6), soak=dice.choice(["0s", "2m"]), verify_every="1m",
                     budget=BudgetSpec(failures=dice.randint(1, 3))),
            WaveSpec(name="half", percent=50, gate=dice.random() < 0.5, max_parallel=dice.randint(1, 6)),
            WaveSpec(name="rest", rest=True),
        ),
        budget=BudgetSpec(failures=dice.randint(1, 8), consecutive=dice.choice([0, 0, 0, 2, 4])),
        max_parallel=Parallel(total=dice.randint(2, 9), per_region=dice.randint(2, 6), per_account=dice.randint(2, 8)),
    )  # fmt: skip


class Walk:
    """One run of the fleet, walked at random."""

    def __init__(self, url: str, run: str, dice: random.Random, clusters: int) -> None:
        self.run, self.dice, self.clock = run, dice, WalkClock()
        self.ledger = Ledger(url, self.clock)
        if self.ledger.sqlite:  # nothing is to survive here: a walk without waiting for the disk
            sa.event.listen(self.ledger.engine, "connect", lambda c, _: c.execute("PRAGMA synchronous=OFF"))
            self.ledger.engine.dispose()
        self.admission, self.control = Admission(self.ledger), Control(self.ledger)
        self.workers, self.soak = Workers(self.ledger), Soak(self.admission)
        self.strategy = strategy_of(dice)
        members = tuple(
            Member(id=f"c{n:04}", region=dice.choice(REGIONS), account=dice.choice(ACCOUNTS)) for n in range(clusters)
        )
        self.waves = waves_of(members, self.strategy)
        self.ledger.create(run, self.strategy, members, self.waves)
        self.held: dict[str, tuple[str, Claim]] = {}
        self.alive = {f"w{n}" for n in range(3)}
        self.names = 3
        self.succeeded: set[str] = set()
        self.sick_in_soak = 0

    def step(self) -> bool:
        """One random move, then the proof; whether the run goes on."""
        moves = (
            (self.claim,) * 8 + (self.end,) * 6 + (self.tick, self.tick, self.die, self.look, self.people, self.people)
        )
        self.dice.choice(moves)()
        return self.prove()

    def claim(self) -> None:
        worker = self.dice.choice(sorted(self.alive))
        self.workers.beat(self.run, worker)
        claim = self.admission.claim(self.run, worker)
        if claim is None:
            return
        assert claim.member.id not in self.succeeded, "a cluster was upgraded twice"
        if claim.member.id in self.held:  # only a claim that was taken away may be given again
            assert self.held[claim.member.id][1].fence < claim.fence
        self.held[claim.member.id] = (worker, claim)

    def end(self) -> None:
        if not self.held:
            return
        id_ = self.dice.choice(sorted(self.held))
        worker, claim = self.held.pop(id_)
        if worker not in self.alive:
            return
        state = self.dice.choices(("succeeded", "failed", "rolled-back", "unknown", "stalled"), (6, 1, 1, 1, 1))[0]
        if self.admission.finish(claim, state) and state == "succeeded":  # type: ignore[arg-type]
            self.succeeded.add(id_)

    def tick(self) -> None:
        self.clock.sleep(self.dice.choice([1, 5, 31, 130]))
        for worker in self.alive:
            self.workers.beat(self.run, worker)
        lost = self.workers.reap(self.run)
        for id_ in lost:
            worker, claim = self.held.get(id_, ("", None))
            assert worker not in self.alive, "a living worker lost its cluster"
            if claim is not None:
                try:
                    self.admission.check_fence(claim)
                except LockedError:
                    continue
                raise AssertionError("a dead worker could still write")

    def die(self) -> None:
        self.alive.discard(self.dice.choice(sorted(self.alive)))
        self.names += 1
        self.alive.add(f"w{self.names}")

    def look(self) -> None:
        due = self.soak.due(self.run)
        if due is not None:
            sick = {row.member.id: "sick" for row in due.clusters if self.dice.random() < 0.05}
            self.sick_in_soak += len(sick)
            self.succeeded -= sick.keys()
            self.soak.found(due, sick, unsure=self.dice.random() < 0.1)

    def people(self) -> None:
        """What holds the run up is mostly mended soon; now and then somebody pauses it or denies a gate."""
        row, dice = self.ledger.run(self.run), self.dice
        try:
            if row.state == "RUNNING" and dice.random() < 0.1:
                self.control.set_state(self.run, "PAUSED", who="ann", why="lunch")
            elif row.state == "STOPPED" and dice.random() < 0.8:
                self.control.retry_failed(self.run, who="ann", why="mended")
                self.sick_in_soak = 0
            elif row.state != "RUNNING":
                self.control.go_on(self.run, who="ann", why="back")
            if row.waves[row.wave].gate:
                self.control.decide(self.run, row.waves[row.wave].name, approve=dice.random() < 0.9, who="bob", why="")
        except StaleError:
            return

    def prove(self) -> bool:
        """No limit is passed, by the rows; whether the run goes on."""
        with self.ledger.engine.begin() as connection:
            rows = connection.execute(_CLUSTERS, {"run": self.run}).all()
            run = connection.execute(_RUN, {"run": self.run}).one()
        allowed = self.strategy.budget.of(len(rows)).allowed
        assert danger(rows) <= allowed + self.sick_in_soak, "the run's budget"
        for number, wave in enumerate(self.waves):
            here = [row for row in rows if row.wave == number]
            assert danger(here) <= wave.budget.allowed + self.sick_in_soak, f"the budget of wave {wave.name}"
            assert running(here) <= wave.max_parallel, f"max_parallel of wave {wave.name}"
        limits = self.strategy.max_parallel
        assert running(rows) <= limits.total, "max_parallel.total"
        for region in REGIONS:
            assert running([r for r in rows if r.region == region]) <= limits.per_region, region
        for account in ACCOUNTS:
            assert running([r for r in rows if r.account == account]) <= limits.per_account, account
        consecutive = self.strategy.budget.consecutive
        if consecutive:
            assert run.failures_in_a_row <= consecutive, "failures in a row"
        states = {row.id: row.state for row in rows}
        assert all(states[id_] == "succeeded" for id_ in self.succeeded), "a success was forgotten"
        return run.state not in ENDED_RUNS


def danger(rows: Sequence[Any]) -> int:
    """Failed or in flight."""
    return sum(row.state == "running" or row.state in FAILED_STATES for row in rows)


def running(rows: Sequence[Any]) -> int:
    """In flight."""
    return sum(row.state == "running" for row in rows)


def walked(url: str, steps: int, seed: int, clusters: int = 24, say: Callable[[str], object] = lambda _: None) -> int:
    """Walk so many steps, through as many runs as they take; returns how many runs there were.

    Each run's limits, gates and soaks are drawn anew. `say` is told every 5,000 steps.
    """
    dice, runs, left = random.Random(seed), 0, steps
    while left > 0:
        runs += 1
        walk = Walk(url, f"r{seed}-{runs}", dice, clusters)
        for _ in range(min(left, 400)):
            goes_on = walk.step()
            left -= 1
            if left % 5000 == 0:
                say(f"{steps - left} steps through {runs} runs\n")
            if not goes_on:
                break
        walk.ledger.close()
    return runs


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        count = walked(f"sqlite:///{Path(folder)}/fleet.db", int(sys.argv[1]), int(sys.argv[2]), say=sys.stderr.write)
        sys.stdout.write(f"{sys.argv[1]} steps through {count} runs: no limit was ever passed\n")
