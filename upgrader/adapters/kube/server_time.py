"""The API server's time: leases, verdicts and ages of events are held against it, whatever the machine's clock says."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from upgrader.ports.clock import Clock

# A Date header names the second that had begun (RFC 9110, 6.6.1).
RESOLUTION = timedelta(seconds=1)
AGREED = timedelta()


class ServerClock:
    """A `Clock` with the machine's pace and the server's time, as far as its Date headers tell it.

    Each answer bounds how far the machine is off; bounds that don't meet those before (somebody set a clock) begin
    anew. While the machine may be right it is believed, else the earliest time that the server may have is told.
    """

    def __init__(self, machine: Clock) -> None:
        self._machine = machine
        self._guard = threading.Lock()
        self._low = self._high = AGREED

    def heard(self, date: str, asked_at: datetime) -> None:
        """The Date header of an answer to a request that was sent at `asked_at` by the machine's clock."""
        try:
            said = parsedate_to_datetime(date)
        except ValueError:
            return
        if said.tzinfo is None:
            said = said.replace(tzinfo=UTC)
        low, high = said - self._machine.now(), said + RESOLUTION - asked_at
        with self._guard:
            both_low, both_high = max(low, self._low), min(high, self._high)
            known = (self._low, self._high) != (AGREED, AGREED) and both_low <= both_high
            self._low, self._high = (both_low, both_high) if known else (low, high)

    @property
    def ahead(self) -> timedelta:
        """How far the server is ahead of the machine, at least; zero while they may agree."""
        with self._guard:
            return AGREED if self._low <= AGREED <= self._high else self._low

    def sent(self) -> datetime:
        """The machine's time: when a request goes out."""
        return self._machine.now()

    def now(self) -> datetime:
        """The server's wall time in UTC; the machine's until the server has spoken."""
        return self._machine.now() + self.ahead

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return self._machine.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for so many seconds."""
        self._machine.sleep(seconds)
