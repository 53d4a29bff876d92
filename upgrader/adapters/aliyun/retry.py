"""Patience: a shared pace for all calls, and a second try for reads only."""

from __future__ import annotations

import threading

from upgrader.adapters.aliyun.call import Call, Transport
from upgrader.adapters.patience import ATTEMPTS, DEADLINE_S, patiently
from upgrader.model.errors import TransientError
from upgrader.ports.clock import Clock

RATE_PER_S = 40.0
BURST = 40.0


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
        attempts = ATTEMPTS if call.is_read else 1
        return patiently(lambda: self._paced(call), self._clock, attempts=attempts, deadline_s=self._deadline_s)

    def _paced(self, call: Call) -> dict[str, object] | list[object]:
        if self._bucket is None:
            return self._transport.send(call)
        self._bucket.take()
        try:
            return self._transport.send(call)
        except TransientError as error:
            if "hrottl" in error.why:
                self._bucket.drain()
            raise
