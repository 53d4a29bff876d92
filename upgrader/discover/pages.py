"""A list of objects in pages: JSON texts of some objects each, in order, cheap to decode in one go.

A big dump is cut between two objects without a parse of the whole, which would cost as much as a third of all other
work. An object's beginning, as kubectl prints it, holds quotes, so it never stands inside a text; that it does not
stand inside another object shows when the page is decoded: it is no list then, and the file has to be read as a whole.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator

from msgspec import Raw

from upgrader.discover.buffers import Buffer, GiveBack

_BEGIN = re.compile(
    rb'\{\s*"apiVersion"\s*:\s*"[^"\\]*"\s*,\s*"kind"\s*:\s*"(\w+)"\s*,\s*"metadata"'
    rb'|\{\s*"addressType"\s*:\s*"\w+"\s*,\s*"apiVersion"\s*:\s*"discovery\.k8s\.io/\w+"\s*,\s*"endpoints"'
)
# kubectl sorts the keys of its lists too.
_LIST = re.compile(rb'\s*\{\s*"apiVersion"\s*:\s*"[^"\\]*"\s*,\s*"items"\s*:\s*\[\s*')
# Small enough to stay in a processor's cache while a page is looked at.
_PAGE = 256 * 1024
_TOGETHER = 256


def beginning(text: Buffer | memoryview, at: int = 0) -> tuple[bytes, str]:
    """How the object at `at` begins, and its kind by that; both empty where keys are not sorted as kubectl sorts them.

    An EndpointSlice names its kind only after its endpoints; nothing else of its API group has an address type.
    """
    found = _BEGIN.match(text, at)
    return (found[0], (found[1] or b"EndpointSlice").decode()) if found else (b"", "")


class Cut:
    """A big dump, cut. `pages` is to be taken first: what is left then is `rest`, a small document of its own."""

    def __init__(self, data: mmap.mmap) -> None:
        opened = _LIST.match(data)
        self._data, self._head = data, opened[0] if opened else b""
        self._at = len(self._head)

    def pages(self) -> Iterator[bytes]:
        """Pages while the rest is larger than one; none where the text does not begin as kubectl's lists do."""
        data, free = self._data, GiveBack(self._data)
        while self._head and (end := self._next(self._at + _PAGE)):
            comma = data.rfind(b",", self._at, end)
            if data[comma + 1 : end].strip():
                return
            # In place, so that the page is copied once: nobody looks at what stands before it any more.
            data[self._at - 1], data[comma] = b"[]"
            page, self._at = data[self._at - 1 : comma + 1], end
            free.upto(end - 1)
            yield page

    @property
    def left(self) -> int:
        """How many bytes no page was taken of."""
        return len(self._data) - self._at

    @property
    def rest(self) -> bytes:
        """The document without the objects of the pages that were taken; together they are the whole."""
        return self._head + self._data[self._at :]

    def _next(self, start: int) -> int:
        """Where an object of the same kind as the one that is next begins, from `start` on; 0 where none does."""
        begin, _ = beginning(self._data, self._at)
        return max(0, self._data.find(begin, start)) if begin else 0


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
