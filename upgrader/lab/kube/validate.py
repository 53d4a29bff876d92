"""What the API server refuses to store: each kind's rules, put together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from upgrader.lab.kube.resource import Resource
from upgrader.lab.kube.rules.metadata import metadata_causes
from upgrader.lab.kube.rules.service import service_causes
from upgrader.lab.kube.rules.words import REQUIRED, Cause, config_key, quoted, wrong
from upgrader.lab.kube.rules.workloads import WORKLOADS, pod_causes, pod_update_causes, workload_causes
from upgrader.lab.kube.status import invalid

Map = dict[str, Any]


def check(found: Map, before: Map | None, resource: Resource) -> None:
    """Refuse an object that breaks rules, naming every field."""
    causes = list(_causes(found, before, resource.kind))
    if causes:
        raise invalid(resource, found["metadata"].get("name", ""), *causes)


def _causes(found: Map, before: Map | None, kind: str) -> Iterator[Cause]:
    yield from metadata_causes(found, before, kind)
    if kind == "Service":
        yield from service_causes(found, before)
    elif kind in (*WORKLOADS, "Job"):
        yield from workload_causes(found, before, kind)
    elif kind == "Pod":
        yield from pod_causes(found.get("spec") or {}, "spec")
        if before is not None:
            yield from pod_update_causes(found.get("spec") or {}, before.get("spec") or {})
    elif kind in ("ConfigMap", "Secret"):
        yield from _data(found, before, kind)
    elif kind in ("RoleBinding", "ClusterRoleBinding"):
        yield from _binding(found, before)
    elif kind == "Lease":
        yield from _lease(found.get("spec") or {})


def _data(found: Map, before: Map | None, kind: str) -> Iterator[Cause]:
    for key in found.get("data") or ():
        if why := config_key(key):
            yield f"data[{key}]", wrong(key, why)
    if before is None:
        return
    if before.get("immutable"):
        if not found.get("immutable"):
            yield "immutable", "Forbidden: field is immutable when `immutable` is set"
        if found.get("data") != before.get("data"):
            yield "data", "Forbidden: field is immutable when `immutable` is set"
    if kind == "Secret" and found.get("type") != before.get("type"):
        yield "type", wrong(found.get("type"), "field is immutable")


def _binding(found: Map, before: Map | None) -> Iterator[Cause]:
    role = found.get("roleRef") or {}
    if before is not None and before.get("roleRef") != role:
        shown = ", ".join(f"{field}:{quoted(role.get(name, ''))}" for field, name in
                          (("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name")))  # fmt: skip
        yield "roleRef", f"Invalid value: rbac.RoleRef{{{shown}}}: cannot change roleRef"
    if not role.get("name"):
        yield "roleRef.name", REQUIRED
    for place, subject in enumerate(found.get("subjects") or ()):
        if subject.get("kind") == "ServiceAccount" and not subject.get("namespace"):
            yield f"subjects[{place}].namespace", REQUIRED


def _lease(spec: Map) -> Iterator[Cause]:
    seconds = spec.get("leaseDurationSeconds")
    if isinstance(seconds, int) and seconds <= 0:
        yield "spec.leaseDurationSeconds", wrong(seconds, "must be greater than 0")
    transitions = spec.get("leaseTransitions")
    if isinstance(transitions, int) and transitions < 0:
        yield "spec.leaseTransitions", wrong(transitions, "must be greater than or equal to 0")
