"""YAML exactly as Go's yaml.v2 v2.4.0 prints a value that came from JSON.

The service hash is a digest of this text, so every quote, fold and key order counts. Source: gopkg.in/yaml.v2
(encode.go, resolve.go, sorter.go, emitterc.go) as vendored by cloud-provider-alibaba-cloud v2.2.0 … v2.14.0; v1.9.3 and
v2.1.0 reach the same printer through ghodss/yaml.
"""

from __future__ import annotations

import math
import re
from datetime import date
from functools import cmp_to_key, lru_cache

# Lines are folded at spaces beyond this column (yaml.v2 keeps libyaml's default unless told otherwise).
BEST_WIDTH = 80
# A longer key is printed as a complex key: "? key", then ": value".
SIMPLE_KEY_BYTES = 128

Value = str | int | bool | None | list["Value"] | dict[str, "Value"]

_PLAIN = re.compile(r"[A-Za-z/_][A-Za-z0-9/_.=+@-]*\Z")
_WORDS = frozenset(
    {word for name in ("y", "yes", "true", "on", "n", "no", "false", "off", "null")
     for word in (name, name.capitalize(), name.upper())}
    | {sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")}
    | {"~", ".nan", ".NaN", ".NAN"}
)  # fmt: skip
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_INT = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)\Z")
_NEGATIVE_BINARY = re.compile(r"-0b[-+]?[01]+\Z")
_TIMESTAMP = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?(?:Z|[+-](\d\d):(\d\d))"
    r"| (\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?)?\Z"
)
_ESCAPES = {
    "\0": "0", "\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", "\x1b": "e",
    '"': '"', "\\": "\\", "\x85": "N", "\xa0": "_", "\u2028": "L", "\u2029": "P",
}  # fmt: skip
_BREAKS = "\r\n\x85\u2028\u2029"
# What yaml.v2's reader refuses where JSON leaves it unescaped; CCM then hashes an empty text.
_UNREADABLE = re.compile("[\x7f-\x84\x86-\x9f\ufffe\uffff]")


def to_yaml(value: Value) -> str:
    """The text of a list or map; empty where yaml.v2's reader refuses a character in it."""
    parts: list[str] = []
    _node(value, 0, 0, parts, in_map=False)
    text = "".join(parts)
    text = text if text.endswith("\n") else text + "\n"
    # Such a character is always escaped in the text, so that the cheap look at the text decides whether to look closer.
    return "" if "\\" in text and _UNREADABLE.search(_raw(value)) else text


def _raw(value: Value) -> str:
    """All texts of the value, one after the other."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "".join(key + _raw(item) for key, item in value.items())
    return "".join(map(_raw, value)) if isinstance(value, list) else ""


def _node(value: Value, indent: int, column: int, out: list[str], *, in_map: bool) -> None:
    """Print `value` at `column`; nested blocks go to `indent`. A map's value starts on the next line if a block."""
    if isinstance(value, dict) and value:
        _map(value, indent, out, in_map=in_map)
    elif isinstance(value, list) and value:
        _list(value, indent, out, in_map=in_map)
    else:
        lead = " " if in_map else ""
        out.append(lead + scalar(value, indent, column + len(lead)))


def _map(value: dict[str, Value], indent: int, out: list[str], *, in_map: bool) -> None:
    margin = " " * indent
    for number, key in enumerate(sorted_keys(tuple(value))):
        if number or in_map:
            _new_line(out, margin)
        item = value[key]
        if len(key.encode()) > SIMPLE_KEY_BYTES or any(c in key for c in _BREAKS):
            out.append("? " + scalar(key, indent + 2, indent + 2) + "\n" + margin + ":")
            column = indent + 1
        else:
            text = _key(key)
            out.append(text + ":")
            column = indent + len(text) + 1
        _node(item, indent if isinstance(item, list) else indent + 2, column, out, in_map=True)


def _new_line(out: list[str], margin: str) -> None:
    """Go to the next line, unless a literal block has just ended one."""
    out.append(margin if out[-1].endswith("\n") else "\n" + margin)


def _list(value: list[Value], indent: int, out: list[str], *, in_map: bool) -> None:
    margin = " " * indent
    for number, item in enumerate(value):
        if number or in_map:
            _new_line(out, margin)
        out.append("- ")
        _node(item, indent + 2, indent + 2, out, in_map=False)


