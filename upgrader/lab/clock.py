"""The lab's time: held until it is moved, or running with the machine's, in either case movable."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from upgrader.ports.clock import Clock, SystemClock

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
"""Where a held clock begins, so that two runs of one seed tell the same times."""


class LabClock:
    """A `Clock` whose time moves by `advance` (a `sleep` is one), and also by itself when it is not held."""

    def __init__(self, *, held: bool = False, start: datetime | None = None, machine: Clock | None = None) -> None:
        self.held = held
        self._machine = machine or SystemClock()
        self._start = start or (START if held else self._machine.now())
        self._born_s = self._machine.monotonic()
        self._moved_s = 0.0
        self._guard = threading.Lock()

    def now(self) -> datetime:
        """The lab's wall time in UTC."""
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Seconds since the lab began, moved ones included."""
        running_s = 0.0 if self.held else self._machine.monotonic() - self._born_s
        return running_s + self._moved_s

    def sleep(self, seconds: float) -> None:
        """Wait: a held clock is moved forward instead, at once."""
        if self.held:
            self.advance(seconds)
        else:
            self._machine.sleep(seconds)

    def advance(self, seconds: float) -> None:
        """Move the time forward; never back."""
        with self._guard:
            self._moved_s += max(0.0, seconds)

    def set_to(self, moment: datetime) -> None:
        """Begin anew at `moment`: what restoring a saved lab needs."""
        with self._guard:
            self._start = moment
            self._born_s = self._machine.monotonic()
            self._moved_s = 0.0
