"""A second try for what failed for a passing reason and may be asked again: with jitter, and within a deadline."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from upgrader.model.errors import TransientError
from upgrader.ports.clock import Clock

ATTEMPTS = 6
ATTEMPTS_UNREACHABLE = 2
DEADLINE_S = 90.0
FIRST_PAUSE_S = 0.4
LONGEST_PAUSE_S = 15.0
T = TypeVar("T")


class UnreachableError(TransientError):
    """Nobody is there at all: the request surely never left. Patience does not help as it does against throttling."""


class NoAnswerError(TransientError):
    """Somebody is there, and did not answer in time: each further try waits as long again."""


def patiently(ask: Callable[[], T], clock: Clock, *, attempts: int = ATTEMPTS, deadline_s: float = DEADLINE_S) -> T:
    """The answer to a question that changes nothing. The last error when attempts or time have run out."""
    end = clock.monotonic() + deadline_s
    pause_s = FIRST_PAUSE_S
    for attempt in range(1, attempts + 1):
        try:
            return ask()
        except TransientError as error:
            # Jitter, so that threads that were throttled together do not come back together.
            wait_s = error.retry_after_s or pause_s * random.uniform(0.7, 1.3)
            hopeless = isinstance(error, UnreachableError | NoAnswerError)
            last = min(attempts, ATTEMPTS_UNREACHABLE) if hopeless else attempts
            if attempt >= last or clock.monotonic() + wait_s > end:
                raise
        clock.sleep(wait_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
    raise AssertionError("unreachable")
