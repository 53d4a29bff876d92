"""Many who begin the same run at the same instant, on a database that nobody has used yet."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from tests.fleet.test_kill import create
from upgrader.model.errors import StaleError

AT_ONCE = 8


def all_begin(url: str) -> list[bool]:
    """Who of them has begun the run; the others were told that it exists."""
    together = threading.Barrier(AT_ONCE)

    def one(_: int) -> bool:
        together.wait()
        try:
            create(url, 30)
        except StaleError:
            return False
        return True

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))
