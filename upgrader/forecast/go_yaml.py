"""YAML exactly as Go's yaml.v2 prints a value that came from JSON.

The service hash is a digest of this text, so every quote, fold and key order counts. Source: gopkg.in/yaml.v2
(encode.go, sorter.go, emitterc.go, readerc.go), v2.4.0 in cloud-provider-alibaba-cloud v2.1.0 … v2.14.0 and v2.2.8,
which prints the same, in v1.9.3; reached through ghodss/yaml or sigs.k8s.io/yaml v1.3.0, which read JSON as YAML first.
Style and folds of one text are in `go_scalar`.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from functools import cmp_to_key, lru_cache

from upgrader.forecast.go_scalar import BREAKS, ENDS_LINE, is_plain_word, key_text, scalar_text

# A longer key, or one of several lines, is printed as a complex key: "? key", then ": value".
SIMPLE_KEY_BYTES = 128
# Texts up to this length are likely to be met again.
_OFTEN = 48

Value = str | int | bool | None | list["Value"] | dict[str, "Value"]

_PRINTABLE = bytes(range(0x20, 0x7F))
# What yaml.v2's reader refuses and JSON leaves unescaped; CCM then hashes an empty text.
_UNREADABLE = re.compile("[\x7f-\x84\x86-\x9f\ufffe\uffff]|\x85(?:---|\\.\\.\\.)[ \x85]")
# The next-line character reaches the reader unescaped too, and is a line break inside quotes there: folded to a space.
_NEXT_LINE = "\x85"
_NEXT_LINES = re.compile(" *\x85[ \x85]*")

# Keys without digits sort by their characters, letters after all others: in ASCII's own order, where all that stands
# between and behind its letters is absent.
_IN_ORDER = re.compile(r"[!-/:-@a-z]*\Z")
_DIGIT = re.compile("[0-9]")
_LETTERS_LAST = {ord(c): ord(c) + 128 for c in string.ascii_letters}
_MOST_KEYS = 16384
# Keys that were found to be in ASCII's own order among others of their kind.
_in_order: set[str] = set()


def to_yaml(value: Value) -> str:
    """The text of a list or map; empty where yaml.v2's reader refuses a character in it."""
    text = _block(value, 0)
    if not is_simple(text):
        raw = "\n".join(_texts(value))
        if _UNREADABLE.search(raw) or any(_NEXT_LINE in key for key in _keys(value)):
            return ""
        if _NEXT_LINE in raw:
            text = _block(_as_read(value), 0)
    return text if text.endswith(ENDS_LINE) else text + "\n"


def _texts(value: Value) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [*value, *(text for item in value.values() for text in _texts(item))]
    return [text for item in value for text in _texts(item)] if isinstance(value, list) else []


def _keys(value: Value) -> list[str]:
    """The keys of all maps: to the reader, one over two lines is none."""
    if isinstance(value, dict):
        return [*value, *(key for item in value.values() for key in _keys(item))]
    return [key for item in value for key in _keys(item)] if isinstance(value, list) else []


def _as_read(value: Value) -> Value:
    if isinstance(value, str):
        return _NEXT_LINES.sub(lambda found: "\n" * (found[0].count(_NEXT_LINE) - 1) or " ", value)
    if isinstance(value, dict):
        return {key: _as_read(item) for key, item in value.items()}
    return [_as_read(item) for item in value] if isinstance(value, list) else value


def _block(value: Value, indent: int) -> str:
    """A node that begins at `indent`."""
    if isinstance(value, dict) and value:
        return map_block(value, indent)
    if isinstance(value, list) and value:
        return list_block([_block(item, indent + 2) for item in value], indent)
    return _scalar(value, indent, indent)


def list_block(items: list[str], indent: int) -> str:
    """A list of nodes that are printed already, each at `indent` + 2."""
    return _joined(["- " + item for item in items], indent)


def map_block(value: dict[str, Value], indent: int) -> str:
    """A map in yaml.v2's order of keys. Complex keys hold scalars only, as they do in a Service."""
    return _joined([_entry(key, value[key], indent) for key in sorted_keys(value)], indent)


def text_map_lines(value: dict[str, str], indent: int) -> list[str]:
    """The entries of a map of texts, without the line break that ends a literal block; "" for an empty text.

    Joined by line breaks and margins they are what `map_block` makes, where `is_simple` says so.
    """
    return [
        _short_line(key, text, indent) if len(text := value[key]) <= _OFTEN else _new_line(key, text, indent)
        for key in sorted_keys(value)
    ]


