"""What controllers share: the cluster they move, owners, conditions, pods' states, numbers given in percent."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, runtime_checkable

import msgspec
from msgspec import Struct, field

from upgrader.lab.clock import LabClock
from upgrader.lab.kube.controllers.index import PODS as PODS
from upgrader.lab.kube.controllers.index import Index
from upgrader.lab.kube.controllers.program import Program
from upgrader.lab.kube.local import Local
from upgrader.lab.kube.objects import Write
from upgrader.lab.kube.paths import Target
from upgrader.lab.kube.resource import Resource, shared
from upgrader.lab.kube.selectors import matches_labels
from upgrader.lab.kube.store import Change, Name, Object, Store
from upgrader.lab.kube.tables.columns import read_time

NODES = shared("nodes")
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


class Hooks(Struct):
    """Called with a pod: when it has become ready, and when it is gone or no longer ready.

    `programs` say what a pod does, None where its command tells; they are asked each time the pod is looked at.
    """

    on_pod_ready: list[Callable[[Object], None]] = field(default_factory=list)
    on_pod_gone: list[Callable[[Object], None]] = field(default_factory=list)
    programs: list[Callable[[Object], Program | None]] = field(default_factory=list)


class Cluster(Struct):
    """What controllers work on."""

    store: Store
    local: Local
    hooks: Hooks
    now: Callable[[], str]
    clock: LabClock
    index: Index = field(default_factory=Index)
    broken_images: set[str] = field(default_factory=set)
    ready_after_s: float = 0.0

    def tell(self, about: Object, kind: str, reason: str, said: str, by: str, *, warning: bool = False) -> None:
        """An event about an object of a kind, from the component `by`."""
        version = _API_VERSIONS.get(kind, "v1")
        self.local.event(about, kind, reason, said, warning=warning, component=by, api_version=version)


_API_VERSIONS = {"Deployment": "apps/v1", "ReplicaSet": "apps/v1", "DaemonSet": "apps/v1", "StatefulSet": "apps/v1",
                 "Job": "batch/v1", "CronJob": "batch/v1"}  # fmt: skip


class Alarms:
    """Names that are to be looked at again when their time has come, by the lab's time."""

    def __init__(self, clock: LabClock) -> None:
        self._clock = clock
        self._when: dict[Name, datetime] = {}

    def passed(self, name: Name, when: datetime) -> bool:
        """Whether a moment has come; the name is woken at it when it has not. The earliest moment counts."""
        if when <= self._clock.now():
            return True
        self._when[name] = min(when, self._when.get(name, when))
        return False

    def due(self) -> list[Name]:
        """The names whose time has come; they are told once."""
        now = self._clock.now()
        found = [name for name, when in self._when.items() if when <= now]
        for name in found:
            del self._when[name]
        return found

    def next_s(self) -> float | None:
        """Seconds until the next one, None when nothing waits."""
        if not self._when:
            return None
        return max(0.0, (min(self._when.values()) - self._clock.now()).total_seconds())

    def clear(self) -> None:
        """Forget all of them."""
        self._when.clear()


class Controller(Protocol):
    """Keeps one kind of thing as it should be."""

    def concerns(self, change: Change) -> Iterable[Name]:
        """The names to look at again after a change."""

    def look(self, name: Name) -> None:
        """Move what bears this name one step; every write comes back as a change."""


@runtime_checkable
class Timed(Protocol):
    """A controller that some names wait at for their time."""

    alarms: Alarms


def named(found: Object) -> Name:
    """An object's namespace and name."""
    return (found["metadata"].get("namespace", ""), found["metadata"]["name"])


def owner(found: Object) -> Mapping[str, Any] | None:
    """The reference to the controller of an object."""
    return next((one for one in found["metadata"].get("ownerReferences") or () if one.get("controller")), None)


def owner_name(found: Object, kind: str) -> Iterable[Name]:
    """The name of the object's controller, if it is of this kind."""
    has = owner(found)
    return ((found["metadata"].get("namespace", ""), has["name"]),) if has and has["kind"] == kind else ()


def owned(cluster: Cluster, resource: Resource, by: Object) -> list[Object]:
    """The objects that are controlled by `by`, in the order of their names."""
    return cluster.index.owned(by["metadata"]["uid"], resource.key)


