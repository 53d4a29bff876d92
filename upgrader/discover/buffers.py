"""Large files in memory that is given back while they are read, so that text and objects never stand there together."""

from __future__ import annotations

import mmap
from pathlib import Path

BIG = 8 * 1024**2
"""Files from this size on are worth the trouble."""
_STEP = 4 * 1024**2

Buffer = bytes | mmap.mmap


def load(path: Path) -> Buffer:
    """The file's bytes; of a big file in memory of its own, which `GiveBack` can free piece by piece."""
    with path.open("rb") as file:
        size = path.stat().st_size
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
