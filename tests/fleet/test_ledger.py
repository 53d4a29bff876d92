"""The ledger never lets more clusters into danger than agreed, whatever workers do and whenever they die."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fleet.test_strategy import fleet
from upgrader.fleet.admission import Admission
from upgrader.fleet.control import Control, Workers
from upgrader.fleet.ledger import Ledger
from upgrader.fleet.model import FAILED_STATES
from upgrader.fleet.soak import Soak
from upgrader.fleet.strategy import BudgetSpec, Parallel, Strategy, WaveSpec
from upgrader.fleet.waves import waves_of
from upgrader.model.errors import AbsentError, InputError, LockedError, StaleError


class HeldClock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(f"sqlite:///{tmp_path}/fleet.db", HeldClock())
    yield ledger
    ledger.close()


def begin(ledger: Ledger, count: int, *, failures: int | str = 3, consecutive: int = 0, gate: bool = False) -> Strategy:
    strategy = Strategy(
        target="v2.14.0",
        waves=(
            WaveSpec(name="canary", count=2, soak="10m", budget=BudgetSpec(failures=1)),
            WaveSpec(name="rest", rest=True, gate=gate),
        ),
        budget=BudgetSpec(failures=failures, consecutive=consecutive),
        max_parallel=Parallel(total=5, per_region=5, per_account=5),
    )
    ledger.create("r1", strategy, fleet(count), waves_of(fleet(count), strategy))
    return strategy


def hold(ledger: Ledger) -> HeldClock:
    assert isinstance(ledger.clock, HeldClock)
    return ledger.clock


def through_canary(ledger: Ledger) -> None:
    for _ in range(2):
        claim = Admission(ledger).claim("r1", "w")
        assert claim is not None
        assert Admission(ledger).finish(claim, "succeeded")
    assert Admission(ledger).claim("r1", "w") is None  # soaking
    hold(ledger).sleep(601)
    look = Soak(Admission(ledger)).due("r1")
    assert look is not None
    assert len(look.clusters) == 2
    Soak(Admission(ledger)).found(look, {}, unsure=False)


def test_canary_then_soak_then_rest_then_success(ledger: Ledger) -> None:
    begin(ledger, 6)
    through_canary(ledger)
    while claim := Admission(ledger).claim("r1", "w"):
        assert claim.wave == "rest"
        assert Admission(ledger).finish(claim, "succeeded")
    assert ledger.run("r1").state == "SUCCEEDED"
    assert {row.state for row in ledger.clusters("r1")} == {"succeeded"}


def test_the_budget_reserves_for_those_in_flight(ledger: Ledger) -> None:
    begin(ledger, 20, failures=3)
    through_canary(ledger)
    claims = [claim for _ in range(10) if (claim := Admission(ledger).claim("r1", "w"))]
    assert len(claims) == 3
    for claim in claims:
        Admission(ledger).finish(claim, "rolled-back", "verify failed")
    assert Admission(ledger).claim("r1", "w") is None
    run = ledger.run("r1")
    assert run.state == "STOPPED"
    assert "budget" in run.cause


def test_failures_in_a_row_stop_the_run(ledger: Ledger) -> None:
    begin(ledger, 40, failures=20, consecutive=2)
    through_canary(ledger)
    for _ in range(2):
        claim = Admission(ledger).claim("r1", "w")
        assert claim is not None
        Admission(ledger).finish(claim, "failed")
    assert ledger.run("r1").state == "STOPPED"


def test_unreachable_clusters_do_not_count_as_failures(ledger: Ledger) -> None:
    begin(ledger, 30, failures=2)
    through_canary(ledger)
    while claim := Admission(ledger).claim("r1", "w"):
        Admission(ledger).finish(claim, "unknown", "the API server does not answer")
    assert ledger.run("r1").state == "SUCCEEDED"


def test_a_gate_waits_for_a_person_and_a_denial_stops(ledger: Ledger) -> None:
    begin(ledger, 6, gate=True)
    through_canary(ledger)
    assert Admission(ledger).claim("r1", "w") is None
    Control(ledger).decide("r1", "rest", approve=True, who="ann", why="canary is fine")
    assert Admission(ledger).claim("r1", "w") is not None
    Control(ledger).decide("r1", "rest", approve=False, who="bob", why="incident")
    assert Admission(ledger).claim("r1", "w") is None
    assert ledger.run("r1").state == "STOPPED"
    with pytest.raises(InputError, match="has no gate"):
        Control(ledger).decide("r1", "canary", approve=True, who="ann", why="")


def test_a_dead_workers_clusters_go_to_others_and_it_is_fenced_out(ledger: Ledger) -> None:
    begin(ledger, 6)
    Workers(ledger).beat("r1", "dead")
    mine = Admission(ledger).claim("r1", "dead")
    assert mine is not None
    assert Workers(ledger).reap("r1") == ()
    hold(ledger).sleep(31)
    Workers(ledger).beat("r1", "alive")
    assert Workers(ledger).reap("r1") == (mine.member.id,)
    taken = Admission(ledger).claim("r1", "alive")
    assert taken is not None
    assert taken.member.id == mine.member.id
    with pytest.raises(LockedError, match="alive"):
        Admission(ledger).check_fence(mine)
    assert not Admission(ledger).finish(mine, "succeeded")
    Admission(ledger).check_fence(taken)
    assert Admission(ledger).finish(taken, "succeeded")


def test_retry_puts_only_the_failed_back(ledger: Ledger) -> None:
    begin(ledger, 8, failures=1)
    through_canary(ledger)
    claim = Admission(ledger).claim("r1", "w")
    assert claim is not None
    Admission(ledger).progress(claim, "apply", plan="sha256:p", cluster_run="run-7")
    Admission(ledger).finish(claim, "rolled-back", "verify failed")
    assert ledger.run("r1").state == "STOPPED"
    assert Control(ledger).retry_failed("r1", who="ann", why="fixed") == (claim.member.id,)
    again = Admission(ledger).claim("r1", "w")
    assert again is not None
    assert (again.member.id, again.attempt, again.plan) == (claim.member.id, 2, "sha256:p")


def test_skip_pause_and_their_reasons_are_kept(ledger: Ledger) -> None:
    begin(ledger, 4)
    Control(ledger).skip("r1", "c0000", who="ann", why="decommissioned")
    Control(ledger).set_state("r1", "PAUSED", who="ann", why="lunch")
    assert Admission(ledger).claim("r1", "w") is None
    Control(ledger).go_on("r1", who="ann", why="back")
    claim = Admission(ledger).claim("r1", "w")
    assert claim is not None
    assert claim.member.id == "c0001"
    assert [(n["what"], n["who"], n["why"]) for n in ledger.notes("r1")] == [
        ("skip c0000", "ann", "decommissioned"), ("paused", "ann", "lunch"), ("running", "ann", "back"),
    ]  # fmt: skip


def test_a_run_is_created_once_and_an_unknown_one_is_named(ledger: Ledger) -> None:
    begin(ledger, 3)
    with pytest.raises(StaleError, match="exists already"):
        begin(ledger, 3)
    with pytest.raises(AbsentError, match="nope"):
        ledger.run("nope")


@pytest.mark.parametrize("seed", range(3))
def test_many_workers_at_once_never_overshoot(tmp_path: Path, seed: int) -> None:
    url = f"sqlite:///{tmp_path}/fleet.db"
    first = Ledger(url, HeldClock())
    strategy = Strategy(
        target="v2.14.0", waves=(WaveSpec(name="all", rest=True),), budget=BudgetSpec(failures=4),
        max_parallel=Parallel(total=6),
    )  # fmt: skip
    first.create("r1", strategy, fleet(60), waves_of(fleet(60), strategy))
    danger: list[int] = []

    def work(number: int) -> None:
        ledger, dice = Ledger(url, HeldClock()), random.Random(seed * 100 + number)
        while claim := Admission(ledger).claim("r1", f"w{number}"):
            states = [row.state for row in ledger.clusters("r1")]
            danger.append(sum(s == "running" or s in FAILED_STATES for s in states))
            Admission(ledger).finish(claim, "failed" if dice.random() < 0.2 else "succeeded")
        ledger.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert danger
    assert max(danger) <= 4
    states = [row.state for row in first.clusters("r1")]
    assert states.count("failed") <= 4
    first.close()
