"""RAM's wildcards: `*` for any text, `?` for one character, letters compared without case."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=8192)
def _pattern(glob: str) -> re.Pattern[str]:
    # `?` must not swallow a `*` of the other side, which stands for any text and not for one character.
    parts = (".*" if c == "*" else "[^*]" if c == "?" else re.escape(c) for c in re.sub(r"\*+", "*", glob))
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


def covers(glob: str, wanted: str) -> bool:
    """True when `glob` matches all that `wanted` (itself a glob, or plain text) matches."""
    return _pattern(glob).fullmatch(wanted) is not None


@lru_cache(maxsize=8192)
def overlaps(left: str, right: str) -> bool:
    """True when some text is matched by both globs."""
    a, b = left.lower(), right.lower()
    # reachable[j]: a[:i] and b[:j] can spell a common text.
    reachable = [True] + [False] * len(b)
    for j, char in enumerate(b):
        reachable[j + 1] = reachable[j] and char == "*"
    for one in a:
        row = [reachable[0] and one == "*"] + [False] * len(b)
        for j, other in enumerate(b):
            if "*" in (one, other):  # the star spells nothing, or swallows the other side's character
                row[j + 1] = row[j] or reachable[j + 1]
            else:
                row[j + 1] = reachable[j] and (one == other or "?" in (one, other))
        reachable = row
    return reachable[-1]
