"""The kill grid to the end: every point of apply and of rollback on each scenario, and deaths while resuming.

    python -m benchmarks.kill_grid [KILLS] [SECONDS]

First on a world in a file, where KILLS processes die in minutes; then SECONDS long against the lab, by HTTP.

Each attempt is a process of its own that is killed with SIGKILL around an entry of the journal or a request; the next
ones resume it. The lab says what was written: nothing twice, nothing lost, and the end is the one of a run that nobody
killed. Ends with 1 at the first run of which that is not true. Loopback only.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.crash.grid import SCENARIOS, Grid, Outcome
from tests.crash.memory import WAYS, MemoryGrid, chains, same
from upgrader.ports.clock import SystemClock

# A run that died at its point dies so often again, each time at one of its next so many points.
AGAIN, LATER = 8, 16
Way = Callable[[tuple[int, ...]], Outcome]


def main(kills: int = 1000, seconds: float = 3600.0) -> int:
    """Kill until so many have died, or the time is up; every scenario gets its share."""
    clock, counted, before = SystemClock(), Counter[str](), dict(os.environ)
    counted += _in_memory(kills)
    print(f"a world in a file: {dict(counted)}", flush=True)
    counted.pop("deaths", None)
    for place, name in enumerate(SCENARIOS):
        share = (place + 1) * kills // len(SCENARIOS)
        end = clock.monotonic() + seconds / len(SCENARIOS)
        with tempfile.TemporaryDirectory() as folder:
            grid = Grid(name, Path(folder))
            try:
                for verb, way, whole, points in _cases(grid):
                    if counted["deaths"] >= share or clock.monotonic() >= end:
                        break
                    found = way(points)
                    counted["deaths"] += found.deaths
                    counted["runs"] += 1
                    if found.deaths and not _same(found, whole, grid):
                        print(f"{name}: {verb} killed at {points}: {found.state} {found.cause} {found.left}")
                        print(f"  wanted {dict(whole.writes)}\n  wrote  {dict(found.writes)}")
                        counted["wrong"] += 1
            finally:
                grid.close()
                os.environ.clear()
                os.environ.update(before)
        print(f"{name}: {dict(counted)}", flush=True)
    return 1 if counted["wrong"] else 0


def _in_memory(kills: int) -> Counter[str]:
    """Every point of every way on a world in a file, and over again until so many have died."""
    counted, chance = Counter[str](), random.Random(6)
    with tempfile.TemporaryDirectory() as folder:
        grid = MemoryGrid(Path(folder) / "grid")
        whole = {way: grid.run(way) for way in WAYS}
        while counted["deaths"] < kills:
            for way in WAYS:
                for points in chains(whole[way], chance):
                    found = grid.run(way, points)
                    counted["deaths"] += found.deaths
                    counted["runs"] += 1
                    if not same(found, whole[way], grid.before):
                        counted["wrong"] += 1
                        print(f"{way} killed at {points}: {found}, not {whole[way]}")
    return counted


def _cases(grid: Grid) -> Iterator[tuple[str, Way, Outcome, tuple[int, ...]]]:
    """Every point of both ways; each run dies some more times while it is resumed. Then anew, with other deaths."""
    # Where ACK runs CCM the whole rollback can't bring it back: it says what is left, and the others must say the same.
    ways = (("apply", grid.apply, grid.applied()), ("rollback", grid.rollback, grid.rollback()))
    chance = random.Random(6)
    while True:
        for verb, way, whole in ways:
            for point in range(1, whole.points + 1):
                yield verb, way, whole, (point, *(chance.randint(1, LATER) for _ in range(AGAIN)))


def _same(found: Outcome, whole: Outcome, grid: Grid) -> bool:
    """As the whole run; or, killed before its first write, nothing to resume and nothing written."""
    if found.state in ("StaleError", "AbsentError") and not found.writes:
        return bool(found.world == grid.before)
    wanted = (whole.state, whole.left, whole.writes, whole.world)
    return (found.state, found.left, found.writes, found.world) == wanted


if __name__ == "__main__":
    sys.exit(main(*(int(text) for text in sys.argv[1:3])))
