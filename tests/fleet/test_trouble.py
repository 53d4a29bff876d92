"""What goes wrong around a run: the database goes away, the disk is full, a person asks for what can't be."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from rich.console import Console

from tests.fleet.births import AT_ONCE, all_begin
from tests.fleet.stand_in import FileJob
from tests.fleet.test_kill import CLUSTERS, check_each_once, create
from tests.fleet.test_ledger import HeldClock, begin, hold, through_canary
from tests.fleet.test_strategy import fleet
from upgrader.cli.fleet_live import drawn, shown
from upgrader.fleet.admission import Admission
from upgrader.fleet.control import Control
from upgrader.fleet.job import Outcome, Watch
from upgrader.fleet.ledger import Ledger
from upgrader.fleet.model import Member
from upgrader.fleet.runtime import database_url, engine_url
from upgrader.fleet.soak import Soak
from upgrader.fleet.strategy import BudgetSpec, Selector, Strategy, WaveSpec
from upgrader.fleet.tables import Claim
from upgrader.fleet.waves import waves_of
from upgrader.fleet.worker import Worker
from upgrader.model.errors import InputError, StaleError, TransientError
from upgrader.ports.clock import SystemClock


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(f"sqlite:///{tmp_path}/fleet.db", HeldClock())
    yield ledger
    ledger.close()


class Threads:
    """An engine of threads: what DBOS does, without its durability."""

    def __init__(self) -> None:
        self.worker: Worker | None = None

    def start(self, id_: str, claim: str) -> None:
        assert self.worker is not None
        worker = self.worker
        threading.Thread(target=lambda: worker.record(claim, worker.work(claim))).start()

    def forget(self, prefix: str) -> None:
        """Nothing is left over in memory."""


class Flaky(Ledger):
    """Its database goes away whenever `away` says so."""

    away: Callable[[], bool] | None = None

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        if self.away is not None and self.away():
            raise TransientError("the ledger's database does not answer", why="connection refused")
        with super().begin() as connection:
            yield connection


def test_a_database_that_goes_away_and_comes_back_loses_nothing(tmp_path: Path) -> None:
    """A third of the time the database is gone; jobs end meanwhile, and their ends are written down all the same."""
    url, folder = f"sqlite:///{tmp_path}/fleet.db", tmp_path / "clusters"
    folder.mkdir()
    create(url)
    ledger, engine = Flaky(url, QuickClock()), Threads()
    ledger.away = lambda: int(ledger.clock.monotonic() * 10) % 3 == 0
    said: list[str] = []
    engine.worker = Worker(ledger, FileJob(folder), "r1", "w", slots=4, away_s=30, say=said.append)
    assert engine.worker.go(engine).state == "SUCCEEDED"
    assert any("trying again" in text for text in said)
    ledger.close()
    check_each_once(url, folder)
    assert len(list(folder.iterdir())) == CLUSTERS


class QuickClock(SystemClock):
    """Waits a hundredth of what it is asked to."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds / 100)


def test_a_database_that_stays_away_ends_the_worker_with_its_name(tmp_path: Path) -> None:
    create(f"sqlite:///{tmp_path}/fleet.db")
    ledger = Flaky(f"sqlite:///{tmp_path}/fleet.db", HeldClock())
    ledger.away = lambda: True
    with pytest.raises(TransientError, match="does not answer"):
        Worker(ledger, FileJob(tmp_path), "r1", "w", away_s=5).go(Threads())
    ledger.close()


def test_of_many_who_begin_one_run_at_once_one_begins_it(tmp_path: Path) -> None:
    assert sorted(all_begin(f"sqlite:///{tmp_path}/fleet.db")) == [False] * (AT_ONCE - 1) + [True]


def test_who_asks_to_stop_waits_for_no_absent_database(tmp_path: Path) -> None:
    create(f"sqlite:///{tmp_path}/fleet.db")
    clock = HeldClock()
    ledger = Flaky(f"sqlite:///{tmp_path}/fleet.db", clock)
    ledger.away = lambda: True
    began = clock.monotonic()
    with pytest.raises(TransientError, match="does not answer"):
        Worker(ledger, FileJob(tmp_path), "r1", "w", away_s=600, stop_asked=lambda: True).go(Threads())
    assert clock.monotonic() - began < 30
    ledger.close()


