"""A sample of the fault table; `benchmarks/fault_table.py` fails every call of every scenario."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.faults import ENDS, FAULTS, Table
from tests.crash.grid import Grid

WRITES = (("ram", "CreatePolicyVersion"), ("slb", "TagResources"))
PASSING = ("slow", "429")


@pytest.fixture
def table(tmp_path: Path, environment: None) -> Iterator[Table]:
    grid = Grid("dedicated-flannel", tmp_path)
    try:
        yield Table(grid)
    finally:
        grid.close()


@pytest.mark.slow
def test_a_failing_write_ends_done_as_before_or_paused(table: Table) -> None:
    assert set(WRITES) <= set(table.calls)
    for product, action in WRITES:
        ends = {title: table.end_of(product, action, fault)[0] for title, fault in FAULTS.items()}
        assert {ends[title] for title in PASSING} == {ENDS[0]}, (action, ends)
        assert ends["denied"] == ENDS[1], (action, ends)
