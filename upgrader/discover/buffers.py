"""Large files in memory that is given back while they are read, so that text and objects never stand there together."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from msgspec import Raw

BIG = 8 * 1024**2
"""Files from this size on are worth the trouble."""
_STEP = 4 * 1024**2
_BATCH = 256

Buffer = bytes | mmap.mmap


def load(path: Path) -> Buffer:
    """The file's bytes; of a big file in anonymous memory, which `consumed` can give back piece by piece."""
    with path.open("rb") as file:
        size = path.stat().st_size
        if size < BIG:
            return file.read()
        memory = mmap.mmap(-1, size)
        # Never mapped from the file itself: a file that is cut while we read would kill the process.
        view, read = memoryview(memory), 0
        while read < size and (got := file.readinto(view[read:])):
            read += got
        view.release()
        return memory if read == size else memory[:read]


def consumed(items: list[Raw], data: Buffer) -> Iterator[list[Raw]]:
    """The items in order, some at a time, which are pieces of `data` in order; what was looked at is given back.

    Empties `items`. A batch may be looked at until the next one is taken.
    """
    items.reverse()
    passed = freed = 0
    while items:
        batch = items[: -_BATCH - 1 : -1]
        del items[-_BATCH:]
        yield batch
        # A lower bound of where the batch ends: what stands between the items is not counted.
        passed += sum(len(memoryview(item)) for item in batch)
        if isinstance(data, mmap.mmap) and passed - freed > _STEP and hasattr(mmap, "MADV_DONTNEED"):
            edge = passed // mmap.PAGESIZE * mmap.PAGESIZE
            data.madvise(mmap.MADV_DONTNEED, freed, edge - freed)
            freed = edge
