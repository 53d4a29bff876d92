"""A sample of the kill grid; `benchmarks/kill_grid.py` goes to every point of every scenario."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.grid import Grid


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