def adopt(cluster: Cluster, resource: Resource, by: Object, kind: Resource) -> None:
    """Take over what nobody owns and the selector of `by` (a `kind`) means; let go what it does not mean any more."""
    namespace, selector = by["metadata"]["namespace"], by["spec"].get("selector") or {}
    for one in cluster.index.bearing(resource.key, namespace, selector.get("matchLabels") or {}):
        if owner(one) is None and not going(one) and matches_labels(selector, one["metadata"].get("labels") or {}):
            owners = [*(one["metadata"].get("ownerReferences") or ()), reference(by, kind)]
            _own(cluster, resource, one, owners)
    for one in owned(cluster, resource, by):
        if not matches_labels(selector, one["metadata"].get("labels") or {}) and not going(one):
            mine = by["metadata"]["uid"]
            _own(cluster, resource, one, [ref for ref in one["metadata"]["ownerReferences"] if ref["uid"] != mine])


def _own(cluster: Cluster, resource: Resource, found: Object, owners: list[dict[str, Any]]) -> None:
    target = Target(resource=resource, namespace=found["metadata"]["namespace"], name=found["metadata"]["name"])
    metadata = {**found["metadata"], "ownerReferences": owners}
    cluster.local.objects.update(target, {**found, "metadata": metadata}, Write())


def reference(by: Object, resource: Resource) -> dict[str, Any]:
    """The reference by which `by` controls what it makes."""
    metadata = by["metadata"]
    return {"apiVersion": resource.api_version, "kind": resource.kind, "name": metadata["name"],
            "uid": metadata["uid"], "controller": True, "blockOwnerDeletion": True}  # fmt: skip


def going(found: Object) -> bool:
    """Whether an object is being deleted."""
    return bool(found["metadata"].get("deletionTimestamp"))


def condition(found: Object, kind: str) -> Mapping[str, Any]:
    """A condition of the status, empty when it has none."""
    listed = (found.get("status") or {}).get("conditions") or ()
    return next((one for one in listed if one.get("type") == kind), {})


def is_ready(pod: Object) -> bool:
    """Whether a pod is ready and stays."""
    return condition(pod, "Ready").get("status") == "True" and not going(pod)


def available_at(pod: Object, min_ready_s: int) -> datetime | None:
    """When a pod counts as available, None while it is not ready."""
    if not is_ready(pod):
        return None
    since = condition(pod, "Ready").get("lastTransitionTime")
    return read_time(since) + timedelta(seconds=min_ready_s) if since else datetime.min.replace(tzinfo=UTC)


def with_condition(listed: Iterable[Mapping[str, Any]], now: str, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The conditions with one set; its time of transition moves only with its status."""
    result = [dict(one) for one in listed]
    for one in result:
        if one.get("type") == wanted["type"]:
            if one.get("status") != wanted["status"]:
                one["lastTransitionTime"] = now
            one.update(wanted)
            return result
    return [*result, {"lastTransitionTime": now, **wanted}]


def share(given: Any, total: int, *, up: bool) -> int:
    """A number given as such or in percent of a total."""
    if isinstance(given, str) and given.endswith("%"):
        part = int(given[:-1]) * total / 100
        return math.ceil(part) if up else math.floor(part)
    return int(given or 0)


def template_hash(template: Any, length: int = 10) -> str:
    """A short name for a pod template, the same for the same template."""
    digest = hashlib.sha256(msgspec.json.encode(template, order="sorted")).digest()
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:length])


def pod_from(
    template: Object, by: Object, resource: Resource, labels: Mapping[str, str], name: Mapping[str, str]
) -> Object:
    """A new pod of a template, controlled by `by`. `name` is its `name` or `generateName`."""
    given = template.get("metadata") or {}
    metadata: dict[str, Any] = {
        **name, "namespace": by["metadata"]["namespace"], "labels": {**(given.get("labels") or {}), **labels},
        "ownerReferences": [reference(by, resource)],
    }  # fmt: skip
    if given.get("annotations"):
        metadata["annotations"] = dict(given["annotations"])
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template.get("spec") or {}}


def without_zeros(status: dict[str, Any]) -> dict[str, Any]:
    """The status as Go writes it: counts that are nothing are left out."""
    return {key: value for key, value in status.items() if value not in (0, None, [], "")}


def set_status(cluster: Cluster, resource: Resource, found: Object, status: dict[str, Any]) -> None:
    """Write a status, if it is another."""
    if status != (found.get("status") or {}):
        body = {"kind": resource.kind, "apiVersion": resource.api_version, **found, "status": status}
        metadata = {key: value for key, value in found["metadata"].items() if key != "resourceVersion"}
        cluster.local.update({**body, "metadata": metadata}, resource, "status")
