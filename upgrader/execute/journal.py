"""The journal of a run: append-only, hash-chained, on disk before the effect that it announces.

One directory a run, mode 0700; `journal.jsonl` holds one entry a line. A torn last line (the process died while
writing it) is cut off and said; anything else that does not fit the chain is refused with its line.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from upgrader import codec
from upgrader.model.errors import AbsentError, InputError
from upgrader.model.run import Entry

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
    """The files of one run. A call returns when its data has reached the disk."""

    def __init__(self, directory: Path, run_id: str, *, create: bool = False) -> None:
        self.run_id = run_id
        self.directory = directory / run_id
        self.torn = False
        if create:
            self.directory.mkdir(parents=True, mode=0o700, exist_ok=True)
        elif not (self.directory / JOURNAL).exists():
            raise AbsentError(
                f"no run {run_id!r}", where=str(directory), next_command="ccm-upgrade history lists the runs"
            )
        self._last: tuple[int, str] | None = None

    def append(self, entry: Entry) -> Entry:
        """Append one entry; returns it with its number and the hash of the line before."""
        if self._last is None:
            self.entries()
        assert self._last is not None
        seq, previous = self._last
        numbered = replace(entry, seq=seq + 1, run=self.run_id, previous=previous)
        line = codec.encode(numbered) + b"\n"
        path = self.directory / JOURNAL
        fresh = not path.exists()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if fresh:
            _sync_directory(self.directory)
        self._last = (numbered.seq, _hash(line))
        return numbered

    def entries(self) -> tuple[Entry, ...]:
        """The whole journal, its chain verified. Raises `InputError` naming the line where it was cut or edited."""
        path = self.directory / JOURNAL
        data = path.read_bytes() if path.exists() else b""
        lines = data.split(b"\n")
        tail = lines.pop()
        if tail:
            # Only the last write can be torn; what it announced was not begun, for the effect waits for the disk.
            self.torn = True
            with path.open("r+b") as file:
                file.truncate(len(data) - len(tail))
                os.fsync(file.fileno())
        found, previous = [], ""
        for number, line in enumerate(lines, 1):
            where = f"{path}:{number}"
            entry = codec.decode(line, Entry, where=where)
            if entry.previous != previous or entry.seq != number or entry.run != self.run_id:
                raise InputError(
                    what="the journal does not fit together here: it was cut or edited", where=where,
                    next_command="restore the file from a backup; nothing is done with a journal that can't be trusted",
                )  # fmt: skip
            previous = _hash(line + b"\n")
            found.append(entry)
        self._last = (len(found), previous)
        return tuple(found)

    def save(self, name: str, data: bytes) -> Path:
        """Write a file atomically, mode 0600."""
        path = self.directory / name
        temporary = path.with_name(f".{name}.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_directory(self.directory)
        return path

    def load(self, name: str) -> bytes:
        """Read a file. Raises `AbsentError`."""
        try:
            return (self.directory / name).read_bytes()
        except FileNotFoundError as error:
            raise AbsentError(f"the run has no {name}", where=str(self.directory)) from error


def _sync_directory(directory: Path) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
