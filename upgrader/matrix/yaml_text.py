"""YAML read as text: every scalar stays as written, keys are unique, and each mapping knows its lines.

YAML turns `1.30` into 1.3 and `no` into False; here nothing is guessed. Converting to types is the caller's work,
entry by entry and key by key, so that all mistakes of a file are found at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, NoReturn, TypeVar

import msgspec
import yaml

from upgrader.checking import Mistakes
from upgrader.model.described import described
from upgrader.model.errors import InputError

T = TypeVar("T")

try:
    from yaml import CSafeLoader as _Base
except ImportError:  # a PyYAML built without libyaml
    from yaml import SafeLoader as _Base  # type: ignore[assignment]


class Lines(dict[str, Any]):
    """A mapping that knows the line (from 1) where it begins, and the line of each key."""

    line: int = 0
    lines: dict[str, int]


class _TextLoader(_Base):
    """Scalars as text, mappings as `Lines`; duplicate keys and foreign tags are refused."""

    yaml_constructors: ClassVar[dict[Any, Any]] = {}  # none of the safe loader's: no dates, numbers, sets


def _foreign(_loader: yaml.Loader, node: yaml.Node) -> NoReturn:
    raise yaml.constructor.ConstructorError(None, None, f"the tag {node.tag!r} has no place here", node.start_mark)


def _mapping(loader: yaml.Loader, node: yaml.Node) -> Lines:
    if not isinstance(node, yaml.MappingNode):
        _foreign(loader, node)
    found = Lines()
    found.line = node.start_mark.line + 1
    found.lines = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(None, None, "a key must be text", key_node.start_mark)
        if key in found:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is given twice", key_node.start_mark)
        found[key] = loader.construct_object(value_node, deep=True)
        found.lines[key] = key_node.start_mark.line + 1
    return found


def _sequence(loader: yaml.Loader, node: yaml.Node) -> list[Any]:
    if not isinstance(node, yaml.SequenceNode):
        _foreign(loader, node)
    return [loader.construct_object(child, deep=True) for child in node.value]


def _scalar(loader: yaml.Loader, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        _foreign(loader, node)
    return str(node.value)


_TextLoader.add_constructor(None, _foreign)
_TextLoader.add_constructor("tag:yaml.org,2002:map", _mapping)
_TextLoader.add_constructor("tag:yaml.org,2002:seq", _sequence)
for _tag in ("null", "bool", "int", "float", "timestamp", "str", "merge", "value"):
    _TextLoader.add_constructor(f"tag:yaml.org,2002:{_tag}", _scalar)


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
    return tuple(entry for _, entry in placed_entries(path, kind, mistakes))


def placed_entries(path: Path, kind: type[T], mistakes: Mistakes) -> tuple[tuple[str, T], ...]:
    """As `entries`, each with its place (`file:line`), for whoever checks one entry against another."""
    try:
        value = load_text(path)
    except InputError as error:
        mistakes.add(error.where, f"{error.what}: {error.why}")
        return ()
    if not isinstance(value, list):
        mistakes.add(f"{path.name}:1", "expected a list of entries")
        return ()
    return convert_entries(value, path.name, kind, mistakes)


def convert_entries(value: Any, name: str, kind: type[T], mistakes: Mistakes) -> tuple[tuple[str, T], ...]:
    """A list of entries that was read already, each with its place; `name` is the file's."""
    if not isinstance(value, list):
        mistakes.add(name, "expected a list of entries")
        return ()
    found = []
    for number, entry in enumerate(value, 1):
        place = f"{name}:{getattr(entry, 'line', '')}"
        if not isinstance(entry, Lines):
            mistakes.add(name, f"entry {number} is no mapping")
            continue
        try:
            found.append((place, msgspec.convert(entry, type=described(kind), strict=False)))
        except msgspec.ValidationError as error:
            for line, what in list(_explain(entry, kind)) or [(entry.line, str(error))]:
                mistakes.add(f"{name}:{line}", what)
    return tuple(found)


def _explain(entry: Lines, kind: type[Any]) -> Iterator[tuple[int, str]]:
    """Every mistake of one entry by itself; where a key is unknown, with the nearest known key."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key, value in entry.items():
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            hint = f", did you mean {near[0]!r}?" if near else f"; known: {', '.join(fields)}"
            yield entry.lines[key], f"unknown key {key!r}{hint}"
            continue
        try:
            msgspec.convert(value, type=fields[key].type, strict=False)
        except msgspec.ValidationError as error:
            yield entry.lines[key], f"{key}: {error}"
    for key, field in fields.items():
        if field.required and key not in entry:
            yield entry.line, f"{key!r} is missing"
