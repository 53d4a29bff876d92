"""A sample of the kill grid; `benchmarks/kill_grid.py` goes to every point of every scenario."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.crash.grid import Grid
from tests.crash.memory import WAYS, MemoryGrid, chains, same


@pytest.mark.slow
@pytest.mark.usefixtures("environment")
def test_killed_there_and_back_no_write_is_lost_or_doubled(tmp_path: Path) -> None:
    grid = Grid("demo", tmp_path)
    try:
        whole = grid.applied()
        assert (whole.state, whole.left) == ("SUCCEEDED", ())
        # The first resuming process dies as well, soon after it began.
        cut = grid.apply((whole.points // 2, 4))
        assert cut.deaths == 2
        assert (cut.state, cut.writes, cut.world) == (whole.state, whole.writes, whole.world), cut.cause
        back = grid.rollback()
        assert (back.state, back.left, back.world) == ("ROLLED_BACK", (), grid.before)
        cut = grid.rollback((back.points // 2, 4))
        assert cut.deaths == 2
        assert (cut.state, cut.writes, cut.world) == (back.state, back.writes, back.world), cut.cause
    finally:
        grid.close()


@pytest.mark.parametrize("way", WAYS)
def test_a_world_in_a_file_outlives_its_processes(way: str, tmp_path: Path) -> None:
    grid = MemoryGrid(tmp_path / "grid")
    whole = grid.run(way)
    assert whole.state == {"apply": "SUCCEEDED"}.get(way, "ROLLED_BACK")
    deaths = 0
    for number, points in enumerate(chains(whole, random.Random(6))):
        if number % 12 == 0:
            found = grid.run(way, points)
            deaths += found.deaths
            assert same(found, whole, grid.before), (points, found, whole)
    assert deaths >= whole.points // 12
