"""Who of a lab has something to do, and when: a thousand clusters at rest cost nothing."""

from __future__ import annotations

from heapq import heappop, heappush

from upgrader.lab.clock import LabClock


class Agenda:
    """Names that were woken, and names whose time comes, by the lab's time."""

    def __init__(self, clock: LabClock) -> None:
        self._clock = clock
        self._woken: dict[str, None] = {}
        self._when: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []

    def wake(self, name: str) -> None:
        """Something may have moved there."""
        self._woken[name] = None

    def later(self, name: str, pause_s: float | None) -> None:
        """To be looked at after so many seconds; None: only when it is woken. The last word counts."""
        if pause_s is None:
            self._when.pop(name, None)
        else:
            self._when[name] = self._clock.monotonic() + pause_s
            heappush(self._heap, (self._when[name], name))

    def due(self) -> tuple[str, ...]:
        """Those that were woken or whose time has come, in the order of that; each is told once."""
        now, found = self._clock.monotonic(), self._woken
        self._woken = {}
        while self._heap and self._heap[0][0] <= now:
            when, name = heappop(self._heap)
            if self._when.get(name) == when:
                del self._when[name]
                found[name] = None
        return tuple(found)

    def next_s(self) -> float | None:
        """Seconds until somebody's time comes, None when nobody waits for one."""
        while self._heap and self._when.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)
        return max(0.0, self._heap[0][0] - self._clock.monotonic()) if self._heap else None

    def clear(self) -> None:
        """Forget every time: the clock was set."""
        self._when.clear()
        self._heap.clear()
