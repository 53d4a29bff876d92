"""Server-side apply: the applied fields are set, conflicts told, fields no longer applied removed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from upgrader.lab.kube.fields import Path, dotted, fields_of, from_v1, to_v1
from upgrader.lab.kube.list_keys import ATOMIC_MAPS, SETS, identity, keys_of
from upgrader.lab.kube.ownership import Manager, after_apply, entries_of
from upgrader.lab.kube.status import ApiError

Map = dict[str, Any]


def applied(before: Map | None, wanted: Map, manager: Manager, time: str, *, force: bool) -> Map:
    """The object after `manager` has applied `wanted`. Refuses fields that others own with another value."""
    fields = fields_of(wanted)
    had = fields_of(before) if before else {}
    entries = entries_of(before)
    taken: set[Path] = set()
    conflicts: list[tuple[Map, Path]] = []
    others: set[Path] = set()
    mine: set[Path] = set()
    for entry in entries:
        owned = from_v1(entry.get("fieldsV1") or {})
        if manager.owns(entry):
            mine = owned
            continue
        others |= owned
        for path in sorted(owned & set(fields)):
            if had.get(path) != fields[path]:
                conflicts.append((entry, path))
                taken.add(path)
    if conflicts and not force:
        raise _refusal(conflicts)
    result: Map = merged(before or {}, wanted, "", "")
    for path in sorted(mine - set(fields) - others, key=len, reverse=True):
        _drop(result, path)
    if taken:
        entries = [_without(entry, taken, manager) for entry in entries]
    seen: Map = {**result, "metadata": {**result["metadata"], "managedFields": entries}}
    result["metadata"] = {**result["metadata"],
                          "managedFields": after_apply(seen, result, manager, set(fields), time)}  # fmt: skip
    return result


def _without(entry: Map, taken: set[Path], manager: Manager) -> Map:
    if manager.owns(entry):
        return entry
    return {**entry, "fieldsV1": to_v1(from_v1(entry.get("fieldsV1") or {}) - taken)}


def _refusal(conflicts: list[tuple[Map, Path]]) -> ApiError:
    by_manager: dict[str, list[str]] = {}
    causes = []
    for entry, path in conflicts:
        who = f'conflict with "{entry.get("manager")}"'
        if entry.get("operation") == "Update":
            who += f" using {entry.get('apiVersion')}"
        by_manager.setdefault(who, []).append(dotted(path))
        causes.append({"reason": "FieldManagerConflict", "message": who, "field": dotted(path)})
    count = "1 conflict" if len(conflicts) == 1 else f"{len(conflicts)} conflicts"
    said = "\n".join(
        f"{who}: {paths[0]}" if len(paths) == 1 else f"{who}:\n" + "\n".join(f"- {path}" for path in paths)
        for who, paths in by_manager.items()
    )
    sign = ": " if len(by_manager) == 1 else ":\n"
    return ApiError(409, "Conflict", f"Apply failed with {count}{sign}{said}", details={"causes": causes})


def merged(found: Any, wanted: Any, parent: str, name: str) -> Any:
    """`wanted` laid over `found`, lists by their keys; neither is changed."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping) and name not in ATOMIC_MAPS:
        result = dict(found)
        for inner, value in wanted.items():
            result[inner] = merged(found.get(inner), value, name, inner)
        return result
    if isinstance(wanted, list) and isinstance(found, list):
        keys = keys_of(parent, name)
        if name in SETS:
            return list(dict.fromkeys([*found, *wanted]))
        if keys:
            result_list = list(found)
            for item in wanted:
                place = next(
                    (n for n, one in enumerate(result_list) if identity(one, keys) == identity(item, keys)), None
                )
                if place is None:
                    result_list.append(item)
                else:
                    result_list[place] = merged(result_list[place], item, parent, name)
            return result_list
    return wanted


def _drop(found: Any, path: Path) -> None:
    """Remove one field; `found` is this request's own copy along the path."""
    element, rest = path[0], path[1:]
    if element.startswith("f:") and isinstance(found, dict):
        name = element[2:]
        if name not in found:
            return
        if not rest:
            del found[name]
            return
        value = found[name]
        found[name] = dict(value) if isinstance(value, dict) else list(value) if isinstance(value, list) else value
        _drop(found[name], rest)
        if found[name] in ({}, []):
            del found[name]
    elif isinstance(found, list):
        wanted = json.loads(element[2:])
        for place, item in enumerate(found):
            if element.startswith("v:") and item == wanted:
                del found[place]
                return
            if element.startswith("k:") and isinstance(item, dict):
                if any(item.get(key, "TCP" if key == "protocol" else None) != value for key, value in wanted.items()):
                    continue
                if rest == (".",):
                    del found[place]
                else:
                    found[place] = dict(item)
                    _drop(found[place], rest)
                return
