"""Who owns which field: `managedFields` after an update, and after a server-side apply."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from upgrader.lab.kube.fields import Fields, Path, fields_of, from_v1, to_v1

Map = dict[str, Any]


class Manager(Struct, frozen=True, kw_only=True):
    """Who writes: one entry of `managedFields` is kept for each."""

    name: str
    operation: str = "Update"
    api_version: str = "v1"
    subresource: str = ""

    def owns(self, entry: Map) -> bool:
        """Whether an entry is this manager's."""
        return (entry.get("manager"), entry.get("operation"), entry.get("subresource", "")) == (
            self.name, self.operation, self.subresource,
        )  # fmt: skip

    def entry(self, paths: set[Path], time: str) -> Map:
        """The entry as the object shows it."""
        found: Map = {
            "manager": self.name, "operation": self.operation, "apiVersion": self.api_version, "time": time,
            "fieldsType": "FieldsV1", "fieldsV1": to_v1(paths),
        }  # fmt: skip
        return {**found, "subresource": self.subresource} if self.subresource else found


def entries_of(found: Map | None) -> list[Map]:
    """The entries of an object."""
    return list(((found or {}).get("metadata") or {}).get("managedFields") or ())


def after_update(before: Map | None, after: Map, manager: Manager, time: str) -> list[Map]:
    """The entries when `manager` has written `after` over `before`: what it changed is its own now."""
    had: Fields = fields_of(before) if before else {}
    has = fields_of(after)
    changed = {path for path, value in has.items() if path not in had or had[path] != value}
    return _with(entries_of(before), manager, changed, set(has), time, adds=True)


def after_apply(before: Map | None, after: Map, manager: Manager, applied: set[Path], time: str) -> list[Map]:
    """The entries when `manager` has applied exactly `applied`; others keep what they share."""
    return _with(entries_of(before), manager, applied, set(fields_of(after)), time, adds=False)


def _with(
    entries: list[Map], manager: Manager, paths: set[Path], there: set[Path], time: str, *, adds: bool
) -> list[Map]:
    kept: list[Map] = []
    mine: Map | None = None
    for entry in entries:
        owned = from_v1(entry.get("fieldsV1") or {})
        if manager.owns(entry):
            mine = entry
            paths = (paths | owned) & there if adds else paths
            continue
        left = owned & there
        if adds:
            left -= paths
        if left:
            kept.append(entry if left == owned else {**entry, "fieldsV1": to_v1(left)})
    if not paths:
        return kept
    if mine is not None and from_v1(mine.get("fieldsV1") or {}) == paths:
        return [*kept, mine]
    return [*kept, manager.entry(paths, time)]
