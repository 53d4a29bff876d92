"""A large dump judged in stretches, by several processes at once: the same assessment as of the whole, sooner.

Each stretch is a part of the cluster with some of its Services. That is enough where no load balancer is known, so
that no two Services have anything in common, and where all checks keep to it (see `assess.check`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct, msgpack

from upgrader.adapters import forked
from upgrader.assess.assess import Part
from upgrader.assess.check import Check
from upgrader.assess.registry import CHECKS
from upgrader.discover.files import MAX_BYTES, read_stretch, without_objects
from upgrader.discover.said import Said
from upgrader.discover.stretches import Stretch, stretches
from upgrader.model.errors import InputError
from upgrader.model.facts import ClusterFacts

Judge = Callable[[ClusterFacts], Part]


class Judged(Struct, frozen=True):
    """What the file says but for its objects, and what was judged of them."""

    facts: ClusterFacts
    parts: tuple[Part, ...]


def judge_stretches(path: Path, said: Said, judge: Judge) -> Judged | None:
    """What `judge` says of the file, stretch by stretch; None where it has to be read and judged as a whole.

    So it is with small files and those too large to be taken at all, with objects of several kinds, and with broken
    ones, which the whole way names.
    """
    try:
        pieces = stretches(path, forked.most()) if path.stat().st_size <= MAX_BYTES else ()
    except OSError:
        return None
    if not pieces:
        return None
    facts = without_objects(pieces[0].kind, said)
    judge(facts)  # What each process looks up in the matrix is looked up before they part.
    found = forked.shared(lambda number: _judged(path, pieces[number], said, judge), len(pieces))
    if found is None:
        return None
    decoder = msgpack.Decoder(Part)
    return Judged(facts, tuple(map(decoder.decode, found)))


def can_judge_parts(checks: Iterable[Check]) -> bool:
    """Whether all are checks of ours: one that a plug-in brings may compare any Service with any other."""
    return all(check in CHECKS for check in checks)


def _judged(path: Path, piece: Stretch, said: Said, judge: Judge) -> bytes:
    try:
        facts = read_stretch(path, piece, said)
    except (InputError, OSError):
        return b""
    return msgpack.encode(judge(facts)) if facts is not None else b""
