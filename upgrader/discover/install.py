"""Who runs CCM, as which version and with which arguments: from plain workload objects. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from upgrader import codec
from upgrader.model.facts import CcmInstall, Disagreement, Network, WorkloadRef
from upgrader.model.version import version_of_image
from upgrader.redact import REDACTED, redacted_args, redacted_text

Object = Mapping[str, Any]

_IMAGE = re.compile(r"/cloud-controller-manager(-amd64)?(:|@|$)")
_SECRET_KEYS = re.compile(r"(?i)secret|access[_-]?key|token|password|credential")
_LOCK_ANNOTATION = "control-plane.alpha.kubernetes.io/leader"
LEASE_NAMES = ("ccm", "cloud-controller-manager")


def find_install(objects: Iterable[Object]) -> CcmInstall:
    """How CCM runs, from DaemonSets, Deployments, Pods, ConfigMaps, Leases and ClusterRoles among `objects`.

    Everything unknown stays empty. Where several workloads run CCM with different images, both are kept as a
    disagreement, and the one with ready pods is taken.
    """
    by_kind: dict[str, list[Object]] = {}
    for found in objects:
        by_kind.setdefault(str(found.get("kind", "")), []).append(found)
    workloads = [w for kind in ("DaemonSet", "Deployment") for w in by_kind.get(kind, ()) if _container(w) is not None]
    pods = [p for p in by_kind.get("Pod", ()) if _container(p) is not None and not _is_dry_run(p)]
    config = _cloud_config(by_kind.get("ConfigMap", ()))
    base: dict[str, Any] = {
        "cloud_config": config,
        "cluster_id": config.get("clusterID", ""),
        "leader": _leader(by_kind.get("Lease", ()), by_kind.get("Endpoints", ())),
        "rbac_rules": _rules(by_kind),
    }
    chosen = max(workloads, key=_ready, default=None) or next(iter(pods), None)
    if chosen is None:
        return CcmInstall(**base)
    container = _container(chosen)
    assert container is not None
    image = str(container.get("image", ""))
    version = version_of_image(image)
    return CcmInstall(
        version=str(version) if version else "",
        image=image,
        managed_by=_owner(chosen),
        workload=_ref(chosen, str(container.get("name", ""))),
        args=redacted_args([*map(str, container.get("command") or ()), *map(str, container.get("args") or ())]),
        force_eni=_variable(container, "SERVICE_FORCE_BACKEND_ENI"),
        service_account=str(_pod_spec(chosen).get("serviceAccountName", "")),
        ready=_ready(chosen),
        desired=_desired(chosen),
        workload_digest=codec.digest({"template": _template(chosen)}),
        disagreements=_disagreements([*workloads, *pods]),
        **base,
    )


def find_network(objects: Iterable[Object]) -> Network | None:
    """The network plug-in, by the DaemonSet that brings it."""
    for found in objects:
        if found.get("kind") == "DaemonSet":
            name = str(_metadata(found).get("name", ""))
            if "terway" in name:
                return "terway"
            if "flannel" in name:
                return "flannel"
    return None


def _metadata(found: Object) -> Mapping[str, Any]:
    return found.get("metadata") or {}


def _template(found: Object) -> Mapping[str, Any]:
    spec = found.get("spec") or {}
    return spec.get("template") or {"spec": spec}


def _pod_spec(found: Object) -> Mapping[str, Any]:
    return _template(found).get("spec") or {}


def _container(found: Object) -> Mapping[str, Any] | None:
    for container in _pod_spec(found).get("containers") or ():
        if _IMAGE.search(str(container.get("image", ""))):
            return container  # type: ignore[no-any-return]
    return None


def _is_dry_run(pod: Object) -> bool:
    """Whether a pod only looks at what a CCM would do (`--dry-run`): it is not the CCM that runs here."""
    container = _container(pod) or {}
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    return any(str(word) in ("--dry-run", "--dry-run=true") for word in words)


def _ref(found: Object, container: str) -> WorkloadRef:
    metadata = _metadata(found)
    kind: Literal["DaemonSet", "Deployment", "StaticPod", "Pod"] = "Pod"
    if found.get("kind") in ("DaemonSet", "Deployment"):
        kind = "DaemonSet" if found["kind"] == "DaemonSet" else "Deployment"
    elif "kubernetes.io/config.mirror" in (metadata.get("annotations") or {}):
        kind = "StaticPod"
    return WorkloadRef(
        kind=kind, namespace=str(metadata.get("namespace", "")), name=str(metadata.get("name", "")), container=container
    )


def _owner(found: Object) -> Literal["ack", "helm", "gitops", "manifest"]:
    """Who changes the workload. An owner that reverts edits must be the one that upgrades."""
    metadata = _metadata(found)
    marks = {**(metadata.get("labels") or {}), **(metadata.get("annotations") or {})}
    if any(
        key.startswith(("argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/"))
        for key in marks
    ):
        return "gitops"
    if "meta.helm.sh/release-name" in marks or marks.get("app.kubernetes.io/managed-by") == "Helm":
        return "helm"
    if any("ack.aliyun.com" in key or "addon" in key.lower() for key in marks):
        return "ack"
    return "manifest"


def _ready(found: Object) -> int:
    status = found.get("status") or {}
    if found.get("kind") == "Pod":
        return int(any(c.get("type") == "Ready" and c.get("status") == "True" for c in status.get("conditions") or ()))
    return int(status.get("numberReady") or status.get("readyReplicas") or 0)


def _desired(found: Object) -> int:
    status, spec = found.get("status") or {}, found.get("spec") or {}
    return int(status.get("desiredNumberScheduled") or spec.get("replicas") or (1 if found.get("kind") == "Pod" else 0))


def _disagreements(found: list[Object]) -> tuple[Disagreement, ...]:
    images: dict[str, str] = {}
    for workload in found:
        container = _container(workload)
        assert container is not None
        images[f"{workload.get('kind')} {_metadata(workload).get('name')}"] = str(container.get("image", ""))
    return (Disagreement(fact="image", values=images),) if len(set(images.values())) > 1 else ()


def _cloud_config(found: Iterable[Object]) -> dict[str, str]:
    """The Global section of CCM's cloud-config, without its secrets."""
    for config in found:
        if _metadata(config).get("name") != "cloud-config":
            continue
        for text in (config.get("data") or {}).values():
            try:
                section = json.loads(text).get("Global") or {}
                return {k: _kept(k, v) for k, v in section.items() if not isinstance(v, dict | list)}
            except (ValueError, AttributeError, TypeError, RecursionError):
                continue
    return {}


