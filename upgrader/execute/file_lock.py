"""One process a cluster on this machine: a file that the kernel frees when its owner dies."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import IO

from upgrader.execute.journal import disk
from upgrader.model.errors import LockedError


class FileLock:
    """A lock on this machine, so that two processes with one state directory don't even ask the cluster.

    It also guards the journals: while one process writes a run, no other one does.
    """

    def __init__(self, directory: Path, cluster: str) -> None:
        safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in cluster) or "cluster"
        self.path = directory / f".lock-{safe}"
        self._file: IO[str] | None = None

    def take(self) -> None:
        """Raises `LockedError` at once while another process holds it, `TransientError` where it can't be written."""
        with disk(self.path, "make room there, or give another --state-dir"):
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = self.path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            held = file.read().strip()
            file.close()
            raise LockedError(
                "another process on this machine works on this cluster", where=str(self.path), why=held,
                next_command="wait for it, or end that process; then ccm-upgrade resume its run",
            ) from error  # fmt: skip
        self._file = file
        file.truncate(0)
        file.write(f"pid {os.getpid()}")
        with suppress(OSError):  # it only tells who holds it; on a full disk the lock holds all the same
            file.flush()

    def release(self) -> None:
        """Give it back; safe to call twice."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None
