"""What the API server fills in before it stores an object, by kind."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from upgrader.lab.kube.allocate import Allocator
from upgrader.lab.kube.service_defaults import with_service_defaults

Map = dict[str, Any]


def with_defaults(found: Map, kind: str, before: Map | None, allocator: Allocator) -> Map:
    """The object with its defaults; mappings that are changed are copies."""
    if kind == "Service":
        return with_service_defaults(found, before, allocator)
    fill = _KINDS.get(kind)
    return fill(found) if fill else found


def _set(found: Map, **defaults: Any) -> Map:
    """The mapping with what it lacks."""
    return {**{key: value for key, value in defaults.items() if found.get(key) is None}, **_given(found)}


def _given(found: Map) -> Map:
    return {key: value for key, value in found.items() if value is not None}


def _container(container: Map) -> Map:
    tag = container.get("image", "").rpartition("/")[2].partition(":")[2]
    container = _set(
        container, imagePullPolicy="IfNotPresent" if tag not in ("", "latest") else "Always", resources={},
        terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File",
    )  # fmt: skip
    if container.get("ports"):
        container["ports"] = [_set(port, protocol="TCP") for port in container["ports"]]
    return container


def pod_spec(spec: Map) -> Map:
    """A pod's spec with its defaults."""
    spec = _set(spec, restartPolicy="Always", dnsPolicy="ClusterFirst", schedulerName="default-scheduler",
                terminationGracePeriodSeconds=30, securityContext={})  # fmt: skip
    for name in ("containers", "initContainers"):
        if spec.get(name):
            spec[name] = [_container(one) for one in spec[name]]
    if spec.get("serviceAccountName"):
        spec.setdefault("serviceAccount", spec["serviceAccountName"])
    return spec


def _templated(found: Map, **defaults: Any) -> Map:
    spec = _set(found.get("spec") or {}, **defaults)
    template = spec.get("template") or {}
    metadata = {"creationTimestamp": None, **(template.get("metadata") or {})}
    spec["template"] = {**template, "metadata": metadata, "spec": pod_spec(template.get("spec") or {})}
    return {**found, "spec": spec}


def _deployment(found: Map) -> Map:
    found = _templated(found, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = _set(found["spec"].get("strategy") or {}, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = _set(strategy.get("rollingUpdate") or {}, maxUnavailable="25%", maxSurge="25%")
    found["spec"]["strategy"] = strategy
    return found


def _daemonset(found: Map) -> Map:
    found = _templated(found, revisionHistoryLimit=10)
    strategy = _set(found["spec"].get("updateStrategy") or {}, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = _set(strategy.get("rollingUpdate") or {}, maxUnavailable=1, maxSurge=0)
    found["spec"]["updateStrategy"] = strategy
    return found


def _job(found: Map) -> Map:
    found = _templated(found, parallelism=1, completions=1, backoffLimit=6, completionMode="NonIndexed", suspend=False)
    spec, uid = found["spec"], found["metadata"].get("uid", "")
    if not spec.get("selector"):
        spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
        labels = {"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": found["metadata"]["name"],
                  "controller-uid": uid, "job-name": found["metadata"]["name"]}  # fmt: skip
        template = spec["template"]
        template["metadata"] = {
            **template["metadata"],
            "labels": {**(template["metadata"].get("labels") or {}), **labels},
        }
    return found


def _namespace(found: Map) -> Map:
    metadata = found["metadata"]
    labels = {"kubernetes.io/metadata.name": metadata["name"], **(metadata.get("labels") or {})}
    return {
        **found,
        "metadata": {**metadata, "labels": labels},
        "spec": _set(found.get("spec") or {}, finalizers=["kubernetes"]),
        "status": {"phase": "Active", **(found.get("status") or {})},
    }


def _secret(found: Map) -> Map:
    found = _set(found, type="Opaque")
    plain = found.pop("stringData", None)
    if plain:
        encoded = {key: base64.b64encode(str(value).encode()).decode() for key, value in plain.items()}
        found["data"] = {**(found.get("data") or {}), **encoded}
    return found


def _role_binding(found: Map) -> Map:
    group = "rbac.authorization.k8s.io"
    subjects = [
        _set(one, **({"apiGroup": group} if one.get("kind") in ("User", "Group") else {}))
        for one in found.get("subjects") or ()
    ]
    return {**found, "subjects": subjects, "roleRef": _set(found.get("roleRef") or {}, apiGroup=group)}


_KINDS: Mapping[str, Callable[[Map], Map]] = {
    "Pod": lambda found: {**found, "spec": pod_spec(found.get("spec") or {})},
    "Deployment": _deployment,
    "DaemonSet": _daemonset,
    "StatefulSet": lambda found: _templated(
        found, replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady",
        updateStrategy={"type": "RollingUpdate"}),
    "ReplicaSet": lambda found: _templated(found, replicas=1),
    "Job": _job,
    "Namespace": _namespace,
    "Secret": _secret,
    "RoleBinding": _role_binding,
    "ClusterRoleBinding": _role_binding,
}  # fmt: skip
