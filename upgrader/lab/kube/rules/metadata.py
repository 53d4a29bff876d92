"""Every object's metadata: its name, labels, annotations, owners, and what never changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from upgrader.lab.kube.rules.words import REQUIRED, Cause, label, label_1035, label_value, qualified, subdomain, wrong

Map = dict[str, Any]
ANNOTATIONS_LIMIT = 256 * 1024
# Events too: CCM's result, CloudControllerManagerPrecheckResult, is no subdomain (registry/core/event/strategy.go).
_PATH_NAMED = frozenset({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "Event"})
_LABEL_NAMED = frozenset({"Namespace"})
_1035_NAMED = frozenset({"Service"})


def metadata_causes(found: Map, before: Map | None, kind: str) -> Iterator[Cause]:
    """What is wrong with an object's metadata."""
    metadata = found["metadata"]
    name = metadata.get("name", "")
    if not name:
        yield "metadata.name", f"{REQUIRED}: name or generateName is required"
        return
    if before is None and (why := _name(name, kind)):
        yield "metadata.name", wrong(name, why)
    yield from label_causes(metadata.get("labels"), "metadata.labels")
    yield from _annotations(metadata.get("annotations") or {})
    yield from _owners(metadata.get("ownerReferences") or ())
    for one in metadata.get("finalizers") or ():
        if why := qualified(one):
            yield "metadata.finalizers", wrong(one, why)
    if before is not None:
        yield from _fixed(metadata, before["metadata"])


def _name(name: str, kind: str) -> str:
    if kind in _PATH_NAMED:
        if name in (".", ".."):
            return f"may not be '{name}'"
        return next((f"may not contain '{one}'" for one in "/%" if one in name), "")
    if kind in _1035_NAMED:
        return label_1035(name)
    return label(name) if kind in _LABEL_NAMED else subdomain(name)


def label_causes(labels: Map | None, where: str) -> Iterator[Cause]:
    """What is wrong with labels at a field."""
    for key, value in (labels or {}).items():
        if why := qualified(key):
            yield where, wrong(key, why)
        if why := label_value(str(value)):
            yield where, wrong(value, why)


def _annotations(annotations: Map) -> Iterator[Cause]:
    for key in annotations:
        if why := qualified(key.lower()):
            yield "metadata.annotations", wrong(key, why)
    size = sum(len(key.encode()) + len(str(value).encode()) for key, value in annotations.items())
    if size > ANNOTATIONS_LIMIT:
        yield "metadata.annotations", f"Too long: may not be more than {ANNOTATIONS_LIMIT} bytes"


def _owners(owners: list[Map] | tuple[()]) -> Iterator[Cause]:
    for owner in owners:
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                yield f"metadata.ownerReferences.{field}", wrong("", f"{field} must not be empty")
    if sum(bool(owner.get("controller")) for owner in owners) > 1:
        yield "metadata.ownerReferences", "Invalid value: Only one reference can have Controller set to true"


def _fixed(metadata: Map, before: Map) -> Iterator[Cause]:
    if metadata.get("uid") != before.get("uid"):
        yield "metadata.uid", wrong(metadata.get("uid"), "field is immutable")
    if before.get("deletionTimestamp"):
        added = [one for one in metadata.get("finalizers") or () if one not in (before.get("finalizers") or ())]
        if added:
            said = "no new finalizers can be added if the object is being deleted, found new finalizers "
            yield (
                "metadata.finalizers",
                f"Forbidden: {said}[]string{{{', '.join(repr(one) for one in added)}}}".replace("'", '"'),
            )
