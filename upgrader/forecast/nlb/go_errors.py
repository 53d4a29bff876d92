"""Numbers as Go's strconv.Atoi reads them, and its words for what is none."""

from __future__ import annotations

import json
import re

_NUMBER = re.compile(r"[+-]?[0-9]+")


def atoi(text: str) -> tuple[int, str]:
    """The number and no error, or 0 and the error's text."""
    if not _NUMBER.fullmatch(text):
        return 0, f"strconv.Atoi: parsing {json.dumps(text, ensure_ascii=False)}: invalid syntax"
    value = int(text)
    if not -(2**63) <= value < 2**63:
        return 0, f"strconv.Atoi: parsing {json.dumps(text, ensure_ascii=False)}: value out of range"
    return value, ""
