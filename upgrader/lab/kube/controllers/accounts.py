"""Every namespace has its default service account and the cluster's certificate."""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.lab.kube.controllers.base import Cluster, going, named
from upgrader.lab.kube.resource import shared
from upgrader.lab.kube.store import Change, Name

_NAMESPACES, _ACCOUNTS, _CONFIG = shared("namespaces"), shared("serviceaccounts"), shared("configmaps")
_CERTIFICATE = "kube-root-ca.crt"
_ABOUT = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints"


class Accounts:
    """Makes what is missing, also when somebody deletes it."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def concerns(self, change: Change) -> Iterable[Name]:
        """The namespace that is new, or that lost something."""
        if change.key == _NAMESPACES.key:
            return (named(change.object),)
        if change.kind == "DELETED" and change.key in (_ACCOUNTS.key, _CONFIG.key):
            return (("", change.object["metadata"]["namespace"]),)
        return ()

    def look(self, name: Name) -> None:
        """Make what a namespace lacks."""
        store, local = self._cluster.store, self._cluster.local
        namespace = store.get(_NAMESPACES.key, *name)
        if namespace is None or going(namespace):
            return
        if store.get(_ACCOUNTS.key, name[1], "default") is None:
            home = {"name": "default", "namespace": name[1]}
            local.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": home})
        if store.get(_CONFIG.key, name[1], _CERTIFICATE) is None:
            metadata = {"name": _CERTIFICATE, "namespace": name[1],
                        "annotations": {"kubernetes.io/description": _ABOUT}}  # fmt: skip
            data = {"ca.crt": "-----BEGIN CERTIFICATE-----\nlab\n-----END CERTIFICATE-----\n"}
            local.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
