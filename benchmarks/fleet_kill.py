"""kill -9 at random points, many times: no cluster upgraded twice, none lost, no stall.

python -m benchmarks.fleet_kill [--times 100] [--database postgresql://…] [--seed 1]

On SQLite the process is killed and the next one goes on. With PostgreSQL one of three workers is killed, and the others
take its clusters over. Each time is a whole run of its own.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import sqlalchemy as sa

from tests.fleet.test_kill import check_each_once, create, worker
from upgrader.fleet.tables import METADATA

# Longer than any whole run takes: passing it is a stall.
STALL_S = 240


def killed(one: subprocess.Popen[str], after_s: float) -> bool:
    """Kill a worker so long after its first cluster; False when it had ended by itself."""
    try:
        one.wait(timeout=after_s)
    except subprocess.TimeoutExpired:
        one.kill()
        one.communicate()
        return True
    one.communicate()
    return False


def first_cluster(folder: Path, one: subprocess.Popen[str]) -> None:
    """Wait until the first cluster was upgraded: what comes before is Python starting."""
    while one.poll() is None and not any(folder.iterdir()):
        threading.Event().wait(0.005)


def on_sqlite(folder: Path, dice: random.Random) -> int:
    """One run, killed up to three times; returns how often."""
    url, clusters = f"sqlite:///{folder}/fleet.db", folder / "clusters"
    clusters.mkdir()
    create(url)
    kills = 0
    for _ in range(dice.randint(1, 3)):
        one = worker(url, clusters, 0.02)
        first_cluster(clusters, one)
        kills += killed(one, dice.uniform(0.0, 0.6))
    last = worker(url, clusters, 0.02)
    out, err = last.communicate(timeout=STALL_S)
    assert out.strip() == "SUCCEEDED", err
    check_each_once(url, clusters)
    return kills


def on_postgres(url: str, folder: Path, dice: random.Random) -> int:
    """One run of three workers, one of them killed."""
    engine = sa.create_engine(url)
    METADATA.drop_all(engine)
    engine.dispose()
    create(url)
    workers = [worker(url, folder, 0.05) for _ in range(3)]
    victim = workers.pop(dice.randrange(3))
    first_cluster(folder, victim)
    kills = killed(victim, dice.uniform(0.0, 0.8))
    for one in workers:
        out, err = one.communicate(timeout=STALL_S)
        assert out.strip() == "SUCCEEDED", err
    check_each_once(url, folder)
    return int(kills)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--database", default="")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60.0)
    args = parser.parse_args()
    dice, kills, runs, began = random.Random(args.seed), 0, 0, time.monotonic()
    while kills < args.times and time.monotonic() - began < args.minutes * 60:
        with tempfile.TemporaryDirectory() as folder:
            kills += on_postgres(args.database, Path(folder), dice) if args.database else on_sqlite(Path(folder), dice)
        runs += 1
        print(f"{kills} kills in {runs} runs: each cluster upgraded once, none lost, no stall", flush=True)
    sys.exit(kills < args.times)


if __name__ == "__main__":
    main()
