"""Types that several threads may decode at once."""

from __future__ import annotations

import threading
from typing import TypeVar

import msgspec

T = TypeVar("T")

_BUILDING = threading.Lock()
_BUILT: set[object] = set()


def described(kind: type[T]) -> type[T]:
    """`kind`, once msgspec has its description of it and of the types in it.

    msgspec builds that at the first use, and two threads that do so at once, for types that share one, crash the
    interpreter (0.22: one reads the description that the other is still filling in). Later use is safe.
    """
    if kind not in _BUILT:
        with _BUILDING:
            msgspec.json.Decoder(kind)
            _BUILT.add(kind)
    return kind
