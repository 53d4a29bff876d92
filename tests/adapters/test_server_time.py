"""The server's time is learned from its answers; the machine's clock decides nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrader.adapters.kube.server_time import RESOLUTION, ServerClock
from upgrader.lab.clock import LabClock

START = datetime(2026, 11, 24, 12, tzinfo=UTC)


def date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


@given(
    skew_s=st.floats(-1200, 1200),
    exchanges=st.lists(st.tuples(st.floats(0, 5), st.floats(0, 2), st.floats(0, 2)), min_size=1, max_size=20),
)
def test_the_time_told_is_never_late_and_early_by_a_second_and_a_round_trip_at_most(
    skew_s: float, exchanges: list[tuple[float, float, float]]
) -> None:
    machine = LabClock(held=True, start=START)
    skew, clock = timedelta(seconds=skew_s), ServerClock(machine)
    quickest = timedelta.max
    for pause_s, there_s, back_s in exchanges:
        machine.advance(pause_s)
        sent = clock.sent()
        machine.advance(there_s)
        said = date(machine.now() + skew)
        machine.advance(back_s)
        clock.heard(said, sent)
        quickest = min(quickest, timedelta(seconds=there_s + back_s))
    off = machine.now() + skew - clock.now()
    tolerance = RESOLUTION + quickest + timedelta(milliseconds=1)
    assert off <= tolerance
    assert off >= -tolerance
    if clock.ahead:
        assert off >= -timedelta(milliseconds=1)


def test_a_machine_that_may_be_right_is_believed() -> None:
    machine = LabClock(held=True, start=START)
    clock = ServerClock(machine)
    clock.heard(date(START), clock.sent())
    assert clock.now() == START


def test_a_clock_that_is_set_meanwhile_is_found_out_by_the_next_answer() -> None:
    machine = LabClock(held=True, start=START)
    clock = ServerClock(machine)
    clock.heard(date(START + timedelta(minutes=5)), clock.sent())
    assert clock.ahead == timedelta(minutes=5)
    machine.advance(300)
    clock.heard(date(START + timedelta(minutes=5)), clock.sent())
    assert clock.now() == START + timedelta(minutes=5)


@pytest.mark.parametrize("header", ["", "yesterday", "Fri, 99 Nov 2026"])
def test_without_a_date_the_machine_is_believed(header: str) -> None:
    clock = ServerClock(LabClock(held=True, start=START))
    clock.heard(header, clock.sent())
    assert clock.now() == START