def word_map_lines(value: dict[str, str], indent: int) -> list[str]:
    """The same for a map of mostly plain words that are not met again, as a selector is: nothing is kept of them."""
    return [
        f"{head} {text}" if is_plain_word(text := value[key]) and (head := _head(key)) else _line(key, text, indent)
        for key in sorted_keys(value)
    ]


def _line(key: str, text: str, indent: int) -> str:
    return _new_entry(key, text, indent).removesuffix("\n") if text else ""


def _new_line(key: str, text: str, indent: int) -> str:
    # As kubectl apply leaves its annotation: printable ASCII and a line break, which is a literal block.
    inner = text[:-1]
    is_line = text[-1] == "\n" and text.isascii() and not inner.encode().translate(None, _PRINTABLE)
    if is_line and inner[0] != " " and inner[-1] != " " and (head := _head(key)):
        return f"{head} |\n{' ' * (indent + 2)}{inner}"
    return _line(key, text, indent)


_short_line = lru_cache(maxsize=16384)(_line)


@lru_cache(maxsize=1024)
def word(text: str, indent: int) -> str:
    """A text that is met again and again, as an item of a list, without the line break that ends a literal block."""
    return scalar_text(text, indent, indent).removesuffix("\n")


def is_simple(text: str) -> bool:
    """Whether what was printed is what `to_yaml` prints: nothing in it that yaml.v2's reader might refuse or fold."""
    return text.isascii() and "\\" not in text


def _joined(lines: list[str], indent: int) -> str:
    """Lines one below the other; a literal block may have ended its line itself."""
    margin, last = " " * indent, len(lines) - 1
    text = ("\n" + margin).join([line[:-1] if line[-1] == "\n" and i < last else line for i, line in enumerate(lines)])
    if text.isascii() or all(line[-1] not in ENDS_LINE[1:] for line in lines):
        return text
    text = lines[0]
    for line in lines[1:]:
        text += (margin if text.endswith(ENDS_LINE) else "\n" + margin) + line
    return text


def _entry(key: str, value: Value, indent: int) -> str:
    if isinstance(value, str) and len(value) <= _OFTEN:
        return _short_entry(key, value, indent)
    return _new_entry(key, value, indent)


@lru_cache(maxsize=16384)
def _short_entry(key: str, value: str, indent: int) -> str:
    """The same few settings are found on thousands of Services."""
    return _new_entry(key, value, indent)


@lru_cache(maxsize=16384)
def _head(key: str) -> str:
    """A key as it begins its entry; empty for a complex one."""
    return "" if _is_complex(key) else key_text(key) + ":"


def _new_entry(key: str, value: Value, indent: int) -> str:
    head = _head(key)
    if not head:
        head = scalar_text(key, indent + 2, indent + 2)
        margin = " " * indent if head.endswith(ENDS_LINE) else "\n" + " " * indent
        return f"? {head}{margin}: {_scalar(value, indent + 2, indent + 2)}"
    if isinstance(value, str):
        return f"{head} {scalar_text(value, indent + 2, indent + len(head) + 1)}"
    if isinstance(value, dict) and value:
        return f"{head}\n{' ' * (indent + 2)}{map_block(value, indent + 2)}"
    if isinstance(value, list) and value:
        return f"{head}\n{' ' * indent}{_block(value, indent)}"
    return f"{head} {_scalar(value, indent + 2, indent + len(head) + 1)}"


def _is_complex(key: str) -> bool:
    if len(key) > SIMPLE_KEY_BYTES // 4 and len(key.encode()) > SIMPLE_KEY_BYTES:
        return True
    return not key.isprintable() and any(c in key for c in BREAKS)


def _scalar(value: Value, indent: int, column: int) -> str:
    """One scalar or empty collection that begins at `column`; folded lines go on at `indent`."""
    if isinstance(value, str):
        return scalar_text(value, indent, column)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    return "[]" if isinstance(value, list) else "{}" if isinstance(value, dict) else str(value)


def sorted_keys(value: Mapping[str, object]) -> Sequence[str]:
    """A map's keys in yaml.v2's natural order: letters after everything else, runs of digits by their number."""
    if value.keys() <= _in_order:
        return sorted(value)
    keys = tuple(value)
    if not _IN_ORDER.match("".join(keys)):
        return _naturally(keys)
    if len(_in_order) < _MOST_KEYS:
        _in_order.update(keys)
    return sorted(keys)


@lru_cache(maxsize=16384)
def _naturally(keys: tuple[str, ...]) -> tuple[str, ...]:
    joined = "".join(keys)
    if joined.isascii() and not _DIGIT.search(joined):
        return tuple(sorted(keys, key=lambda key: key.translate(_LETTERS_LAST)))
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
