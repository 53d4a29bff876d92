"""A client inside the process: what controllers and the lab itself read and write by, under the server's rules."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from upgrader.lab.kube.lifecycle import Deletion
from upgrader.lab.kube.objects import Objects, Write
from upgrader.lab.kube.patches import merged
from upgrader.lab.kube.paths import Target
from upgrader.lab.kube.resource import Resource
from upgrader.lab.kube.selectors import label_test
from upgrader.lab.kube.status import bad_request
from upgrader.lab.kube.store import Object
from upgrader.lab.kube.store import Objects as Found

if TYPE_CHECKING:
    from upgrader.lab.kube.api import KubeApi


class Local:
    """Reads and writes one cluster as `manager`. Raises `ApiError` as the server answers.

    Results are not the caller's to change: copy, then `update`. Callers let the cluster move (`api.settle()`).
    """

    def __init__(self, api: KubeApi, manager: str = "") -> None:
        self.objects: Objects = api.objects
        self.write = Write(manager=manager)

    def get(self, plural: str, name: str, namespace: str = "", group: str = "") -> Object | None:
        """The object, None when it is not there."""
        return self.objects.store.get((group, plural), namespace, name)

    def list(self, plural: str, namespace: str = "", group: str = "", *, labels: str = "") -> Found:
        """The objects by name; of one namespace, and of a label selector, when they are given."""
        found = self.objects.store.list((group, plural), namespace)
        test = label_test(labels)
        return found if test is None else [one for one in found if test(one)]

    def create(self, found: Object) -> Object:
        """A new object; `found` names its apiVersion and kind."""
        resource = self._resource(found)
        return self.objects.create(_place(resource, found["metadata"], named=False), found, self.write)

    def update(self, found: Object, resource: Resource | None = None, subresource: str = "") -> Object:
        """The object replaced; a resource version in it must be the present one."""
        resource = resource or self._resource(found)
        return self.objects.update(_place(resource, found["metadata"], subresource), found, self.write)

    def put(self, found: Object) -> Object:
        """The object created, or its content replaced whatever it was."""
        resource = self._resource(found)
        place = _place(resource, found["metadata"])
        if self.objects.store.get(resource.key, place.namespace, place.name) is None:
            return self.create(found)
        return self.objects.update(place, found, self.write)

    def merge(
        self, plural: str, name: str, namespace: str, patch: Object, *, group: str = "", subresource: str = ""
    ) -> Object:
        """The object after a merge patch; `subresource="status"` for its status."""
        resource = self._named(plural, group)
        place = Target(resource=resource, namespace=namespace, name=name, subresource=subresource)
        return self.objects.patch(place, lambda one: dict(merged(one, patch)), self.write)

    def delete(self, plural: str, name: str, namespace: str = "", *, group: str = "", propagation: str = "") -> bool:
        """Whether the object is gone now: finalizers keep it."""
        place = Target(resource=self._named(plural, group), namespace=namespace, name=name)
        return self.objects.delete(place, Deletion(propagation=propagation), self.write)[1]

    def event(self, about: Object, kind: str, reason: str, message: str, *, warning: bool = False, component: str = "",
              api_version: str = "v1") -> Object:  # fmt: skip
        """An event about an object; one that was told before is counted."""
        metadata, now = about["metadata"], self.objects.now()
        namespace = metadata.get("namespace", "") or "default"
        level = "Warning" if warning else "Normal"
        # The name follows from what is told, so that telling it again needs no search.
        told = hashlib.sha256("\0".join((metadata.get("uid", ""), level, reason, message)).encode()).hexdigest()
        name = f"{metadata['name']}.{told[:16]}"
        old = self.objects.store.get(("", "events"), namespace, name)
        if old is not None:
            changed: Object = {"count": old.get("count", 1) + 1, "lastTimestamp": now}
            return self.merge("events", name, namespace, changed)
        involved: dict[str, Any] = {
            "kind": kind, "apiVersion": api_version, "name": metadata["name"], "uid": metadata.get("uid", ""),
            "resourceVersion": metadata.get("resourceVersion", ""),
        }  # fmt: skip
        if metadata.get("namespace"):
            involved["namespace"] = metadata["namespace"]
        return self.create(
            {
                "apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": namespace},
                "involvedObject": involved, "reason": reason, "message": message, "type": level, "count": 1,
                "firstTimestamp": now, "lastTimestamp": now, "source": {"component": component},
                "reportingComponent": component, "reportingInstance": "",
            }
        )  # fmt: skip

    def _resource(self, found: Object) -> Resource:
        resource = self.objects.catalogue.of_kind(found["apiVersion"], found["kind"])
        if resource is None:
            raise bad_request(f"no resource for {found['apiVersion']} {found['kind']}")
        return resource

    def _named(self, plural: str, group: str) -> Resource:
        found = self.objects.catalogue.stored_at((group, plural))
        if found is None:
            raise bad_request(f"no resource {plural} in group {group!r}")
        return found


def _place(resource: Resource, metadata: Object, subresource: str = "", *, named: bool = True) -> Target:
    namespace = metadata.get("namespace", "default") if resource.namespaced else ""
    name = metadata["name"] if named else ""
    return Target(resource=resource, namespace=namespace, name=name, subresource=subresource)
