"""An object's life: how it is born, what of it only the server writes, how it is marked as deleted and goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from upgrader.lab.kube.paths import Target
from upgrader.lab.kube.resource import Resource
from upgrader.lab.kube.status import ApiError, conflict
from upgrader.lab.kube.store import Object

GENERATED_LIMIT = 58
_SERVERS = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation")
_COUNTED = frozenset(
    {"Deployment", "DaemonSet", "ReplicaSet", "StatefulSet", "Job", "CronJob", "Ingress", "NetworkPolicy",
     "PodDisruptionBudget", "EndpointSlice", "CustomResourceDefinition", "PriorityClass", "IngressClass"}
)  # fmt: skip
"""Kinds whose `generation` is counted; those of CustomResourceDefinitions are too."""
_UNCOUNTED_FIELDS = frozenset({"metadata", "status", "kind", "apiVersion"})
_STATUS: dict[str, dict[str, Any]] = {
    "Service": {"loadBalancer": {}},
    "Pod": {"phase": "Pending"},
    "DaemonSet": {"currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0},
    "ReplicaSet": {"replicas": 0},
    "StatefulSet": {"replicas": 0, "availableReplicas": 0},
    "Ingress": {"loadBalancer": {}},
    "Namespace": {"phase": "Active"},
}


class Deletion(Struct, frozen=True, kw_only=True):
    """How to delete: what becomes of dependents, how long to wait, and which object is meant."""

    propagation: str = ""
    grace_s: int | None = None
    uid: str = ""
    resource_version: str = ""

    def check(self, found: Object, resource: Resource) -> None:
        """Refuse when another object than the one that is meant bears the name."""
        metadata = found["metadata"]
        version = ("ResourceVersion", self.resource_version, metadata.get("resourceVersion"))
        for field, wanted, has in (("UID", self.uid, metadata.get("uid")), version):
            if wanted and wanted != has:
                why = f"{field} in precondition: {wanted}, {field} in object meta: {has}"
                raise conflict(resource, metadata["name"], f"Precondition failed: {why}")


def counted(resource: Resource) -> bool:
    """Whether the resource counts its generations."""
    return resource.kind in _COUNTED or resource.custom


def created(body: Object, resource: Resource, *, uid: str, suffix: Callable[[], str], now: str) -> Object:
    """A new object as the server begins it: named, with its uid and time, without a status of the caller's."""
    metadata = dict(body["metadata"])
    if metadata.get("resourceVersion"):
        raise ApiError(500, "", "resourceVersion should not be set on objects to be created")
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"][:GENERATED_LIMIT] + suffix()
    for field in (*_SERVERS, "resourceVersion"):
        metadata.pop(field, None)
    metadata |= {"uid": uid, "creationTimestamp": now}
    if counted(resource):
        metadata["generation"] = 1
    found = {**body, "metadata": metadata}
    if "status" in resource.subresources:
        found.pop("status", None)
        if resource.kind in _STATUS:
            found["status"] = dict(_STATUS[resource.kind])
    return found


def kept_by_server(body: Object, before: Object, target: Target) -> Object:
    """The body with all that an update of this address does not reach taken from before."""
    old = before["metadata"]
    metadata = dict(body["metadata"])
    for field in (*_SERVERS, "resourceVersion"):
        metadata.pop(field, None)
        if field in old:
            metadata[field] = old[field]
    if not metadata.get("managedFields") and old.get("managedFields"):
        metadata["managedFields"] = old["managedFields"]
    if target.subresource == "status":
        owned = {
            key: metadata[key] for key in ("managedFields", "annotations", "labels", "finalizers") if key in metadata
        }
        kept = {key: old[key] for key in ("ownerReferences", "generateName") if key in old}
        base = {
            key: value for key, value in metadata.items() if key in (*_SERVERS, "name", "namespace", "resourceVersion")
        }
        return {**before, "metadata": {**base, **kept, **owned}, "status": body.get("status") or {}}
    found = {**body, "metadata": metadata}
    if "status" in target.resource.subresources and target.subresource != "finalize":
        found.pop("status", None)
        if "status" in before:
            found["status"] = before["status"]
    if target.subresource == "finalize":
        return {**before, "spec": body.get("spec") or {}, "metadata": dict(old)}
    if counted(target.resource) and _specified(found) != _specified(before):
        metadata["generation"] = old.get("generation", 0) + 1
    return found


def _specified(found: Object) -> Object:
    return {key: value for key, value in found.items() if key not in _UNCOUNTED_FIELDS}


def same(found: Object, before: Object) -> bool:
    """Whether an update changes nothing but who wrote it when."""
    return _content(found) == _content(before)


def _content(found: Object) -> Object:
    metadata = {k: v for k, v in found["metadata"].items() if k != "resourceVersion"}
    metadata["managedFields"] = [
        {k: v for k, v in entry.items() if k != "time"} for entry in metadata.get("managedFields") or ()
    ]
    return {**{k: v for k, v in found.items() if k not in ("kind", "apiVersion")}, "metadata": metadata}


def deleted_for_good(found: Object, how: Deletion, resource: Resource) -> bool:
    """Whether nothing keeps the object."""
    if found["metadata"].get("finalizers") or _finalizer(how):
        return False
    return resource.kind != "Namespace" or not (found.get("spec") or {}).get("finalizers")


def _finalizer(how: Deletion) -> str:
    return {"Foreground": "foregroundDeletion", "Orphan": "orphan"}.get(how.propagation, "")


def marked_deleted(found: Object, how: Deletion, resource: Resource, now: str) -> Object:
    """The object with the time of its deletion, and with what its dependents ask for."""
    metadata = dict(found["metadata"])
    metadata.setdefault("deletionTimestamp", now)
    metadata.setdefault("deletionGracePeriodSeconds", 0)
    wanted = _finalizer(how)
    if wanted and wanted not in (metadata.get("finalizers") or ()):
        metadata["finalizers"] = [*(metadata.get("finalizers") or ()), wanted]
    if counted(resource) and not found["metadata"].get("deletionTimestamp"):
        metadata["generation"] = metadata.get("generation", 0) + 1
    marked = {**found, "metadata": metadata}
    if resource.kind == "Namespace":
        marked["status"] = {**(found.get("status") or {}), "phase": "Terminating"}
    return marked
