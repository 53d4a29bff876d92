"""Work shared by several processes, each of which begins where this one stands: it has all modules and data at hand."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import msgspec

Work = Callable[[int], bytes]

_NUMBER, _PIPE = 4, 64 * 1024
"""Bytes of a number in a pipe, and what a pipe holds."""
_ENOUGH = 4
"""More would spare little, and a container may have fewer processors than it sees."""


def shared(work: Work, count: int) -> list[bytes] | None:
    """What `work` returns for each number from 0 to `count` - 1, in order; None where that is empty once.

    This process does its share, whoever is ready takes the next number; where it can't have others, it does all. A
    process that ended otherwise, or could not be had, returned nothing. Nothing that the others do but what `work`
    returns is seen here, and none of them outlives the call.
    """
    deck, helpers = _dealt(count), list[_Helper]()
    try:
        for _ in range(min(count, most()) - 1):
            helpers.append(_Helper(work, deck))
        found = _done(work, deck)
        for helper in helpers:
            found |= helper.result()
    except _NoProcessError:
        return None
    finally:
        os.close(deck)
        for helper in helpers:
            helper.end()
    return [found[number] for number in range(count)] if len(found) == count else None


def _dealt(count: int) -> int:
    """A pipe with the numbers: each is read once, by whoever is next. More than it holds would never be written."""
    assert count * _NUMBER <= _PIPE
    reading, writing = os.pipe()
    os.write(writing, b"".join(number.to_bytes(_NUMBER) for number in range(count)))
    os.close(writing)
    return reading


def _done(work: Work, deck: int) -> dict[int, bytes]:
    """What was done of the work; nothing where something returned nothing."""
    found = dict[int, bytes]()
    while dealt := os.read(deck, _NUMBER):
        number = int.from_bytes(dealt)
        found[number] = work(number)
        if not found[number]:
            os.read(deck, _PIPE)  # Nobody needs to go on.
            return {}
    return found


def most() -> int:
    """How many processes can work at once: one on each processor that this one may use, and few."""
    if not hasattr(os, "fork"):
        return 1
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(here, _ENOUGH)


class _NoProcessError(Exception):
    """There can be no other process."""


class _Helper:
    """A process that does a share of the work, and what it writes about it."""

    def __init__(self, work: Work, deck: int) -> None:
        self._reading, writing = os.pipe()
        try:
            self._process = os.fork()
        except OSError as error:  # A container may allow only so many.
            os.close(self._reading)
            os.close(writing)
            raise _NoProcessError from error
        if self._process == 0:
            _do(work, deck, writing)
        os.close(writing)

    def result(self) -> dict[int, bytes]:
        """Its share; nothing where it did not come to its end. Waits for it."""
        with open(self._reading, "rb", closefd=False) as pipe:
            text = pipe.read()
        try:
            return msgspec.msgpack.decode(text, type=dict[int, bytes])
        except msgspec.DecodeError:
            return {}

    def end(self) -> None:
        """It is gone, and leaves nothing behind."""
        os.close(self._reading)
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)


def _do(work: Work, deck: int, writing: int) -> None:
    """All that a process of ours does. It ends at once: what was open or buffered is the other one's to end."""
    try:
        with open(writing, "wb") as pipe:
            pipe.write(msgspec.msgpack.encode(_done(work, deck)))
    finally:
        os._exit(0)
