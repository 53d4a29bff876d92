"""Which Services something holds for, counted: the tallies of two parts of a cluster add up to that of both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

NAMED = 100
"""So many Services are named; all are counted."""


class Holders(Struct, frozen=True):
    """Services: how many there are, and the keys of the first `NAMED` by name."""

    count: int = 0
    keys: tuple[str, ...] = ()

    @classmethod
    def of(cls, keys: Iterable[str]) -> Holders:
        """The Services with these keys."""
        found = sorted(keys)
        return cls(len(found), tuple(found[:NAMED]))

    def __add__(self, more: Holders) -> Holders:
        return Holders(self.count + more.count, tuple(sorted((*self.keys, *more.keys))[:NAMED]))


Tally = dict[str, Holders]
"""What holds, in the check's own words → for which Services. What holds for none is left out."""


def added(tallies: Iterable[Tally]) -> Tally:
    """One tally of several, those of parts that have no Service in common."""
    total = defaultdict[str, Holders](Holders)
    for tally in tallies:
        for what, holders in tally.items():
            total[what] += holders
    return dict(total)
