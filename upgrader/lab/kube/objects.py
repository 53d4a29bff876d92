"""Reading and writing objects as an API server does: defaults, rules, versions, finalizers, field ownership.

Stored objects carry no `kind` and `apiVersion`: those come from the resource that they are asked by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from msgspec import Struct

from upgrader.lab.clock import LabClock
from upgrader.lab.kube.allocate import Allocator
from upgrader.lab.kube.apply import applied
from upgrader.lab.kube.defaults import with_defaults
from upgrader.lab.kube.lifecycle import Deletion, created, deleted_for_good, kept_by_server, marked_deleted, same
from upgrader.lab.kube.ownership import Manager, after_update
from upgrader.lab.kube.paths import Target
from upgrader.lab.kube.resource import Catalogue, Resource, shared
from upgrader.lab.kube.status import (
    already_exists,
    bad_request,
    conflict,
    method_not_allowed,
    namespace_ending,
    not_found,
)
from upgrader.lab.kube.store import Object, Store
from upgrader.lab.kube.validate import check
from upgrader.model.moments import rfc3339

NAMESPACES = shared("namespaces")
CREATED_BY_UPDATE = frozenset({"Endpoints", "Event", "Lease", "LimitRange", "Service"})
"""Kinds that a PUT creates when they are not there."""


class Write(Struct, frozen=True, kw_only=True):
    """How to write: who does it, and whether it is meant. `manager` empty leaves field ownership as it is."""

    manager: str = ""
    dry_run: bool = False
    force: bool = False


class Objects:
    """The objects of one cluster, behind the rules of its API server."""

    def __init__(self, store: Store, clock: LabClock, catalogue: Catalogue) -> None:
        self.store = store
        self.clock = clock
        self.catalogue = catalogue
        self.allocator = Allocator(store)
        self.on_removed: list[Callable[[Resource, Object], None]] = []

    def now(self) -> str:
        """The lab's time as objects carry it."""
        return rfc3339(self.clock.now())

    def later(self, seconds: float) -> str:
        """The lab's time so many seconds from now."""
        return rfc3339(self.clock.now() + timedelta(seconds=seconds))

    def get(self, target: Target) -> Object:
        """The object. Refuses when it is not there."""
        found = self.store.get(target.resource.key, target.namespace, target.name)
        if found is None:
            raise not_found(target.resource, target.name)
        return found

    def create(self, target: Target, body: Object, write: Write) -> Object:
        """The new object, stored unless it is a dry run."""
        resource = target.resource
        body = _fitting(body, target)
        with self.store.guard:
            self._home(target, body)
            found = created(body, resource, uid=self.store.new_uid(), suffix=self.store.new_suffix, now=self.now())
            name = found["metadata"].get("name", "")
            if name and self.store.get(resource.key, target.namespace, name) is not None:
                raise already_exists(resource, name)
            found = self._finished(found, None, target, write)
            return found if write.dry_run else self.store.put(resource.key, found)

    def update(self, target: Target, body: Object, write: Write, *, before: Object | None = None) -> Object:
        """The object after it was replaced by `body`; its subresource alone when the target names one."""
        resource = target.resource
        body = _fitting(body, target)
        with self.store.guard:
            if before is None:
                before = self.store.get(resource.key, target.namespace, target.name)
            if before is None:
                if resource.kind in CREATED_BY_UPDATE and not target.subresource:
                    return self.create(_collection(target), body, write)
                raise not_found(resource, target.name)
            _unmoved(body, before, target)
            found = kept_by_server(body, before, target)
            return self._put(found, before, target, write)

    def patch(self, target: Target, change: Callable[[Object], Object], write: Write) -> Object:
        """The object after `change` was made to it."""
        with self.store.guard:
            before = self.get(target)
            view = {"kind": target.resource.kind, "apiVersion": target.resource.api_version, **before}
            return self.update(target, change(view), write, before=before)

    def apply(self, target: Target, wanted: Object, write: Write) -> tuple[Object, bool]:
        """The object after a server-side apply, and whether it is new."""
        resource = target.resource
        manager = Manager(name=write.manager, operation="Apply", api_version=resource.api_version,
                          subresource=target.subresource)  # fmt: skip
        wanted = _fitting(wanted, target)
        if wanted["metadata"].get("managedFields"):
            raise bad_request("metadata.managedFields must be nil")
        with self.store.guard:
            before = self.store.get(resource.key, target.namespace, target.name)
            wanted = {**wanted, "metadata": {**wanted["metadata"], "name": target.name}}
            owned = applied(before, wanted, manager, self.now(), force=write.force)
            unowned = Write(dry_run=write.dry_run)
            if before is None:
                if target.subresource:
                    raise not_found(resource, target.name)
                return self.create(_collection(target), owned, unowned), True
            return self.update(target, owned, unowned, before=before), False

    def delete(self, target: Target, how: Deletion, write: Write) -> tuple[Object, bool]:
        """The object as it was last seen, and whether it is gone: finalizers keep it."""
        with self.store.guard:
            before = self.get(target)
            how.check(before, target.resource)
            if deleted_for_good(before, how, target.resource):
                last = before if write.dry_run else self._remove(target.resource, before)
                return last, True
            found = marked_deleted(before, how, target.resource, self.now())
            if not write.dry_run and not same(found, before):
                found = self.store.put(target.resource.key, found)
            return found, False

    def _put(self, found: Object, before: Object, target: Target, write: Write) -> Object:
        """Store an update, unless it changes nothing; an object whose last finalizer went is removed."""
        found = self._finished(found, before, target, write)
        if same(found, before):
            return before
        metadata = found["metadata"]
        if write.dry_run:
            return found
        waiting = metadata.get("finalizers") or (found.get("spec") or {}).get("finalizers")
        if metadata.get("deletionTimestamp") and not waiting and not metadata.get("deletionGracePeriodSeconds"):
            return self._remove(target.resource, found)
        return self.store.put(target.resource.key, found)

    def _finished(self, found: Object, before: Object | None, target: Target, write: Write) -> Object:
        """The object with its defaults, checked, and with its owners of fields."""
        resource = target.resource
        found.pop("kind", None)
        found.pop("apiVersion", None)
        if not target.subresource:
            try:
                found = with_defaults(found, resource.kind, before, self.allocator)
                check(found, before, resource)
            except Exception:
                self.allocator.forget()
                raise
            if write.dry_run:
                self.allocator.forget()
        metadata = {key: value for key, value in found["metadata"].items() if value not in (None, {}, [], "")}
        found = {**found, "metadata": metadata}
        if write.manager and not (before and same(found, before)):
            manager = Manager(name=write.manager, api_version=resource.api_version, subresource=target.subresource)
            metadata["managedFields"] = after_update(before, found, manager, self.now())
        return found

    def _remove(self, resource: Resource, found: Object) -> Object:
        metadata = found["metadata"]
        last = self.store.remove(resource.key, metadata.get("namespace", ""), metadata["name"]) or found
        for told in self.on_removed:
            told(resource, last)
        return last

    def _home(self, target: Target, body: Object) -> None:
        """Refuse a namespace that is not there or ends."""
        if not target.resource.namespaced:
            return
        namespace = self.store.get(NAMESPACES.key, "", target.namespace)
        if namespace is None:
            raise not_found(NAMESPACES, target.namespace)
        if namespace["metadata"].get("deletionTimestamp") and target.resource.plural != "events":
            name = body["metadata"].get("name") or body["metadata"].get("generateName", "")
            raise namespace_ending(target.resource, name, target.namespace)


