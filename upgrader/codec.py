"""The one codec: our frozen types to and from JSON, and the digest of a value.

Keys are written in a stable order, so that the same value gives the same bytes on every run.
"""

from __future__ import annotations

import hashlib
import re
import threading
from typing import Any, TypeVar

import msgspec

from upgrader.model.described import described
from upgrader.model.errors import InputError

T = TypeVar("T")

STEERING = "\\x7f-\\x9f\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069"
"""C1 controls and marks of direction, as a class of a regular expression; JSON itself escapes C0."""
_CONTROLS = re.compile(f"[{STEERING}]")

_ENCODER = msgspec.json.Encoder(order="sorted")


def encode(value: Any) -> bytes:
    """Compact JSON with sorted keys."""
    return _ENCODER.encode(value)


def pretty(value: Any) -> str:
    """Indented JSON with sorted keys, ending in a newline: what people and files get.

    Characters that would control a terminal or turn the text round stand as escapes: the same JSON, harmless to print.
    """
    text = msgspec.json.format(encode(value), indent=2).decode() + "\n"
    return text if text.isascii() else _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def plain(value: Any) -> Any:
    """The value as dicts, lists and scalars."""
    return msgspec.to_builtins(value)


def decode(data: bytes, kind: type[T], *, where: str) -> T:
    """`data` as a `kind`. Raises `InputError` naming `where` and the path of the first mistake."""
    try:
        return msgspec.json.decode(data, type=described(kind))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            what=f"not a valid {kind.__name__}", where=where, why=str(error),
            next_command="make the file again with the command that wrote it",
        ) from error  # fmt: skip


def decode_object(data: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """A Kubernetes object, in which a null means the same as an absent field (Go prints empty lists so).

    Raises `msgspec.ValidationError` or `msgspec.DecodeError`. The nulls cost a second parse only where there are any.
    """
    try:
        return decode_objects(data, decoder)
    except msgspec.ValidationError:
        if b"null" not in bytes(data):
            raise
        return msgspec.convert(_without_nulls(msgspec.json.decode(data)), decoder.type)


def decode_objects(text: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """A text of one or many Kubernetes objects, whose fields may be null.

    Raises `msgspec.ValidationError` or `msgspec.DecodeError`, also where a map of texts holds a null.
    """
    try:
        return decoder.decode(text)
    except msgspec.ValidationError:
        if (passed_over := _nulls_unnamed(bytes(text))) is None:
            raise
        return decoder.decode(passed_over)


def _nulls_unnamed(text: bytes) -> bytes | None:
    """A JSON text whose null members have no name any more, so that a decoder passes over them; None without any.

    No field of Kubernetes has an empty name. A name is what stands in quotes of its own before a colon. Only plain
    words are taken for one: between two quotes that don't belong together is always a comma, a colon or a bracket.
    """
    parts, done, at = list[bytes](), 0, text.find(b"null")
    while at >= 0:
        end = text.rfind(b'"', done, at)
        begin = text.rfind(b'"', done, max(end, 0))
        is_name = begin > 0 and text[begin - 1 : begin] != b"\\" and text[begin + 1 : end].isalnum()
        if is_name and text[end + 1 : at].strip() == b":":
            parts.append(text[done : begin + 1])
            done = end
        at = text.find(b"null", at + 4)
    return b"".join((*parts, text[done:])) if parts else None


NAMED_UNREADABLE = 1000


class _Name(msgspec.Struct, frozen=True):
    namespace: str = ""
    name: str = ""


class _Named(msgspec.Struct, frozen=True):
    metadata: _Name = _Name()


_NAMED = msgspec.json.Decoder(_Named)


def name_in(data: bytes) -> str:
    """`namespace/name` of a Kubernetes object that need not be whole; empty where there is none."""
    try:
        found = _NAMED.decode(data).metadata
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    return f"{found.namespace}/{found.name}" if found.name else ""


class Unreadable:
    """Objects that could not be decoded: the first are named, all are counted. Several threads may add."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._named: dict[str, str] = {}
        self.count = 0

    def add(self, name: str, why: str) -> None:
        """One more."""
        with self._guard:
            self.count += 1
            if len(self._named) < NAMED_UNREADABLE:
                self._named[name if name not in self._named else f"{name} #{self.count}"] = why

    def merge(self, more: Unreadable) -> None:
        """Those of another reading, too."""
        for name, why in more._named.items():
            self.add(name, why)
        self.count += more.count - len(more._named)

    def told(self) -> dict[str, str]:
        """Name → why; under "…" how many more there are."""
        more = self.count - len(self._named)
        return {**self._named, "…": f"{more} more"} if more else dict(self._named)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def digest(value: Any) -> str:
    """`sha256:` and the hex digest of the value's compact JSON."""
    return "sha256:" + hashlib.sha256(encode(value)).hexdigest()
