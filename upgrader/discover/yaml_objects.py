"""YAML manifests as plain JSON values: keys unique, aliases bounded, dates as they are written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from upgrader.model.errors import InputError

if TYPE_CHECKING:
    import yaml

EXTRA_VALUES = 1_000_000
"""Aliases may make this many values more than there are bytes; a file that means billions is no manifest."""
_MERGE, _TIMESTAMP = "tag:yaml.org,2002:merge", "tag:yaml.org,2002:timestamp"


def documents(data: bytes, name: str) -> Iterator[Any]:
    """The documents that hold something. Raises `InputError` with file and line."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(data)
    values = _Values(loader, name, len(data) + EXTRA_VALUES)
    try:
        while loader.check_node():
            node = loader.get_node()
            value = values.of(node) if node is not None else None
            if value is not None:
                yield value
    except (yaml.YAMLError, RecursionError, ValueError, AttributeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise InputError(
            what="nested too deeply" if isinstance(error, RecursionError) else "not valid YAML",
            where=f"{name}:{mark.line + 1}" if mark else name,
            why=str(getattr(error, "problem", None) or error)[:300],
            next_command="kubectl apply --dry-run=client -f FILE tells more",
        ) from error
    finally:
        loader.dispose()


class _Values:
    """Nodes into values, each visit counted."""

    def __init__(self, loader: yaml.SafeLoader, name: str, budget: int) -> None:
        self._loader, self._name, self._left = loader, name, budget
        self._open: set[int] = set()

    def of(self, node: yaml.Node) -> Any:
        import yaml

        self._left -= 1
        if self._left < 0:
            raise self._error("its aliases stand for more values than anybody would write", node)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) in self._open:
            raise self._error("it contains itself by an alias", node)
        self._open.add(id(node))
        if isinstance(node, yaml.MappingNode):
            value: Any = self._mapping(node)
        else:
            value = [self.of(item) for item in node.value]
        self._open.discard(id(node))
        return value

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        if node.tag == _TIMESTAMP:
            return node.value
        value = self._loader.construct_object(node)
        return value if value is None or isinstance(value, str | int | float | bool) else node.value

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                found = self.of(value_node)
                for part in found if isinstance(found, list) else [found]:
                    if not isinstance(part, dict):
                        raise self._error("only a mapping can be merged", key_node)
                    merged = {**part, **merged}
                continue
            if not isinstance(key_node.value, str):
                raise self._error("a key must be a text", key_node)
            if key_node.value in own:
                raise self._error(f"the key {key_node.value!r} is given twice in one object", key_node)
            own[key_node.value] = self.of(value_node)
        return {**merged, **own}

    def _error(self, what: str, node: yaml.Node) -> InputError:
        return InputError(
            what=what, where=f"{self._name}:{node.start_mark.line + 1}", next_command="correct the manifest"
        )
