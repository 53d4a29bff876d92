"""A killed process loses no cluster and upgrades none twice; on SQLite the next process goes on at once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.fleet.test_strategy import fleet
from upgrader.fleet.ledger import Ledger
from upgrader.fleet.strategy import BudgetSpec, Parallel, Strategy, WaveSpec
from upgrader.fleet.waves import waves_of
from upgrader.ports.clock import SystemClock

ROOT = Path(__file__).parents[2]
CLUSTERS = 24


def create(url: str, count: int = CLUSTERS) -> None:
    strategy = Strategy(
        target="v2.14.0",
        waves=(WaveSpec(name="canary", count=2), WaveSpec(name="rest", rest=True)),
        budget=BudgetSpec(failures=10),
        max_parallel=Parallel(total=6, per_region=6, per_account=6),
    )
    with closing(Ledger(url, SystemClock())) as ledger:
        ledger.create("r1", strategy, fleet(count), waves_of(fleet(count), strategy))


def worker(url: str, folder: Path, pause_s: float = 0.05) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.fleet.stand_in", url, "r1", str(folder), "4", str(pause_s)]
    return subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def check_each_once(url: str, folder: Path) -> None:
    ledger = Ledger(url, SystemClock())
    try:
        assert ledger.run("r1").state == "SUCCEEDED"
        assert {row.state for row in ledger.clusters("r1")} == {"succeeded"}
        logs = {path.name: path.read_text().splitlines() for path in folder.iterdir()}
        assert len(logs) == CLUSTERS
        assert {name: lines for name, lines in logs.items() if len(lines) != 1} == {}
    finally:
        ledger.close()


@pytest.mark.parametrize("seed", range(2))
def test_kill_9_on_sqlite_then_the_next_process_finishes(tmp_path: Path, seed: int) -> None:
    url, folder = f"sqlite:///{tmp_path}/fleet.db", tmp_path / "clusters"
    folder.mkdir()
    create(url)
    chance = random.Random(seed)
    first = worker(url, folder)
    while len(list(folder.iterdir())) < 1 and first.poll() is None:
        pass
    try:
        first.wait(timeout=chance.uniform(0.05, 0.8))
    except subprocess.TimeoutExpired:
        first.send_signal(signal.SIGKILL)
    first.communicate()
    second = worker(url, folder)
    out, err = second.communicate(timeout=180)
    assert out.strip() == "SUCCEEDED", err
    check_each_once(url, folder)


def test_a_second_process_on_one_sqlite_file_is_refused(tmp_path: Path) -> None:
    url, folder = f"sqlite:///{tmp_path}/fleet.db", tmp_path / "clusters"
    folder.mkdir()
    create(url)
    first = worker(url, folder, 0.2)
    while not list(folder.iterdir()) and first.poll() is None:
        pass
    second = worker(url, folder)
    _, err = second.communicate(timeout=180)
    assert "another process works on the fleet runs" in err
    out, err = first.communicate(timeout=180)
    assert out.strip() == "SUCCEEDED", err
    check_each_once(url, folder)
