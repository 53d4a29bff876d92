"""Whether Go's yaml.v2 would read a plain text back as something other than a text, so that it prints it quoted.

Source: gopkg.in/yaml.v2 v2.4.0, resolve.go (resolve, parseTimestamp) and encode.go (isBase60Float); Go's strconv and
time.Parse for what counts as a number or a date.
"""

from __future__ import annotations

import math
import re
from datetime import date
from functools import lru_cache

WORDS = frozenset(
    {word for name in ("y", "yes", "true", "on", "n", "no", "false", "off", "null")
     for word in (name, name.capitalize(), name.upper())}
    | {sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")}
    | {"~", ".nan", ".NaN", ".NAN"}
)  # fmt: skip
# Patterns are compiled where they are needed, which is rare: a start has no time for them.
_BASE_60 = r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z"
_FLOAT = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z"
# After a dot Go's own parser alone decides: it takes single underscores between digits.
_DOT_FLOAT = r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?\Z"
_INT = r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)\Z"
# What follows "0b" is parsed again, with a sign of its own.
_SIGNED_BINARY = r"0b[-+][01]{1,63}\Z"
_TIMESTAMP = (
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d{1,9})?(?:Z|[+-](\d\d):(\d\d))"
    r"| (\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d{1,9})?)?\Z"
)


@lru_cache(maxsize=16384)
def resolves(text: str) -> bool:
    """Whether the text has to be quoted although its characters would not need it."""
    if text == "" or text in WORDS:
        return True
    first = text[0]
    if first == ".":
        return bool(re.match(_DOT_FLOAT, text)) and math.isfinite(float(text))
    if first not in "+-0123456789":
        return False
    if _is_timestamp(text) or re.match(_BASE_60, text):
        return True
    plain = text.replace("_", "")
    if re.match(_INT, plain) and _fits_64_bits(plain):
        return True
    if re.match(_FLOAT, plain) and math.isfinite(float(plain)):
        return True
    return bool(re.match(_SIGNED_BINARY, plain))


def _fits_64_bits(plain: str) -> bool:
    digits = plain.lstrip("+-")
    head = digits[:2].lower()
    if head in ("0x", "0b"):
        number = int(digits, 0)
    elif digits[0] == "0" and len(digits) > 1:
        number = int(digits[1:].lstrip("oO") or "0", 8)
    else:
        number = int(digits)
    if plain[0] == "-":
        return number <= 2**63
    return number < 2**63 if plain[0] == "+" else number < 2**64


def _is_timestamp(text: str) -> bool:
    found = re.match(_TIMESTAMP, text, re.ASCII)
    if found is None:
        return False
    year, month, day, *rest = (int(g) if g else 0 for g in found.groups())
    hour, minute, second = (rest[0] or rest[5], rest[1] or rest[6], rest[2] or rest[7])
    try:
        date(year or 4, month, day)
    except ValueError:
        return False
    return hour < 24 and minute < 60 and second < 60 and rest[3] <= 24 and rest[4] < 60