def _variable(container: Object, name: str) -> str:
    """The text of an environment variable; empty where it has none, or takes it from elsewhere."""
    return next((str(one.get("value") or "") for one in container.get("env") or () if one.get("name") == name), "")


def _kept(key: str, value: object) -> str:
    return REDACTED if _SECRET_KEYS.search(key) else redacted_text(str(value))


def _leader(leases: Iterable[Object], endpoints: Iterable[Object]) -> str:
    """Who holds the leader's lock: a Lease, or the annotation on Endpoints that older versions write."""
    for lease in leases:
        if _metadata(lease).get("name") in LEASE_NAMES:
            return str((lease.get("spec") or {}).get("holderIdentity") or "")
    for lock in endpoints:
        if _metadata(lock).get("name") in LEASE_NAMES:
            try:
                record = json.loads((_metadata(lock).get("annotations") or {}).get(_LOCK_ANNOTATION) or "{}")
            except ValueError:
                continue
            return str(record.get("holderIdentity") or "") if isinstance(record, dict) else ""
    return ""


def _rules(by_kind: Mapping[str, list[Object]]) -> tuple[dict[str, tuple[str, ...]], ...] | None:
    """The rules of CCM's ClusterRole; None when no such role was read."""
    roles = [
        r for r in by_kind.get("ClusterRole", ()) if "cloud-controller-manager" in str(_metadata(r).get("name", ""))
    ]
    if not roles:
        return None
    return tuple(
        {key: tuple(map(str, values)) for key, values in rule.items() if isinstance(values, list)}
        for role in roles
        for rule in role.get("rules") or ()
    )
