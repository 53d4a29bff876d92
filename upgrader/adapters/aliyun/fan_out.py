"""The same question about many objects, a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

WORKERS = 8


def fan_out(question: Callable[[A], B], about: Iterable[A]) -> list[B]:
    """The answers in the order of `about`; the first error stops what has not begun and is raised."""
    things = list(about)
    if len(things) < 2:
        return [question(one) for one in things]
    with ThreadPoolExecutor(max_workers=min(WORKERS, len(things))) as pool:
        futures = [pool.submit(question, one) for one in things]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
