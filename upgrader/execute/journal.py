"""The journal of a run: append-only, hash-chained, on disk before the effect that it announces.

One directory a run, mode 0700; `journal.jsonl` holds one entry a line. A torn last line (the process died while
writing it) is cut off by the next entry; anything else that does not fit the chain is refused with its line.
"""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec.structs import replace

from upgrader import codec
from upgrader.model.errors import AbsentError, InputError, TransientError
from upgrader.model.run import Entry
from upgrader.whole_file import write_whole

JOURNAL = "journal.jsonl"


def state_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Where runs are kept: `$CCM_UPGRADE_STATE`, else `ccm-upgrade` in `$XDG_STATE_HOME` or `~/.local/state`."""
    if environ.get("CCM_UPGRADE_STATE"):
        return Path(environ["CCM_UPGRADE_STATE"])
    base = environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "ccm-upgrade"


def runs_in(directory: Path) -> tuple[str, ...]:
    """Ids of the runs in a state directory, newest first (ids begin with their time)."""
    if not directory.is_dir():
        return ()
    return tuple(sorted((p.name for p in directory.iterdir() if (p / JOURNAL).exists()), reverse=True))


class FileStore:
    """The files of one run. A call returns when its data has reached the disk. Safe for several threads."""

    def __init__(self, directory: Path, run_id: str, *, create: bool = False) -> None:
        self.run_id = run_id
        self.directory = directory / run_id
        self.torn = False
        if create:
            with disk(self.directory, "make room there, or give another --state-dir"):
                self.directory.mkdir(parents=True, mode=0o700, exist_ok=True)
        elif not (self.directory / JOURNAL).exists():
            raise AbsentError(
                f"no run {run_id!r}", where=str(directory), next_command="ccm-upgrade history lists the runs"
            )
        self._whole = 0
        self._guard = threading.RLock()
        self._lines: tuple[str, ...] | None = None
        self._resume = f"make room on the disk, then ccm-upgrade resume {run_id}"

    def append(self, entry: Entry) -> Entry:
        """Append one entry; returns it with its number and the hash of the line before. A torn last line goes.

        Raises `TransientError` where the disk does not take it.
        """
        with self._guard, disk(self.directory / JOURNAL, self._resume):
            return self._append(entry)

    def _append(self, entry: Entry) -> Entry:
        known = self._known()
        numbered = replace(entry, seq=len(known) + 1, run=self.run_id, previous=known[-1] if known else "")
        line = codec.encode(numbered) + b"\n"
        path = self.directory / JOURNAL
        fresh = not path.exists()
        # Until the line is on disk nobody knows where the journal ends: an interrupt here must not be believed.
        self._lines = None
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            if self.torn:
                os.ftruncate(descriptor, self._whole)
                self.torn = False
            if os.write(descriptor, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if fresh:
            _sync_directory(self.directory)
        self._lines = (*known, _hash(line))
        return numbered

    def entries(self) -> tuple[Entry, ...]:
        """The whole journal, its chain verified. Raises `InputError` naming the line where it was cut or edited.

        Changes nothing: a reader may look while the run's own process writes. `torn` says that a last line has not
        reached the disk whole; what it announced was not begun, for the effect waits for the disk.
        """
        with self._guard:
            return self._entries()

    def _entries(self) -> tuple[Entry, ...]:
        path = self.directory / JOURNAL
        data = path.read_bytes() if path.exists() else b""
        lines = data.split(b"\n")
        tail = lines.pop()
        self.torn, self._whole = bool(tail), len(data) - len(tail)
        found, previous, hashes = [], "", []
        for number, line in enumerate(lines, 1):
            where = f"{path}:{number}"
            entry = codec.decode(line, Entry, where=where)
            if entry.previous != previous or entry.seq != number or entry.run != self.run_id:
                raise InputError(
                    what="the journal does not fit together here: it was cut or edited", where=where,
                    next_command="restore the file from a backup; nothing is done with a journal that can't be trusted",
                )  # fmt: skip
            previous = _hash(line + b"\n")
            hashes.append(previous)
            found.append(entry)
        self._lines = tuple(hashes)
        return tuple(found)

    def head(self) -> tuple[int, str]:
        """Number and hash of the last entry; (0, "") for an empty journal."""
        lines = self._known()
        return len(lines), lines[-1] if lines else ""

    def holds(self, seq: int, line: str) -> bool:
        """Whether entry `seq` is there and its line has this hash."""
        lines = self._known()
        return seq == 0 or (seq <= len(lines) and lines[seq - 1] == line)

    def _known(self) -> tuple[str, ...]:
        with self._guard:
            if self._lines is None:
                self._entries()
            return self._lines or ()

    def save(self, name: str, data: bytes) -> Path:
        """Write a file atomically, mode 0600. Raises `TransientError` where the disk does not take it."""
        path = self.directory / name
        with disk(path, self._resume):
            write_whole(path, data)
        _sync_directory(self.directory)
        return path

    def load(self, name: str) -> bytes:
        """Read a file. Raises `AbsentError`."""
        try:
            return (self.directory / name).read_bytes()
        except FileNotFoundError as error:
            raise AbsentError(f"the run has no {name}", where=str(self.directory),
                              next_command="ccm-upgrade history") from error  # fmt: skip


@contextmanager
def disk(path: Path, next_command: str) -> Iterator[None]:
    """What is written here is on disk, or nothing goes on: a full or unwritable one is a `TransientError`."""
    try:
        yield
    except OSError as error:
        raise TransientError(
            "the run can't be written down",
            where=str(path),
            why=error.strerror or str(error),
            next_command=next_command,
        ) from error


def _sync_directory(directory: Path) -> None:
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
