"""A list of objects in pages: JSON texts of some objects each, in order, cheap to decode in one go.

A big dump is read and cut between two objects, without a parse of the whole, which would cost as much as a third of
all other work, and without its text in memory. An object's beginning, as kubectl prints it, holds quotes, so it never
stands inside a text; that it does not stand inside another object shows when the page is decoded: it is no list then,
and the file has to be read as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from msgspec import Raw

from upgrader.discover.buffers import Buffer, GiveBack

_BEGIN = re.compile(
    rb"""\{\s* (?: "apiVersion"\s*:\s*"[^"\\]*"\s*,\s* "kind"\s*:\s*"(\w+)"
                 | "kind"\s*:\s*"(\w+)"\s*,\s* "apiVersion"\s*:\s*"[^"\\]*" ) \s*,\s* "metadata"
       | \{\s* "addressType"\s*:\s*"\w+"\s*,\s* "apiVersion"\s*:\s*"discovery\.k8s\.io/\w+"\s*,\s* "endpoints" """,
    re.VERBOSE,
)
LIST = re.compile(rb'\s*\{(?:\s*"(?:apiVersion|kind)"\s*:\s*"[^"\\]*"\s*,)*\s*"items"\s*:\s*\[\s*')
# Small enough to stay in a processor's cache while a page is looked at, and in memory that is not given back each time.
_PAGE = 96 * 1024
_LONGEST = 4 * 1024**2
_TOGETHER = 256


def beginning(text: Buffer | memoryview, at: int = 0) -> tuple[bytes, str]:
    """How the object at `at` begins, and its kind by that; both empty where keys are not sorted as kubectl sorts them.

    An EndpointSlice names its kind only after its endpoints; nothing else of its API group has an address type.
    """
    found = _BEGIN.match(text, at)
    return (found[0], (found[1] or found[2] or b"EndpointSlice").decode()) if found else (b"", "")


def beginnings(text: bytes) -> Iterator[tuple[str, int, int]]:
    """Where objects begin in a list's text, in order: kind, place of the comma before it (-1: none), its own place."""
    for found in _BEGIN.finditer(text):
        comma = text.rfind(b",", 0, found.start())
        after_comma = comma >= 0 and not text[comma + 1 : found.start()].strip()
        yield (found[1] or found[2] or b"EndpointSlice").decode(), comma if after_comma else -1, found.start()


class Source(Protocol):
    """Where a text is read from."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` more bytes; none at the end."""


class Cut:
    """A dump, cut. `pages` is to be taken first: what is left then is `rest`, a small document of its own.

    Where it can't be cut, `rest` is only the beginning of the file, and no JSON.
    """

    def __init__(self, file: Source) -> None:
        self._file, self._text = file, file.read(_PAGE)
        opened = LIST.match(self._text)
        self._head = opened[0] if opened else b""
        self._text = b"[" + self._text[len(self._head) :]

    def pages(self) -> Iterator[bytes]:
        """Pages, while there is more to read; none where the text does not begin as kubectl's lists do."""
        while self._head and len(self._text) < _LONGEST and (more := self._file.read(_PAGE)):
            self._text += more
            end = self._last_beginning()
            comma = self._text.rfind(b",", 0, end)
            if end <= 1 or self._text[comma + 1 : end].strip():
                continue
            page = b"".join((memoryview(self._text)[:comma], b"]"))
            self._text = b"[" + self._text[end:]
            yield page

    @property
    def rest(self) -> bytes:
        """The document without the objects of the pages that were taken; together they are the whole."""
        return self._head + self._text[1:]

    def _last_beginning(self) -> int:
        """Where the last object begins of which it can be told; 0 where none does."""
        begin, _ = beginning(self._text, 1)
        found = self._text.rfind(begin, 2) if begin else -1
        # Objects of one kind mostly stand together; only where none follows, any kind is looked for.
        return found if found > 0 else max((one.start() for one in _BEGIN.finditer(self._text, 2)), default=0)


def parsed_pages(items: list[Raw], data: Buffer) -> Iterator[bytes]:
    """The pages of a list that was parsed, whose items are pieces of `data` in order. Empties `items`."""
    items.reverse()
    passed, free = 0, GiveBack(data)
    while items:
        batch = items[: -_TOGETHER - 1 : -1]
        del items[-_TOGETHER:]
        # A lower bound of where the batch ends: what stands between the items is not counted.
        passed += sum(len(memoryview(item)) for item in batch)
        page = b"[%b]" % b",".join(batch)
        free.upto(passed)
        yield page
