"""Patience: a shared pace for all calls, and a second try for reads only."""

from __future__ import annotations

import threading

from upgrader.adapters.aliyun.call import Call, Transport
from upgrader.adapters.patience import ATTEMPTS, ATTEMPTS_UNREACHABLE, DEADLINE_S, patiently
from upgrader.model.errors import TransientError
from upgrader.ports.clock import Clock

RATE_PER_S = 40.0
BURST = 40.0
# Loopback needs not be spared, but may be throttled as well.
LOOPBACK_PER_S = 500.0
AT_ONCE = 16
"""How many requests of one connection are on their way together at most, whoever asks."""
SLOWER = 0.7
SLOWEST_PER_S = 1.0
DOUBLES_IN_S = 30.0
"""How soon a pace that was slowed down is twice as fast again."""


class Bucket:
    """A token bucket that all threads of one account share. It slows down when the cloud throttles, and recovers."""

    def __init__(self, clock: Clock, *, rate_per_s: float = RATE_PER_S, burst: float = BURST) -> None:
        self._clock, self._full, self._rate, self._burst = clock, rate_per_s, rate_per_s, burst
        self._tokens, self._at, self._slowed_at = burst, clock.monotonic(), -1.0
        self._guard = threading.Lock()

    @property
    def rate_per_s(self) -> float:
        """The pace now."""
        return self._rate

    def take(self) -> None:
        """Wait until a request may be sent."""
        with self._guard:
            now = self._clock.monotonic()
            passed_s = now - self._at
            self._rate = min(self._full, self._rate * 2 ** min(passed_s / DOUBLES_IN_S, 16))
            self._tokens = min(self._burst, self._tokens + passed_s * self._rate) - 1
            self._at = now
            wait_s = -self._tokens / self._rate
        if wait_s > 0:
            self._clock.sleep(wait_s)

    def pace(self, rate_per_s: float) -> None:
        """From now on so many a second, and a burst of one second."""
        with self._guard:
            self._full = self._rate = self._burst = rate_per_s
            self._tokens = min(self._tokens, self._burst)

    def slow_down(self) -> None:
        """The cloud throttled one of us: begin again from an empty bucket, and more slowly.

        What was throttled within one second was sent at one pace, and slows it once.
        """
        with self._guard:
            now = self._clock.monotonic()
            self._tokens = min(self._tokens, 0.0)
            if now - self._slowed_at >= 1.0:
                self._rate = max(min(SLOWEST_PER_S, self._full), self._rate * SLOWER)
                self._slowed_at = now


class Patient:
    """A transport that keeps the pace, and repeats *reads* that failed for a passing reason.

    A write is sent once: whether it landed is for its caller to observe.
    """

    def __init__(
        self, transport: Transport, clock: Clock, bucket: Bucket | None = None, *, deadline_s: float = DEADLINE_S
    ) -> None:
        self._transport, self._clock, self._bucket, self._deadline_s = transport, clock, bucket, deadline_s
        self._gate = threading.BoundedSemaphore(AT_ONCE)
        self._silent = set[str]()

    def send(self, call: Call) -> dict[str, object] | list[object]:
        """The answer. The last error when attempts or time have run out.

        A call that ran out of them is asked less patiently from then on, until it is answered: an endpoint that lacks
        it may say so by a failure of its own.
        """
        attempts = ATTEMPTS if call.is_read else 1
        if call.name in self._silent:
            attempts = min(attempts, ATTEMPTS_UNREACHABLE)
        try:
            answer = patiently(lambda: self._paced(call), self._clock, attempts=attempts, deadline_s=self._deadline_s)
        except TransientError as error:
            if call.is_read and not _throttled(error):
                self._silent.add(call.name)
            raise
        self._silent.discard(call.name)
        return answer

    def _paced(self, call: Call) -> dict[str, object] | list[object]:
        if self._bucket is not None:
            self._bucket.take()
        try:
            with self._gate:
                return self._transport.send(call)
        except TransientError as error:
            if self._bucket is not None and _throttled(error):
                self._bucket.slow_down()
            raise


def _throttled(error: TransientError) -> bool:
    """Whether we were told to come later, not that something failed."""
    return "hrottl" in error.why