def _collection(target: Target) -> Target:
    return Target(resource=target.resource, namespace=target.namespace)


def _fitting(body: Object, target: Target) -> Object:
    """The body with its own metadata. Refuses one that is of another kind, name or namespace than its address."""
    resource = target.resource
    given = (body.get("apiVersion") or resource.api_version, body.get("kind") or resource.kind)
    if given[0] != resource.api_version:
        said = f"the API version in the data ({given[0]}) does not match the expected API version"
        raise bad_request(f"{said} ({resource.api_version})")
    if given[1] != resource.kind:
        raise bad_request(
            f"{given[1]} in version {given[0]!r} cannot be handled as a {resource.kind}".replace("'", '"')
        )
    metadata = body.get("metadata") or {}
    if not isinstance(metadata, Mapping):
        raise bad_request("json: cannot unmarshal metadata into Go struct field of type v1.ObjectMeta")
    if not resource.namespaced and metadata.get("namespace"):
        metadata = {key: value for key, value in metadata.items() if key != "namespace"}
    if resource.namespaced and metadata.get("namespace", target.namespace) not in (target.namespace, ""):
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    if target.name and metadata.get("name", target.name) != target.name:
        said = f"the name of the object ({metadata.get('name')}) does not match the name on the URL ({target.name})"
        raise bad_request(said)
    home: dict[str, Any] = {"namespace": target.namespace} if resource.namespaced and target.namespace else {}
    return {**body, "metadata": {**metadata, **home, **({"name": target.name} if target.name else {})}}


def _unmoved(body: Object, before: Object, target: Target) -> None:
    """Refuse to overwrite what somebody else wrote in between."""
    wanted, version = body["metadata"].get("resourceVersion"), before["metadata"].get("resourceVersion")
    if wanted and wanted != version:
        raise conflict(target.resource, target.name)
    uid = body["metadata"].get("uid")
    if uid and uid != before["metadata"].get("uid"):
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {before['metadata'].get('uid')}"
        raise conflict(target.resource, target.name, why)


def allowed_verb(resource: Resource, verb: str) -> None:
    """Refuse a verb that a resource does not have."""
    if verb not in resource.verbs:
        raise method_not_allowed()
