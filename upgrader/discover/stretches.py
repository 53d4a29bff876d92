"""A large dump of one kind in stretches: lists of their own, each of which can be read without the others.

A stretch begins where an object begins, as `pages` tells it. Where that was a mistake, brackets are open in the text
before it, the stretch is no JSON, and its reading says so: the file has to be read as a whole then.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from upgrader.discover.buffers import BIG
from upgrader.discover.pages import LIST, beginnings

_SIZE = 8 * 1024**2
"""Bytes of a stretch at most, about."""
_LAST = 4
"""The last stretch of each process is cut into so many, so that nobody waits long for the last one."""
_LOOK = 256 * 1024
_KINDS = frozenset({"Service", "EndpointSlice"})
"""Kinds of which tens of thousands turn up in one dump."""


class Stretch(Struct, frozen=True):
    """The bytes of a file from `begin` to `end`: objects of `kind` alone. `head` and `tail` make them a list."""

    kind: str
    begin: int
    end: int
    head: bytes
    tail: bytes


def stretches(path: Path, among: int) -> tuple[Stretch, ...]:
    """The file's list in stretches, in order, as many as `among` can share; none where that is not worth the trouble.

    So it is where the file is small, or not a list that is seen to be of one kind.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        first = _text(file, 0)
        opened = LIST.match(first)
        if size < BIG or opened is None:
            return ()
        head = opened[0]
        kinds = {kind for kind, _, _ in (*beginnings(first), *beginnings(_text(file, size - _LOOK)))}
        if len(kinds) != 1 or not kinds <= _KINDS:
            return ()
        cuts = list(dict.fromkeys(_cuts(file, _places(size, among))))  # A large object may lie at two places.
    begins = [len(head), *(after for _, after in cuts)]
    ends = [*(before for before, _ in cuts), size]
    kind = kinds.pop()
    return tuple(
        Stretch(kind, begin, end, head, b"" if end == size else b"]}") for begin, end in zip(begins, ends, strict=True)
    )


def _places(size: int, among: int) -> list[int]:
    """Where a text of this size is to be cut, about: as many stretches for each of `among`, the last ones small."""
    parts = _LAST * among * -(-size // (among * _SIZE))
    large, small = range(_LAST, parts - among * _LAST, _LAST), range(parts - among * _LAST, parts)
    return [number * size // parts for number in (*large, *small) if number]


def _cuts(file: BinaryIO, places: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Where one stretch ends, before a comma, and where the next begins."""
    for start in places:
        text = _text(file, start)
        for _, comma, begin in beginnings(text):
            if comma >= 0:
                yield start + comma, start + begin
                break


def _text(file: BinaryIO, start: int) -> bytes:
    file.seek(max(start, 0))
    return file.read(_LOOK)


class Piece:
    """The text of a stretch, to be read as if it was a file of its own."""

    def __init__(self, file: io.FileIO, stretch: Stretch) -> None:
        file.seek(stretch.begin)
        self._file, self._left = file, stretch.end - stretch.begin
        self._head, self._tail = stretch.head, stretch.tail

    def read(self, size: int, /) -> bytes:
        """Up to `size` more bytes, or the few that make it a list; none at the end."""
        around, self._head = self._head, b""
        if around:
            return around
        text = self._file.read(min(size, self._left))
        self._left -= len(text)
        if not text:
            text, self._tail = self._tail, b""
        return text
