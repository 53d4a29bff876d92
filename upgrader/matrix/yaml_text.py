"""YAML read as text: every scalar stays as written, keys are unique, and each mapping knows its line.

YAML turns `1.30` into 1.3 and `no` into False; here nothing is guessed. Converting to types is the caller's work,
entry by entry, so that all mistakes of a file are found at once.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from upgrader.checking import Mistakes
from upgrader.model.errors import InputError

T = TypeVar("T")

try:
    from yaml import CSafeLoader as _Base
except ImportError:  # a PyYAML built without libyaml
    from yaml import SafeLoader as _Base  # type: ignore[assignment]


class Lines(dict[str, Any]):
    """A mapping that knows the line (from 1) where it begins."""

    line: int = 0


class _TextLoader(_Base):
    """Scalars as text, mappings as `Lines`, duplicate keys refused."""


def _mapping(loader: yaml.Loader, node: yaml.MappingNode) -> Lines:
    found = Lines()
    found.line = node.start_mark.line + 1
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in found:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is given twice", key_node.start_mark)
        found[key] = loader.construct_object(value_node, deep=True)
    return found


def _scalar(_loader: yaml.Loader, node: yaml.ScalarNode) -> str | None:
    if node.style is None and node.value in ("null", "~", ""):
        return None
    return str(node.value)


_TextLoader.add_constructor(None, _scalar)
for _tag in ("null", "bool", "int", "float", "timestamp", "str", "merge", "value"):
    _TextLoader.add_constructor(f"tag:yaml.org,2002:{_tag}", _scalar)
_TextLoader.add_constructor("tag:yaml.org,2002:map", _mapping)
_TextLoader.add_constructor(
    "tag:yaml.org,2002:seq",
    lambda loader, node: [loader.construct_object(child, deep=True) for child in node.value],
)


def load_text(path: Path) -> Any:
    """The file as `Lines`, lists and text. Raises `InputError` with file, line and what is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(what="can't read the file", where=str(path), why=str(error)) from error
    return parse_text(text, str(path))


def parse_text(text: str, where: str) -> Any:
    """`text` as `Lines`, lists and text; `where` names it in errors."""
    try:
        return yaml.load(text, Loader=_TextLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{where}:{mark.line + 1}" if mark else where
        why = getattr(error, "problem", None) or str(error)
        raise InputError(what="not valid YAML", where=place, why=why) from error


def load_plain(path: Path) -> Any:
    """The file for a lax msgspec conversion: a mapping at the top, or `InputError`."""
    value = load_text(path)
    if not isinstance(value, dict):
        raise InputError(what="expected a mapping at the top", where=str(path))
    return value


def entries(path: Path, kind: type[T], mistakes: Mistakes) -> tuple[T, ...]:
    """The list of entries in a data file, each converted strictly; mistakes are gathered as `file:line`."""
    try:
        value = load_text(path)
    except InputError as error:
        mistakes.add(error.where, f"{error.what}: {error.why}")
        return ()
    if not isinstance(value, list):
        mistakes.add(f"{path.name}:1", "expected a list of entries")
        return ()
    found = []
    for number, entry in enumerate(value):
        place = f"{path.name}:{getattr(entry, 'line', number + 1)}"
        try:
            found.append(msgspec.convert(entry, type=kind, strict=False))
        except msgspec.ValidationError as error:
            mistakes.add(place, _explain(str(error), kind))
    return tuple(found)


def _explain(message: str, kind: type[Any]) -> str:
    """The mistake, with the nearest known key where a key is unknown."""
    if "unknown field" in message:
        key = message.split("`")[1]
        known = [f.encode_name for f in msgspec.structs.fields(kind)]
        near = difflib.get_close_matches(key, known, n=1)
        return f"unknown key {key!r}" + (f", did you mean {near[0]!r}?" if near else f"; known: {', '.join(known)}")
    return message
