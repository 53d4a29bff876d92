"""One process a cluster on this machine: a file that the kernel frees when its owner dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

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
        """Raises `LockedError` at once while another process holds it."""
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
        file.truncate(0)
        file.write(f"pid {os.getpid()}")
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give it back; safe to call twice."""
        if self._file is not None:
            self._file.close()
            self._file = None