def test_a_full_disk_is_named_and_nothing_is_half_written(ledger: Ledger) -> None:
    begin(ledger, 6)
    with ledger.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.rollback()
    sa.event.listen(ledger.engine, "connect", lambda c, _: c.execute(f"PRAGMA max_page_count={pages}"))
    ledger.engine.dispose()
    strategy = Strategy(target="v2.14.0", waves=(WaveSpec(name="all", rest=True),), budget=BudgetSpec(failures=1))
    with pytest.raises(TransientError, match="s database is full"):
        ledger.create("r2", strategy, fleet(400), waves_of(fleet(400), strategy))
    assert ledger.runs() == ("r1",)
    assert len(ledger.clusters("r1")) == 6


def test_a_ledger_of_an_older_version_is_refused_with_a_way_out(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/fleet.db"
    with sa.create_engine(url).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE fleet_run (id VARCHAR PRIMARY KEY, state VARCHAR)")
    with pytest.raises(InputError, match="older version"):
        Ledger(url, HeldClock())


def test_a_sick_cluster_in_a_soak_is_failed_and_an_unsure_look_does_not_end_it(ledger: Ledger) -> None:
    begin(ledger, 6)
    admission, soak = Admission(ledger), Soak(Admission(ledger))
    for _ in range(2):
        claim = admission.claim("r1", "w")
        assert claim is not None
        admission.finish(claim, "succeeded")
    assert soak.due("r1") is None
    hold(ledger).sleep(301)
    look = soak.due("r1")
    assert look is not None
    assert soak.due("r1") is None, "one look is given to one worker"
    soak.found(look, {}, unsure=False)
    hold(ledger).sleep(300)
    last = soak.due("r1")
    assert last is not None
    soak.found(last, {}, unsure=True)
    assert admission.claim("r1", "w") is None, "unknown is not passed"
    hold(ledger).sleep(301)
    again = soak.due("r1")
    assert again is not None
    soak.found(again, {"c0001": "a listener is gone"}, unsure=False)
    row = ledger.run("r1")
    assert (row.state, row.cause) == ("STOPPED", "failure budget spent in wave canary: 1 failed")
    assert [(r.state, r.error) for r in ledger.clusters("r1") if r.member.id == "c0001"] == [
        ("failed", "a listener is gone")
    ]


def test_consecutive_reserves_for_those_in_flight(ledger: Ledger) -> None:
    begin(ledger, 40, failures=20, consecutive=2)
    through_canary(ledger)
    claims = [claim for _ in range(6) if (claim := Admission(ledger).claim("r1", "w"))]
    assert len(claims) == 2
    Admission(ledger).finish(claims[0], "failed")
    assert Admission(ledger).claim("r1", "w") is None
    Admission(ledger).finish(claims[1], "succeeded")
    assert Admission(ledger).claim("r1", "w") is not None


def test_people_can_not_ask_for_what_can_not_be(ledger: Ledger) -> None:
    begin(ledger, 6)
    claim = Admission(ledger).claim("r1", "w")
    assert claim is not None
    Admission(ledger).finish(claim, "succeeded")
    control = Control(ledger)
    with pytest.raises(InputError, match="has succeeded"):
        control.skip("r1", claim.member.id, who="ann", why="")
    control.set_state("r1", "ABORTED", who="ann", why="wrong target")
    for late in (
        lambda: control.retry_failed("r1", who="ann", why=""),
        lambda: control.go_on("r1", who="ann", why=""),
        lambda: control.set_state("r1", "PAUSED", who="ann", why=""),
    ):
        with pytest.raises(StaleError, match="ABORTED"):
            late()


def test_a_denied_gate_stays_shut_until_it_is_approved(ledger: Ledger) -> None:
    begin(ledger, 6, gate=True)
    through_canary(ledger)
    Control(ledger).decide("r1", "rest", approve=False, who="bob", why="incident")
    with pytest.raises(StaleError, match="was denied"):
        Control(ledger).go_on("r1", who="ann", why="")
    Control(ledger).decide("r1", "rest", approve=True, who="bob", why="over")
    Control(ledger).go_on("r1", who="ann", why="")
    assert Admission(ledger).claim("r1", "w") is not None


def test_a_claim_whose_answer_was_lost_goes_back(ledger: Ledger) -> None:
    begin(ledger, 6)
    admission = Admission(ledger)
    lost = admission.claim("r1", "w")
    assert lost is not None
    admission.give_back("r1", "w", frozenset())
    again = admission.claim("r1", "w")
    assert again is not None
    assert (again.member.id, again.attempt) == (lost.member.id, lost.attempt)
    assert again.fence > lost.fence
    assert not admission.finish(lost, "failed")


class Hanging(FileJob):
    """Its work never ends."""

    def upgrade(self, claim: Claim, strategy: Strategy, watch: Watch) -> Outcome:
        watch.step("look")
        threading.Event().wait()
        raise AssertionError("nobody wakes it")


def test_a_job_that_hangs_is_told_as_stalled(tmp_path: Path) -> None:
    """In a process of its own: a thread that hangs can't be ended."""
    create(f"sqlite:///{tmp_path}/fleet.db", 3)
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from tests.fleet.test_trouble import Hanging\n"
        "from upgrader.fleet.runtime import work_on\n"
        "from upgrader.ports.clock import SystemClock\n"
        "row = work_on('r1', sys.argv[1], Hanging(Path('/')), SystemClock(), slots=2, say=print, stall_s=2.0)\n"
        "print(row.state, row.cause, flush=True)\n"
        "os._exit(0)\n"
    )
    root = str(Path(__file__).parents[2])
    ended = subprocess.run(
        [sys.executable, "-c", program, f"sqlite:///{tmp_path}/fleet.db"], cwd=root, check=False, timeout=180,
        env={**os.environ, "PYTHONPATH": root}, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.stdout.startswith("STALLED nothing has moved since"), ended.stderr


def test_members_that_nobody_could_look_at_are_in_the_last_wave() -> None:
    waves = (WaveSpec(name="old", select=Selector(version="<v2.10.0")), WaveSpec(name="one", count=1))
    members = (Member(id="a", version="v2.9.1"), Member(id="b", version="v2.12.4"), Member(id="c"))
    dealt = waves_of(members, Strategy(target="v2.14.0", waves=waves))
    assert [(w.name, w.members) for w in dealt] == [("old", ("a",)), ("one", ("b", "c"))]


def test_live_progress_draws_waves_and_clusters_in_flight(ledger: Ledger) -> None:
    begin(ledger, 6)
    claim = Admission(ledger).claim("r1", "w")
    assert claim is not None
    Admission(ledger).progress(claim, "step 1 of 2: \x1b[31mred")
    text = drawn(ledger, "r1")
    assert "▸ canary: 0 of 2 succeeded, 1 wait" in text
    assert "    prod-0: step 1 of 2: \ufffd[31mred" in text
    assert text.endswith("RUNNING: 0 failed and 1 in flight of 3")
    screen = Console(file=io.StringIO(), force_terminal=True, width=100)
    with shown(ledger, "r1", screen) as say:
        say("prod-9: succeeded")
    assert isinstance(screen.file, io.StringIO)
    assert "prod-9: succeeded" in screen.file.getvalue()
    assert "1 in flight of 3" in screen.file.getvalue()


def test_a_file_that_is_no_database_is_no_bug(tmp_path: Path) -> None:
    (tmp_path / "fleet.db").write_bytes(b"not a database " * 200)
    with pytest.raises(InputError, match="file is not a database"):
        Ledger(f"sqlite:///{tmp_path}/fleet.db", HeldClock())


@pytest.mark.parametrize(
    "database", ["postgresql://u@host:port/x", "mysql://u@host/x", "sqlite://", "sqlite:///", "fleet.db"]
)
def test_an_address_that_is_none_is_named(database: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a database that a fleet can use"):
        database_url(database, tmp_path)


def test_the_engines_file_is_beside_the_ledgers_and_a_host_keeps_its_name() -> None:
    assert engine_url("sqlite:////x.db/fleet.db") == "sqlite:////x.db/fleet-engine.db"
    assert engine_url("sqlite:////x/fleet") == "sqlite:////x/fleet-engine.db"
    assert engine_url("postgresql+psycopg://u@pg.dbs.example/f") == "postgresql+psycopg://u@pg.dbs.example/f"


def test_a_state_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(InputError, match="can't make the state directory"):
        database_url("", tmp_path / "state")


class Refusing(Threads):
    """Its own database does not answer the first times that it is asked to begin."""

    refusals = 2

    def start(self, id_: str, claim: str) -> None:
        if self.refusals:
            self.refusals -= 1
            raise TransientError("the ledger's database does not answer", why="no space left on device")
        super().start(id_, claim)


def test_an_engine_that_can_not_begin_loses_no_claim_and_no_slot(tmp_path: Path) -> None:
    url, folder = f"sqlite:///{tmp_path}/fleet.db", tmp_path / "clusters"
    folder.mkdir()
    create(url)
    ledger, engine = Ledger(url, QuickClock()), Refusing()
    engine.worker = Worker(ledger, FileJob(folder), "r1", "w", slots=2, silence_s=1, away_s=30)
    assert engine.worker.go(engine).state == "SUCCEEDED"
    ledger.close()
    check_each_once(url, folder)
    assert len(list(folder.iterdir())) == CLUSTERS
