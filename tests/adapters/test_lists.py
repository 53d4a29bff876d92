"""Lists that several share: asked for once, given again for a while, never an error for those who come later."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from upgrader.adapters.aliyun.lists import Lists
from upgrader.model.errors import TransientError
from upgrader.ports.clock import SystemClock


class Held(SystemClock):
    """A clock that stands until it is moved."""

    at = 0.0

    def monotonic(self) -> float:
        return self.at


def test_many_at_once_ask_once() -> None:
    lists, numbers, here = Lists(Held(), keep_s=60), itertools.count(1), threading.Barrier(8)

    def look(_: int) -> int:
        here.wait(10)
        return lists.get(("clb", "r"), lambda: next(numbers))

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(look, range(8))) == {1}


def test_an_old_answer_is_not_given_again_and_regions_are_apart() -> None:
    clock = Held()
    lists = Lists(clock, keep_s=60)
    answers = iter("abc")
    assert lists.get(("clb", "r"), lambda: next(answers)) == "a"
    clock.at = 59
    assert lists.get(("clb", "r"), lambda: next(answers)) == "a"
    assert lists.get(("clb", "s"), lambda: next(answers)) == "b"
    clock.at = 61
    assert lists.get(("clb", "r"), lambda: next(answers)) == "c"


def test_an_error_is_kept_for_nobody() -> None:
    lists = Lists(Held(), keep_s=60)

    def throttled() -> str:
        raise TransientError(what="slow down")

    with pytest.raises(TransientError):
        lists.get(("clb", "r"), throttled)
    assert lists.get(("clb", "r"), lambda: "a") == "a"


def test_nobody_is_given_what_was_asked_before_he_asked() -> None:
    lists, numbers, calls = Lists(SystemClock(), keep_s=0), itertools.count(1), threading.Lock()
    under_way, go_on = threading.Event(), threading.Event()

    def ask() -> int:
        with calls:  # never two at once
            under_way.set()
            go_on.wait(10)
            return next(numbers)

    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(lists.get, "r", ask)
        under_way.wait(10)
        later = [pool.submit(lists.get, "r", ask) for _ in range(8)]
        while sum(one.running() for one in later) < 8:
            threading.Event().wait(0.001)
        threading.Event().wait(0.05)  # running, and so within an instant behind the one that is under way
        go_on.set()
        assert first.result() == 1
        assert {one.result() for one in later} == {2}  # they share the one that began after they had asked
    assert lists.get("r", ask) == 3


def test_an_error_is_for_all_who_waited_for_it() -> None:
    lists, calls, here = Lists(SystemClock(), keep_s=0), itertools.count(1), threading.Barrier(8)

    def refused() -> str:
        threading.Event().wait(0.2)
        next(calls)
        raise TransientError(what="slow down")

    def look(_: int) -> str:
        here.wait(10)
        with pytest.raises(TransientError):
            lists.get("r", refused)
        return "told"

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(look, range(8))) == {"told"}
    assert next(calls) <= 3
