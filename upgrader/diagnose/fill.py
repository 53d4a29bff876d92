"""The catalogue's commands with this cluster's names in the place of the words in capitals."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping

PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer"


def filled(fixes: Iterable[str], words: Mapping[str, str]) -> tuple[str, ...]:
    """Each fix with the known words filled in; what is not known stays in capitals, for a person to fill.

    Values are quoted for the shell: a name from a cluster never becomes a command.
    """
    known = {word: shlex.quote(value) for word, value in words.items() if value}
    pattern = re.compile(rf"\b({'|'.join(sorted(known, key=len, reverse=True))})\b") if known else None
    return tuple(_one(fix, known, pattern) for fix in fixes)


def _one(fix: str, known: Mapping[str, str], pattern: re.Pattern[str] | None) -> str:
    text = re.sub(r"\bPREFIX(?=-)", PREFIX, fix)
    return pattern.sub(lambda found: known[found[1]], text) if pattern else text
