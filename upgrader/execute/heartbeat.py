"""The Lease is renewed for as long as the run lives, whatever its own thread waits for."""

from __future__ import annotations

import threading
from types import TracebackType

from upgrader.execute.lock import DURATION_S, LeaseLock
from upgrader.model.errors import CcmUpgradeError, LockedError

BEAT_S = DURATION_S / 4


class Heartbeat:
    """Renews a lock from a thread of its own while the `with` block runs.

    A beat that fails for a passing reason is made up for by the next one. A lock that was lost is not renewed any
    more; the run learns of it at its next write, which the lock refuses.
    """

    def __init__(self, lock: LeaseLock, every_s: float = BEAT_S) -> None:
        self._lock, self._every_s = lock, every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="lease-heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._over.wait(self._every_s):
            try:
                self._lock.beat()
            except LockedError:
                return
            except CcmUpgradeError:
                continue
