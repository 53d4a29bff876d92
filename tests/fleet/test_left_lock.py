"""A lock that a dead worker of another machine left is waited for, once; one that somebody renews is not."""

from __future__ import annotations

import pytest

from tests.fleet.test_ledger import HeldClock
from upgrader.fleet.job import Outcome
from upgrader.fleet.left_lock import past_the_lock
from upgrader.model.errors import LockedError


class Told:
    """Keeps the steps; asks to stop once the clock has come to `stop_at_s`."""

    def __init__(self, clock: HeldClock, stop_after_s: float = 1e9) -> None:
        self.steps: list[str] = []
        self._clock, self._stop_at = clock, clock.monotonic() + stop_after_s

    def step(self, name: str, *, cluster_run: str = "", plan: str = "") -> None:
        self.steps.append(name)

    def say(self, text: str) -> None:
        raise AssertionError("nothing is said")

    def stop_asked(self) -> bool:
        return self._clock.monotonic() >= self._stop_at


class Held:
    """A lock that runs out `free_after_s` from the beginning; None: its holder lives, and renews it."""

    def __init__(self, clock: HeldClock, free_after_s: float | None) -> None:
        self.clock, self.tried = clock, list[str]()
        self.free_at = None if free_after_s is None else clock.monotonic() + free_after_s

    def __call__(self, again: str) -> Outcome:
        self.tried.append(again)
        if self.free_at is not None and self.clock.monotonic() >= self.free_at:
            return Outcome(state="succeeded")
        left_s = 60.0 if self.free_at is None else self.free_at - self.clock.monotonic()
        raise LockedError("run r holds this cluster", retry_after_s=left_s)


def test_a_lock_that_runs_out_is_waited_for() -> None:
    clock = HeldClock()
    work, watch = Held(clock, 42.5), Told(clock)
    assert past_the_lock(work, watch, clock).state == "succeeded"
    assert work.tried == ["", "-again"]
    assert watch.steps == ["waiting 44 s for a lock to run out: run r holds this cluster"]


def test_a_lock_that_is_renewed_is_somebodys() -> None:
    clock = HeldClock()
    work, began = Held(clock, None), clock.monotonic()
    with pytest.raises(LockedError):
        past_the_lock(work, Told(clock), clock)
    assert work.tried == ["", "-again"]
    assert clock.monotonic() - began < 120


def test_who_asks_to_stop_waits_for_no_lock() -> None:
    clock = HeldClock()
    work, began = Held(clock, 50), clock.monotonic()
    assert past_the_lock(work, Told(clock, stop_after_s=3), clock).state == "paused"
    assert clock.monotonic() - began < 10


def test_a_fence_that_was_lost_is_no_lock_to_wait_for() -> None:
    def fenced(again: str) -> Outcome:
        raise LockedError("cluster c now belongs to worker w")

    clock = HeldClock()
    with pytest.raises(LockedError, match="belongs to worker w"):
        past_the_lock(fenced, Told(clock), clock)
