"""A Table of objects: rows with the columns of their kind."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from upgrader.lab.kube.resource import Resource
from upgrader.lab.kube.tables import network, others, pods, workloads
from upgrader.lab.kube.tables.columns import Columns
from upgrader.lab.kube.tables.custom import custom_columns

_META = "meta.k8s.io/v1"
_KINDS: dict[str, Columns] = {
    "Pod": pods.PODS, "Node": pods.NODES,
    "Service": network.SERVICES, "Endpoints": network.ENDPOINTS, "EndpointSlice": network.SLICES,
    "Ingress": network.INGRESSES, "NetworkPolicy": network.POLICIES, "IngressClass": network.INGRESS_CLASSES,
    "Deployment": workloads.DEPLOYMENTS, "DaemonSet": workloads.DAEMONSETS, "ReplicaSet": workloads.REPLICASETS,
    "StatefulSet": workloads.STATEFULSETS, "Job": workloads.JOBS, "CronJob": workloads.CRONJOBS,
    "ControllerRevision": workloads.REVISIONS, "Event": others.EVENTS, "Namespace": others.NAMESPACES,
    "ConfigMap": others.CONFIGMAPS, "Secret": others.SECRETS, "ServiceAccount": others.ACCOUNTS,
    "Lease": others.LEASES, "Role": others.ROLES, "ClusterRole": others.ROLES, "RoleBinding": others.BINDINGS,
    "ClusterRoleBinding": others.BINDINGS, "CustomResourceDefinition": others.CRDS,
    "PodDisruptionBudget": others.BUDGETS, "PriorityClass": others.PRIORITIES, "ResourceQuota": others.QUOTAS,
    "HorizontalPodAutoscaler": others.SCALERS, "PersistentVolumeClaim": others.CLAIMS,
}  # fmt: skip


def table(
    found: Iterable[dict[str, Any]], resource: Resource, metadata: dict[str, Any], now: datetime, *, include: str
) -> dict[str, Any]:
    """The Table; `include` says how much of each object goes with its row: None, Metadata or Object."""
    columns = custom_columns(resource) if resource.custom else _KINDS.get(resource.kind, others.PLAIN)
    rows = [{"cells": columns.cells(one, now), "object": _included(one, resource, include)} for one in found]
    return {
        "kind": "Table", "apiVersion": _META, "metadata": metadata, "columnDefinitions": columns.definitions(),
        "rows": rows,
    }  # fmt: skip


def _included(found: dict[str, Any], resource: Resource, include: str) -> dict[str, Any] | None:
    if include == "None":
        return None
    if include == "Object":
        return {"kind": resource.kind, "apiVersion": resource.api_version, **found}
    return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": found["metadata"]}
