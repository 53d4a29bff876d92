"""CustomResourceDefinitions: what they bring is served from then on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from upgrader.lab.kube.resource import Catalogue, Printed, Resource, shared
from upgrader.lab.kube.store import Change, Object, Store

CRDS = shared("customresourcedefinitions", "apiextensions.k8s.io")


class Definitions:
    """Keeps a catalogue as the definitions in the store say."""

    def __init__(self, store: Store, catalogue: Catalogue) -> None:
        self._store, self._catalogue = store, catalogue
        store.listeners.append(self._changed)

    def reload(self) -> None:
        """Serve what the store's definitions say now."""
        self._catalogue.replace_own(one for found in self._store.list(CRDS.key) for one in resources_of(found))

    def _changed(self, change: Change) -> None:
        if change.key == CRDS.key:
            self.reload()


def resources_of(definition: Object) -> Iterator[Resource]:
    """The resources that a definition brings, one a served version; the stored one first."""
    spec = definition.get("spec") or {}
    names = spec.get("names") or {}
    versions = [one for one in spec.get("versions") or () if one.get("served")]
    for version in sorted(versions, key=lambda one: not one.get("storage")):
        printed = tuple(
            Printed(one["name"], one["jsonPath"], one.get("type", "string"), one.get("priority", 0))
            for one in version.get("additionalPrinterColumns") or ()
        )
        subresources = tuple(sorted(version.get("subresources") or ()))
        yield Resource(
            group=spec.get("group", ""), version=version["name"], plural=names.get("plural", ""),
            kind=names.get("kind", ""), namespaced=spec.get("scope") != "Cluster",
            short_names=tuple(names.get("shortNames") or ()), subresources=subresources,
            in_all="all" in (names.get("categories") or ()), custom=True, printed=printed,
        )  # fmt: skip


def established(definition: Object, now: str) -> dict[str, Any]:
    """The status of a definition that is served."""
    spec = definition.get("spec") or {}
    names = dict(spec.get("names") or {})
    names.setdefault("singular", names.get("kind", "").lower())
    names.setdefault("listKind", f"{names.get('kind', '')}List")
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": now, "reason": reason, "message": message}
        for kind, reason, message in (
            ("NamesAccepted", "NoConflicts", "no conflicts found"),
            ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        )
    ]
    stored = [one["name"] for one in spec.get("versions") or () if one.get("storage")]
    return {"conditions": conditions, "acceptedNames": names, "storedVersions": stored}