def scalar(value: Value, indent: int, column: int) -> str:
    """One scalar (or empty collection) that starts at `column`; folded lines go on at `indent`."""
    if isinstance(value, str):
        if _PLAIN.match(value) and value not in _WORDS:
            return value
        return _text(value, indent, column, key=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    return "[]" if isinstance(value, list) else "{}" if isinstance(value, dict) else str(value)


@lru_cache(maxsize=16384)
def _key(text: str) -> str:
    return text if _PLAIN.match(text) and text not in _WORDS else _text(text, 0, 0, key=True)


def _text(text: str, indent: int, column: int, *, key: bool) -> str:
    """A string in the style that yaml.v2 chooses: plain, single-quoted, double-quoted or literal."""
    analysis = _Analysis(text)
    if "\n" in text:
        if analysis.block_allowed and not key:
            return _literal(text, indent)
        return _double_quoted(text, indent, column, fold=not key)
    if resolves(text):
        return _double_quoted(text, indent, column, fold=not key)
    if analysis.plain_allowed and text:
        return _folded(text, indent, column, "", fold=not key)
    if analysis.single_quoted_allowed:
        return _folded(text, indent, column, "'", fold=not key)
    return _double_quoted(text, indent, column, fold=not key)


class _Analysis:
    """What libyaml's analyze_scalar finds out about a string, as far as block context needs it."""

    __slots__ = ("block_allowed", "plain_allowed", "single_quoted_allowed")

    def __init__(self, text: str) -> None:
        indicators = text.startswith(("---", "...")) or text[:1] in tuple("#,[]{}&*!|>'\"%@`")
        indicators = indicators or (text[:1] in ("?", ":", "-") and text[1:2] in ("", " ", "\t", *_BREAKS))
        indicators = indicators or bool(re.search(rf":(?:[ \t{_BREAKS}]|\Z)|[ \t{_BREAKS}]#", text))
        breaks = any(c in text for c in _BREAKS)
        special = any(not _printable(c) for c in text) if not (text.isascii() and text.isprintable()) else False
        edge = text[:1] in (" ", *_BREAKS) or text[-1:] in (" ", *_BREAKS)
        break_space = bool(re.search(f"[{_BREAKS}] ", text))
        space_break = bool(re.search(f" [{_BREAKS}]", text))
        bad = space_break or special
        self.plain_allowed = not (indicators or breaks or edge or bad)
        self.single_quoted_allowed = not (break_space or bad)
        self.block_allowed = not (text.endswith(" ") or bad)


def _printable(c: str) -> bool:
    """yaml.v2's is_printable: the basic plane without controls and surrogates; nothing beyond it."""
    n = ord(c)
    return n == 0x0A or 0x20 <= n <= 0x7E or 0xA0 <= n <= 0xD7FF or (0xE000 <= n <= 0xFFFD and n != 0xFEFF)


def _folded(text: str, indent: int, column: int, quote: str, *, fold: bool) -> str:
    """A plain or single-quoted string. A single space beyond the width becomes a line break."""
    if quote:
        text_out = text.replace("'", "''")
        if not any(c in text for c in _BREAKS) and (
            not fold or column + len(text_out) + 1 <= BEST_WIDTH or " " not in text
        ):
            return f"'{text_out}'"
    elif not fold or " " not in text or column + len(text) <= BEST_WIDTH:
        return text
    out, at, spaces, broken = [quote], column + len(quote), False, False
    last = len(text) - 1
    for i, c in enumerate(text):
        if c in _BREAKS:
            out.append(c)
            at, broken = 0, True
            continue
        if broken and c != " ":
            out.append(" " * (indent - at))
            at, broken = max(at, indent), False
        inner = not quote or 0 < i < last
        if c == " " and fold and not spaces and at > BEST_WIDTH and inner and text[i + 1 : i + 2] != " ":
            out.append("\n" + " " * indent)
            at, spaces = indent, True
            continue
        spaces = c == " "
        piece = "''" if quote and c == "'" else c
        out.append(piece)
        at += len(piece)
    out.append(quote)
    return "".join(out)


def _double_quoted(text: str, indent: int, column: int, *, fold: bool) -> str:
    out, at, spaces = ['"'], column + 1, False
    # yaml.v2 looks for a byte order mark at the string's start whichever character it is at: one there escapes all.
    marked = text.startswith("\ufeff")
    last, i = len(text) - 1, 0
    while i <= last:
        c = text[i]
        if marked or not _printable(c) or c in _BREAKS or c in '"\\':
            piece, spaces = _escaped(c), False
        elif c == " " and fold and not spaces and at > BEST_WIDTH and 0 < i < last:
            out.append("\n" + " " * indent)
            at, spaces, piece = indent, True, "\\" if text[i + 1] == " " else ""
        else:
            piece, spaces = c, c == " "
        out.append(piece)
        at += len(piece)
        i += 1
    out.append('"')
    return "".join(out)


def _escaped(c: str) -> str:
    if c in _ESCAPES:
        return "\\" + _ESCAPES[c]
    n = ord(c)
    return f"\\x{n:02X}" if n <= 0xFF else f"\\u{n:04X}" if n <= 0xFFFF else f"\\U{n:08X}"


def _literal(text: str, indent: int) -> str:
    """A literal block with its hints, as libyaml writes it."""
    hint = "2" if text[0] == " " or text[0] in _BREAKS else ""
    if text[-1] not in _BREAKS:
        hint += "-"
    elif len(text) == 1 or text[-2] in _BREAKS:
        hint += "+"
    margin = " " * indent
    lines = text.split("\n")
    body = "\n".join(margin + line if line else "" for line in lines)
    return f"|{hint}\n{body}"


@lru_cache(maxsize=16384)
def resolves(text: str) -> bool:
    """Whether the plain text would be read back as something other than a string, so that it must be quoted."""
    if text == "" or text in _WORDS:
        return True
    first = text[0]
    if first == ".":
        return bool(_FLOAT.match(text)) and _finite(text)
    if first not in "+-0123456789":
        return False
    if _is_timestamp(text) or _BASE_60.match(text):
        return True
    plain = text.replace("_", "")
    if _INT.match(plain) and _fits(plain):
        return True
    if _FLOAT.match(plain) and _finite(plain):
        return True
    return bool(_NEGATIVE_BINARY.match(plain))


def _fits(plain: str) -> bool:
    digits = plain.lstrip("+-")
    base = (
        16
        if digits[:2] in ("0x", "0X")
        else 2
        if digits[:2] in ("0b", "0B")
        else 8
        if digits[0] == "0" and len(digits) > 1
        else 10
    )
    number = int(digits[1:].lstrip("oO") or "0", 8) if base == 8 else int(digits, base)
    if plain[0] == "-":
        return number <= 2**63
    return number < 2**63 if plain[0] == "+" else number < 2**64


def _finite(text: str) -> bool:
    return math.isfinite(float(text))


def _is_timestamp(text: str) -> bool:
    found = _TIMESTAMP.match(text)
    if found is None:
        return False
    year, month, day, *rest = (int(g) if g else 0 for g in found.groups())
    hour, minute, second = (rest[0] or rest[5], rest[1] or rest[6], rest[2] or rest[7])
    try:
        date(year or 4, month, day)
    except ValueError:
        return False
    return hour < 24 and minute < 60 and second < 60 and rest[3] <= 24 and rest[4] < 60


@lru_cache(maxsize=16384)
def sorted_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Keys in yaml.v2's natural order: letters after everything else, runs of digits by their number."""
    return tuple(sorted(keys, key=cmp_to_key(_compare)))


def _compare(a: str, b: str) -> int:
    for i, (x, y) in enumerate(zip(a, b, strict=False)):
        if x == y:
            continue
        x_letter, y_letter = x.isalpha(), y.isalpha()
        if x_letter and y_letter:
            return -1 if x < y else 1
        if x_letter or y_letter:
            return -1 if y_letter else 1
        return _compare_numbers(a, b, i)
    return len(a) - len(b)


def _compare_numbers(a: str, b: str, i: int) -> int:
    lead = 0
    if a[i] == "0" or b[i] == "0":
        j = i - 1
        while j >= 0 and a[j].isdecimal():
            if a[j] != "0":
                lead = 1
                break
            j -= 1
    (x, x_end), (y, y_end) = _number(a, i, lead), _number(b, i, lead)
    if x != y:
        return -1 if x < y else 1
    if x_end != y_end:
        return -1 if x_end < y_end else 1
    return -1 if a[i] < b[i] else 1


def _number(text: str, i: int, number: int) -> tuple[int, int]:
    while i < len(text) and text[i].isdecimal():
        # int64 wraps around, as Go's does.
        number = (number * 10 + ord(text[i]) - ord("0") + 2**63) % 2**64 - 2**63
        i += 1
    return number, i
