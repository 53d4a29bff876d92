"""Work that several processes share: all of it comes back in order, or nothing does, and nobody is left over."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from upgrader.adapters import forked
from upgrader.adapters.forked import most, shared
from upgrader.ports.clock import SystemClock


@pytest.fixture(params=[1, 2, 3])
def workers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(forked, "most", lambda: request.param)
    return int(request.param)


def _nobody_is_left() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


def test_there_is_one_at_least() -> None:
    assert most() >= 1


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_all_comes_back_in_order(workers: int, count: int) -> None:
    # More than a pipe holds, so that somebody has to read it.
    assert shared(lambda number: bytes([number]) * 100_000, count) == [bytes([n]) * 100_000 for n in range(count)]
    assert _nobody_is_left()


def test_several_processes_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forked, "most", lambda: 3)

    def work(number: int) -> bytes:
        SystemClock().sleep(0.05)  # Time for the others to take a number, too.
        return str(os.getpid()).encode()

    found = shared(work, 12) or []
    assert len(set(found)) == 3
    assert str(os.getpid()).encode() in found


@pytest.mark.parametrize("place", range(4))
def test_nothing_comes_back_where_something_is_missing(workers: int, place: int) -> None:
    assert shared(lambda number: b"" if number == place else b"x", 4) is None
    assert _nobody_is_left()


@pytest.mark.parametrize("end", ["killed", "raised", "left"])
def test_a_process_that_dies_brings_nothing(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forked, "most", lambda: 2)
    here = os.getpid()

    def work(number: int) -> bytes:
        if os.getpid() == here:
            SystemClock().sleep(0.1)
            return b"x"
        if end == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if end == "left":
            os._exit(0)
        raise ZeroDivisionError

    assert shared(work, 8) is None
    assert _nobody_is_left()


def test_nobody_goes_on_where_something_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(forked, "most", lambda: 2)

    def work(number: int) -> bytes:
        with (tmp_path / "done").open("ab") as done:
            done.write(b"x")
        SystemClock().sleep(0.02)
        return b""

    assert shared(work, 500) is None
    assert len((tmp_path / "done").read_bytes()) <= 4


def test_where_no_more_processes_are_allowed_nothing_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    forks = [os.fork]

    def fork() -> int:
        if not forks:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return forks.pop()()

    monkeypatch.setattr(os, "fork", fork)
    monkeypatch.setattr(forked, "most", lambda: 3)
    assert shared(lambda number: b"x", 6) is None
    assert _nobody_is_left()


def test_what_goes_wrong_here_is_told_and_nobody_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forked, "most", lambda: 2)

    here = os.getpid()

    def work(number: int) -> bytes:
        if os.getpid() == here:
            raise KeyboardInterrupt
        signal.pause()
        return b""

    with pytest.raises(KeyboardInterrupt):
        shared(work, 2)
    assert _nobody_is_left()
