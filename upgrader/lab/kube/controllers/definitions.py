"""CustomResourceDefinitions are accepted; their objects go with them."""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.lab.kube.controllers.base import Cluster, going, set_status
from upgrader.lab.kube.crds import CRDS, established, resources_of
from upgrader.lab.kube.store import Change, Name


class CustomDefinitions:
    """Sets the conditions that clients wait for."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def concerns(self, change: Change) -> Iterable[Name]:
        """A definition that is new or gone."""
        if change.key != CRDS.key:
            return ()
        if change.kind == "DELETED":
            for one in resources_of(change.object):
                for found in self._cluster.store.list(one.key):
                    self._cluster.store.remove(
                        one.key, found["metadata"].get("namespace", ""), found["metadata"]["name"]
                    )
            return ()
        return (("", change.object["metadata"]["name"]),)

    def look(self, name: Name) -> None:
        """Accept a definition."""
        found = self._cluster.store.get(CRDS.key, *name)
        if found is not None and not going(found) and not (found.get("status") or {}).get("conditions"):
            set_status(self._cluster, CRDS, found, established(found, self._cluster.now()))
