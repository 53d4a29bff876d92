"""Sets of fields, as `managedFields` writes them: who owns what."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from upgrader.lab.kube.list_keys import ATOMIC_MAPS, SETS, identity, keys_of

Path = tuple[str, ...]
"""Elements as FieldsV1 spells them: `f:spec`, `k:{"name":"web"}`, `v:"a"`, and `.` for an item itself."""
Fields = dict[Path, Any]
"""Each leaf path with its value."""

_NOT_MANAGED = frozenset({"apiVersion", "kind"})
_NOT_MANAGED_METADATA = frozenset(
    {"name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink",
     "deletionTimestamp", "deletionGracePeriodSeconds"}
)  # fmt: skip


def fields_of(found: dict[str, Any]) -> Fields:
    """The leaves of an object that managers own."""
    fields: Fields = {}
    for name, value in found.items():
        if name == "metadata":
            for inner, content in value.items():
                if inner not in _NOT_MANAGED_METADATA:
                    _walk(content, ("f:metadata", f"f:{inner}"), "metadata", inner, fields)
        elif name not in _NOT_MANAGED:
            _walk(value, (f"f:{name}",), "", name, fields)
    return fields


def _walk(value: Any, path: Path, parent: str, name: str, fields: Fields) -> None:
    if isinstance(value, dict) and value and name not in ATOMIC_MAPS:
        for inner, content in value.items():
            _walk(content, (*path, f"f:{inner}"), name, inner, fields)
        return
    if isinstance(value, list) and value:
        keys = keys_of(parent, name)
        if keys and all(isinstance(item, dict) for item in value):
            for item in value:
                place = (*path, item_element(item, keys))
                fields[(*place, ".")] = None
                for inner, content in item.items():
                    _walk(content, (*place, f"f:{inner}"), name, inner, fields)
            return
        if name in SETS:
            for item in value:
                fields[(*path, f"v:{json.dumps(item)}")] = item
            return
    fields[path] = value


def item_element(item: dict[str, Any], keys: tuple[str, ...]) -> str:
    """`k:{"containerPort":80,"protocol":"TCP"}`."""
    named = dict(zip(keys, identity(item, keys), strict=True))
    return "k:" + json.dumps({key: value for key, value in named.items() if value is not None}, separators=(",", ":"))


def to_v1(paths: Iterable[Path]) -> dict[str, Any]:
    """FieldsV1: nested mappings, a leaf is `{}`."""
    root: dict[str, Any] = {}
    for path in sorted(paths):
        place = root
        for element in path:
            place = place.setdefault(element, {})
    return root


def from_v1(fields: dict[str, Any]) -> set[Path]:
    """The leaf paths of FieldsV1."""
    found: set[Path] = set()

    def walk(inner: dict[str, Any], path: Path) -> None:
        for element, deeper in inner.items():
            if deeper:
                walk(deeper, (*path, element))
            else:
                found.add((*path, element))

    walk(fields, ())
    return found


def dotted(path: Path) -> str:
    """`.spec.template.spec.containers[name="web"].image`: how conflicts name a field."""
    text = ""
    for element in path:
        if element.startswith("f:"):
            text += f".{element[2:]}"
        elif element.startswith("k:"):
            named = json.loads(element[2:])
            text += "[" + ",".join(f"{key}={json.dumps(value)}" for key, value in named.items()) + "]"
        elif element.startswith("v:"):
            text += f"[={element[2:]}]"
    return text
