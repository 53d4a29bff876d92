"""ControllerRevisions: the templates that a DaemonSet or StatefulSet has had, numbered; one template, one revision."""

from __future__ import annotations

from typing import Any

from upgrader.lab.kube.controllers.base import Cluster, named, owned, reference, template_hash
from upgrader.lab.kube.resource import Resource, shared
from upgrader.lab.kube.store import Object

REVISIONS = shared("controllerrevisions", "apps")
HASH = "controller-revision-hash"


def history(cluster: Cluster, by: Object) -> list[Object]:
    """The revisions of a workload, oldest first."""
    return sorted(owned(cluster, REVISIONS, by), key=lambda one: int(one.get("revision") or 0))


def present(cluster: Cluster, by: Object, kind: Resource, key: str = HASH) -> Object:
    """The revision of a workload's present template: found and made the newest, or new."""
    data = {"spec": {"template": {**by["spec"]["template"], "$patch": "replace"}}}
    known = history(cluster, by)
    newest = int(known[-1]["revision"]) if known else 0
    found = next((one for one in reversed(known) if one.get("data") == data), None)
    if found is not None:
        if int(found["revision"]) < newest:
            namespace, name = named(found)
            return cluster.local.merge("controllerrevisions", name, namespace, {"revision": newest + 1}, group="apps")
        return found
    namespace, name = named(by)
    mark = _free(cluster, by)
    labels = {**((by["spec"]["template"].get("metadata") or {}).get("labels") or {}), key: mark}
    metadata: dict[str, Any] = {"name": f"{name}-{mark}", "namespace": namespace, "labels": labels,
                                "ownerReferences": [reference(by, kind)]}  # fmt: skip
    cause = (by["metadata"].get("annotations") or {}).get("kubernetes.io/change-cause")
    if cause:
        metadata["annotations"] = {"kubernetes.io/change-cause": cause}
    return cluster.local.create({"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": metadata,
                                 "data": data, "revision": newest + 1})  # fmt: skip


def forget_old(cluster: Cluster, by: Object, used: set[str]) -> None:
    """Delete the oldest revisions beyond `revisionHistoryLimit`; those whose names are used stay."""
    limit = by["spec"].get("revisionHistoryLimit")
    idle = [one for one in history(cluster, by) if one["metadata"]["name"] not in used]
    for one in idle[: max(0, len(idle) - (10 if limit is None else int(limit)))]:
        namespace, name = named(one)
        cluster.local.delete("controllerrevisions", name, namespace, group="apps")


def _free(cluster: Cluster, by: Object) -> str:
    namespace, name = named(by)
    for collisions in range(100):
        template: Any = by["spec"]["template"]
        mark = template_hash([template, collisions] if collisions else template)
        if cluster.store.get(REVISIONS.key, namespace, f"{name}-{mark}") is None:
            return mark
    return cluster.store.new_suffix(10)
