"""Large files in memory that is given back while they are read, so that text and objects never stand there together."""

from __future__ import annotations

import mmap
import os
import select
import stat
from pathlib import Path

from upgrader.model.errors import InputError

BIG = 8 * 1024**2
"""Files from this size on are worth the trouble."""
_STEP = 4 * 1024**2
_PIECE = 1024**2

WAIT_S = 10.0
"""So long somebody may take to begin to write into a pipe."""

Buffer = bytes | mmap.mmap


def load(path: Path, limit: int) -> Buffer:
    """The file's bytes; of a big file in memory of its own, which `GiveBack` can free piece by piece.

    Raises `InputError` for more than `limit` bytes, for a device, which may have no end, and for a pipe into which
    nobody writes.
    """
    mode = path.stat().st_mode
    if stat.S_ISFIFO(mode):
        return _of_pipe(path, limit)
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise InputError(what="this is no file: a device or a socket", where=str(path),
                         next_command="-f FILE, or - for stdin")  # fmt: skip
    with path.open("rb") as file:
        size = path.stat().st_size
        refuse_large(size, limit, str(path))
        if size < BIG:
            return file.read()
        # Private: the pages of shared memory would stay. Never of the file itself: when that is cut while we read,
        # the process would be killed.
        private = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
        memory = mmap.mmap(-1, size, **private)
        view, read = memoryview(memory), 0
        while read < size and (got := file.readinto(view[read:])):
            read += got
        view.release()
        return memory if read == size else memory[:read]


def _of_pipe(path: Path, limit: int) -> bytes:
    """What comes out of a pipe until its writers close it."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as pipe:
        heard, _, _ = select.select([pipe], [], [], WAIT_S)
        begun = pipe.read(_PIECE)
        # Nothing yet from somebody is told from nobody: that one reads as an end.
        if not heard and begun == b"":
            raise InputError(what=f"nobody has written into the pipe for {WAIT_S:.0f} s", where=str(path),
                             next_command="start what writes into it, or hand it over by -f -")  # fmt: skip
        os.set_blocking(pipe.fileno(), True)
        pieces = [begun or pipe.read(_PIECE)]
        left = limit + 1 - len(pieces[0])
        while left > 0 and (more := pipe.read(min(_PIECE, left))):
            pieces.append(more)
            left -= len(more)
        data = b"".join(pieces)
        refuse_large(len(data), limit, str(path))
        return data


def refuse_large(size: int, limit: int, name: str) -> None:
    """Raise `InputError` where there is more than may be taken."""
    if size > limit:
        raise InputError(
            what=f"more than {limit:,} bytes", where=name,
            next_command="dump fewer kinds, or one namespace at a time",
        )  # fmt: skip


class GiveBack:
    """Frees what was read of a buffer, from its beginning on; where it can't be freed, nothing happens."""

    def __init__(self, data: Buffer) -> None:
        self._data = data if isinstance(data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED") else None
        self._freed = 0

    def upto(self, end: int) -> None:
        """Nobody looks at what stands before `end` any more."""
        if self._data is not None and end - self._freed > _STEP:
            edge = end // mmap.PAGESIZE * mmap.PAGESIZE
            self._data.madvise(mmap.MADV_DONTNEED, self._freed, edge - self._freed)
            self._freed = edge
