"""The scale subresource: a workload's replicas as `autoscaling/v1` Scale."""

from __future__ import annotations

from typing import Any

from upgrader.lab.kube.status import bad_request
from upgrader.lab.kube.store import Object
from upgrader.lab.kube.tables.columns import NONE, at, selector_text

API_VERSION = "autoscaling/v1"
_METADATA = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(found: Object) -> Object:
    """The Scale of a workload."""
    metadata = {key: found["metadata"][key] for key in _METADATA if key in found["metadata"]}
    shown = selector_text(at(found, "spec", "selector"))
    status: dict[str, Any] = {"replicas": at(found, "status", "replicas") or 0}
    if shown != NONE:
        status["selector"] = shown
    replicas = at(found, "spec", "replicas")
    return {"kind": "Scale", "apiVersion": API_VERSION, "metadata": metadata,
            "spec": {"replicas": 1 if replicas is None else replicas}, "status": status}  # fmt: skip


def scaled(found: Object, scale: Object) -> Object:
    """The workload with the Scale's replicas, and its resource version if it names one."""
    replicas = at(scale, "spec", "replicas") or 0
    if not isinstance(replicas, int):
        raise bad_request("json: cannot unmarshal Scale.spec.replicas into Go struct field of type int32")
    version = at(scale, "metadata", "resourceVersion")
    metadata = {**found["metadata"], **({"resourceVersion": version} if version else {})}
    return {**found, "metadata": metadata, "spec": {**found["spec"], "replicas": replicas}}
