"""YAML read as text: every scalar stays as written, keys are unique, and each mapping knows its lines.

YAML turns `1.30` into 1.3 and `no` into False; here nothing is guessed. Converting to types is the caller's work,
entry by entry and key by key, so that all mistakes of a file are found at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

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
    """Composes nodes without a guess at what kind of scalar a text might be: to us each is text."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        return _IMPLICIT

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        return

    def ascend_resolver(self) -> None:
        return


_IMPLICIT = ""
# Tags that may be written: `!!int 1` is the text 1 too.
_SCALAR_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "timestamp", "str", "merge", "value")
)
_TAGS = {
    yaml.ScalarNode: _SCALAR_TAGS,
    yaml.SequenceNode: {"tag:yaml.org,2002:seq"},
    yaml.MappingNode: {"tag:yaml.org,2002:map"},
}


class _Values:
    """Nodes into `Lines`, lists and text; duplicate keys and foreign tags are refused. An alias is built once."""

    def __init__(self) -> None:
        self._built: dict[int, Any] = {}

    def of(self, node: yaml.Node) -> Any:
        if node.tag != _IMPLICIT and node.tag not in _TAGS[type(node)]:
            raise _error(f"the tag {node.tag!r} has no place here", node)
        if isinstance(node, yaml.ScalarNode):
            return node.value
        known = self._built.get(id(node), self)
        if known is not self:
            if known is None:
                raise _error("recursive: it contains itself by an alias", node)
            return known
        self._built[id(node)] = None
        value = self._mapping(node) if isinstance(node, yaml.MappingNode) else [self.of(one) for one in node.value]
        self._built[id(node)] = value
        return value

    def _mapping(self, node: yaml.MappingNode) -> Lines:
        found = Lines()
        found.line, lines = node.start_mark.line + 1, dict[str, int]()
        found.lines = lines
        for key_node, value_node in node.value:
            key = self.of(key_node)
            if not isinstance(key, str):
                raise _error("a key must be text", key_node)
            if key in found:
                raise _error(f"the key {key!r} is given twice", key_node)
            found[key] = self.of(value_node)
            lines[key] = key_node.start_mark.line + 1
        return found


def _error(what: str, node: yaml.Node) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, what, node.start_mark)


def load_text(path: Path) -> Any:
    """The file as `Lines`, lists and text. Raises `InputError` with file, line and what is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(what="can't read the file", where=str(path), why=why,
                         next_command="correct the path, or save the file as UTF-8") from error  # fmt: skip
    return parse_text(text, str(path))


def parse_text(text: str, where: str) -> Any:
    """`text` as `Lines`, lists and text; `where` names it in errors."""
    try:
        loader = _TextLoader(text)
        try:
            node = loader.get_single_node()
            return _Values().of(node) if node is not None else None
        finally:
            loader.dispose()
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{where}:{mark.line + 1}" if mark else where
        why = getattr(error, "problem", None) or str(error)
        raise InputError(what="not valid YAML", where=place, why=why, next_command="correct that line") from error


def load_plain(path: Path) -> Any:
    """The file for a lax msgspec conversion: a mapping at the top, or `InputError`."""
    value = load_text(path)
    if not isinstance(value, dict):
        raise InputError(what="expected a mapping at the top", where=str(path),
                         next_command="begin the file with `key: value`")  # fmt: skip
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
            msgspec.convert(value, type=described(fields[key].type), strict=False)
        except msgspec.ValidationError as error:
            yield entry.lines[key], f"{key}: {error}"
    for key, field in fields.items():
        if field.required and key not in entry:
            yield entry.line, f"{key!r} is missing"
