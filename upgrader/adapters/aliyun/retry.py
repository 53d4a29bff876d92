"""Patience: a shared pace for all calls, and a second try for reads only."""

from __future__ import annotations

import random
import threading

from upgrader.adapters.aliyun.call import Call, Transport
from upgrader.adapters.aliyun.errors import UnreachableError
from upgrader.model.errors import TransientError
from upgrader.ports.clock import Clock

RATE_PER_S = 40.0
BURST = 40.0
ATTEMPTS = 6
ATTEMPTS_UNREACHABLE = 2
DEADLINE_S = 90.0
FIRST_PAUSE_S = 0.4
LONGEST_PAUSE_S = 15.0


class Bucket:
    """A token bucket that all threads of one account share."""

    def __init__(self, clock: Clock, *, rate_per_s: float = RATE_PER_S, burst: float = BURST) -> None:
        self._clock, self._rate, self._burst = clock, rate_per_s, burst
        self._tokens, self._at = burst, clock.monotonic()
        self._guard = threading.Lock()

    def take(self) -> None:
        """Wait until a request may be sent."""
        with self._guard:
            now = self._clock.monotonic()
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate) - 1
            self._at = now
            wait_s = -self._tokens / self._rate
        if wait_s > 0:
            self._clock.sleep(wait_s)

    def pace(self, rate_per_s: float) -> None:
        """From now on so many a second, and a burst of one second."""
        with self._guard:
            self._rate = self._burst = rate_per_s
            self._tokens = min(self._tokens, self._burst)

    def drain(self) -> None:
        """The cloud throttled somebody: begin again from an empty bucket."""
        with self._guard:
            self._tokens = min(self._tokens, 0.0)


class Patient:
    """A transport that keeps the pace, and repeats *reads* that failed for a passing reason.

    A write is sent once: whether it landed is for its caller to observe.
    """

    def __init__(
        self, transport: Transport, clock: Clock, bucket: Bucket | None = None, *, deadline_s: float = DEADLINE_S
    ) -> None:
        self._transport, self._clock, self._bucket, self._deadline_s = transport, clock, bucket, deadline_s

    def send(self, call: Call) -> dict[str, object] | list[object]:
        """The answer. The last error when attempts or time have run out."""
        end = self._clock.monotonic() + self._deadline_s
        pause_s = FIRST_PAUSE_S
        for attempt in range(1, ATTEMPTS + 1):
            if self._bucket is not None:
                self._bucket.take()
            try:
                return self._transport.send(call)
            except TransientError as error:
                if self._bucket is not None and "hrottl" in error.why:
                    self._bucket.drain()
                # Jitter, so that threads that were throttled together do not come back together.
                wait_s = error.retry_after_s or pause_s * random.uniform(0.7, 1.3)
                last = ATTEMPTS_UNREACHABLE if isinstance(error, UnreachableError) else ATTEMPTS
                if not call.is_read or attempt >= last or self._clock.monotonic() + wait_s > end:
                    raise
            self._clock.sleep(wait_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        raise AssertionError("unreachable")
