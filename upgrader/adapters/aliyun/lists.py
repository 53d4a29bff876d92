"""What several look for at once is listed once: a fleet's clusters share accounts, and each lists all of its region."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

from upgrader.ports.clock import Clock

T = TypeVar("T")


class Lists:
    """Answers that are given again for `keep_s` seconds; who asks while one is on its way waits for that one.

    For planning alone: who is about to write looks anew.
    """

    def __init__(self, clock: Clock, *, keep_s: float) -> None:
        self._clock, self._keep_s = clock, keep_s
        self._guard = threading.Lock()
        self._asking: dict[object, threading.Lock] = {}
        self._known: dict[object, tuple[float, Any]] = {}

    def get(self, key: object, ask: Callable[[], T]) -> T:
        """The answer of `ask`, or what an earlier one with this key was answered. An error is kept for nobody."""
        with self._guard:
            asking = self._asking.setdefault(key, threading.Lock())
        with asking:
            known = self._known.get(key)
            if known is None or self._clock.monotonic() - known[0] > self._keep_s:
                known = self._known[key] = (self._clock.monotonic(), ask())
            return cast("T", known[1])
