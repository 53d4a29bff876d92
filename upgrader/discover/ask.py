"""Questions that may fail: each failure becomes a Gap, never the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal, TypeVar

from upgrader.model.errors import AbsentError, CcmUpgradeError, DeniedError, TransientError
from upgrader.model.facts import Gap
from upgrader.redact import redacted_text

T = TypeVar("T")
M = TypeVar("M")
A = TypeVar("A")

WORKERS = 8


class Questions:
    """Asks `at_once` questions in parallel, one after the other if that is 1; collects what could not be answered."""

    def __init__(self, at_once: int) -> None:
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="discover") if at_once > 1 else None
        self._guard = threading.Lock()
        self._gaps: list[Gap] = []

    def __enter__(self) -> Questions:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What could not be read, in a stable order, each once."""
        found = {(g.area, g.subject, g.call): g for g in self._gaps}
        return tuple(found[key] for key in sorted(found))

    def ask(self, area: str, call: str, question: Callable[[], T], missing: M, *, subject: str = "") -> Future[T | M]:
        """The answer, or `missing` and a gap."""
        if self._pool is not None:
            return self._pool.submit(self.now, area, call, question, missing, subject=subject)
        answered: Future[T | M] = Future()
        answered.set_result(self.now(area, call, question, missing, subject=subject))
        return answered

    def each(self, area: str, call: str, question: Callable[[A], T], about: Iterable[tuple[A, str]]) -> list[T | None]:
        """An answer for each of `about` (a thing and its name); None where there is none, which is then a gap."""

        def one(thing: A) -> Callable[[], T | None]:
            return lambda: question(thing)

        asked: list[Future[T | None]] = [self.ask(area, call, one(thing), None, subject=name) for thing, name in about]
        return [future.result() for future in asked]

    def now(self, area: str, call: str, question: Callable[[], T], missing: M, *, subject: str = "") -> T | M:
        """Like `ask`, at once."""
        try:
            return question()
        except CcmUpgradeError as error:
            self.add(Gap(area=area, call=call, why=why(error), subject=subject, detail=redacted_text(str(error))[:400]))
            return missing

    def add(self, gap: Gap) -> None:
        """Remember a gap."""
        with self._guard:
            self._gaps.append(gap)


def why(error: CcmUpgradeError) -> Literal["denied", "absent", "timed-out", "failed"]:
    """The kind of gap that an error leaves."""
    match error:
        case DeniedError():
            return "denied"
        case AbsentError():
            return "absent"
        case TransientError():
            return "timed-out"
        case _:
            return "failed"
