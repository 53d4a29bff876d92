"""What several look for at once is listed once: a fleet's clusters share accounts, and each lists all of its region."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

from upgrader.model.errors import CcmUpgradeError
from upgrader.ports.clock import Clock

T = TypeVar("T")
REST = 3.0
"""So many times as long as the last asking took, the next one waits for others to join it."""


class _Asked:
    """What was last answered to one question: when its asking began, how long it took, and what or which error came."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.began, self.took_s = float("-inf"), 0.0
        self.answer: Any = None
        self.error: CcmUpgradeError | None = None


class Lists:
    """Answers that are given to all who wait for them, and again for `keep_s` seconds.

    With `keep_s` 0 each answer is as fresh as one's own would be: its asking began after one asked. Between two of them
    three times as much time passes as the last one took, in which others may join the next: however many look, a region
    is being listed a quarter of the time at most.
    """

    def __init__(self, clock: Clock, *, keep_s: float) -> None:
        self._clock, self._keep_s = clock, keep_s
        self._guard = threading.Lock()
        self._asked: dict[object, _Asked] = {}

    def get(self, key: object, ask: Callable[[], T]) -> T:
        """The answer of `ask`, or that of somebody else's with this key. Raises what was raised there.

        An error is for those who waited for it, and kept for nobody.
        """
        now = self._clock.monotonic()
        with self._guard:
            asked = self._asked.setdefault(key, _Asked())
        with asked.guard:
            if asked.began <= now - (self._keep_s if asked.error is None else 0):
                self._renew(asked, ask)
            if asked.error is not None:
                raise asked.error
            return cast("T", asked.answer)

    def _renew(self, asked: _Asked, ask: Callable[[], T]) -> None:
        rest_s = asked.began + (1 + REST) * asked.took_s - self._clock.monotonic()
        if rest_s > 0:
            self._clock.sleep(rest_s)
        began, error, answer = self._clock.monotonic(), None, None
        try:
            answer = ask()
        except CcmUpgradeError as raised:
            error = raised
        asked.began, asked.took_s = began, self._clock.monotonic() - began
        asked.answer, asked.error = answer, error
