"""Where runs are kept: journal, plan, backup."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from upgrader.model.run import Entry


class Head(Protocol):
    """What the lock remembers of a run: its id, and where its journal ends."""

    run_id: str

    def head(self) -> tuple[int, str]:
        """Number and hash of the last entry; (0, "") for an empty journal."""

    def holds(self, seq: int, line: str) -> bool:
        """Whether entry `seq` is there and its line has this hash."""


class RunStore(Head, Protocol):
    """The files of one run. A write has reached the disk when the call returns."""

    directory: Path

    def append(self, entry: Entry) -> Entry:
        """Append to the journal (fsync); returns the entry with its number and the hash of the one before."""

    def entries(self) -> tuple[Entry, ...]:
        """The journal, verified: raises `InputError` naming the line where it was cut or edited."""

    def save(self, name: str, data: bytes) -> Path:
        """Write a file of the run atomically, mode 0600."""

    def load(self, name: str) -> bytes:
        """Read a file of the run; raises `AbsentError`."""
