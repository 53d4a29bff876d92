"""What every cluster begins with: its namespaces, the `kubernetes` Service, the roles that are always there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upgrader.lab.kube.callers import ADMINS
from upgrader.lab.kube.objects import Objects
from upgrader.lab.kube.resource import RBAC, Resource, shared
from upgrader.lab.kube.store import Object

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
API_SERVER_IP = "192.168.0.10"
API_SERVICE_IP = "172.16.0.1"
_WRITES = ["create", "delete", "deletecollection", "patch", "update"]
_READS = ["get", "list", "watch"]
_EDITED = ["configmaps", "endpoints", "events", "persistentvolumeclaims", "pods", "pods/log", "pods/eviction",
           "replicationcontrollers", "secrets", "serviceaccounts", "services", "deployments", "deployments/scale",
           "daemonsets", "replicasets", "replicasets/scale", "statefulsets", "statefulsets/scale", "jobs", "cronjobs",
           "ingresses", "networkpolicies", "poddisruptionbudgets", "horizontalpodautoscalers", "leases",
           "endpointslices", "controllerrevisions", "limitranges", "resourcequotas"]  # fmt: skip
_GROUPS = ["", "apps", "batch", "networking.k8s.io", "policy", "autoscaling", "coordination.k8s.io",
           "discovery.k8s.io", "events.k8s.io"]  # fmt: skip
_ALL_RULES: list[Mapping[str, Any]] = [
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    {"verbs": ["*"], "nonResourceURLs": ["*"]},
]
_EDIT = {"verbs": [*_WRITES, *_READS], "apiGroups": _GROUPS, "resources": _EDITED}
_VIEW = {"verbs": _READS, "apiGroups": _GROUPS, "resources": [one for one in _EDITED if one != "secrets"]}
_SEE_NAMESPACES = {"verbs": _READS, "apiGroups": [""], "resources": ["namespaces"]}
_ROLES: Mapping[str, list[Mapping[str, Any]]] = {
    "cluster-admin": _ALL_RULES,
    "admin": [_EDIT, _SEE_NAMESPACES, {"verbs": [*_WRITES, *_READS], "apiGroups": [RBAC],
                                       "resources": ["roles", "rolebindings"]}],
    "edit": [_EDIT, _SEE_NAMESPACES],
    "view": [_VIEW, _SEE_NAMESPACES],
}  # fmt: skip
_DEFAULTED = {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}


def furnish(objects: Objects) -> None:
    """Put what is always there into a new cluster's store."""
    for name in NAMESPACES:
        labels = {"labels": {"kubernetes.io/metadata.name": name}}
        _put(objects, shared("namespaces"), "", name, {"spec": {"finalizers": ["kubernetes"]},
                                                      "status": {"phase": "Active"}}, labels)  # fmt: skip
        _put(objects, shared("serviceaccounts"), name, "default", {})
    for name, rules in _ROLES.items():
        _put(objects, shared("clusterroles", RBAC), "", name, {"rules": rules}, _DEFAULTED)
    reference = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"}
    subjects = [{"apiGroup": RBAC, "kind": "Group", "name": ADMINS}]
    bound = {"roleRef": reference, "subjects": subjects}
    _put(objects, shared("clusterrolebindings", RBAC), "", "cluster-admin", bound, _DEFAULTED)
    _api_service(objects)


def _api_service(objects: Objects) -> None:
    labels = {"labels": {"component": "apiserver", "provider": "kubernetes"}}
    port = {"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}
    spec = {"clusterIP": API_SERVICE_IP, "clusterIPs": [API_SERVICE_IP], "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "ports": [port], "sessionAffinity": "None",
            "type": "ClusterIP"}  # fmt: skip
    _put(objects, shared("services"), "default", "kubernetes", {"spec": spec, "status": {"loadBalancer": {}}}, labels)
    open_port = {"name": "https", "port": 6443, "protocol": "TCP"}
    subset = {"addresses": [{"ip": API_SERVER_IP}], "ports": [open_port]}
    mirrored = {"labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}}
    _put(objects, shared("endpoints"), "default", "kubernetes", {"subsets": [subset]}, mirrored)
    endpoint = {"addresses": [API_SERVER_IP], "conditions": {"ready": True}}
    found = {"addressType": "IPv4", "endpoints": [endpoint], "ports": [open_port]}
    named = {"labels": {"kubernetes.io/service-name": "kubernetes"}}
    _put(objects, shared("endpointslices", "discovery.k8s.io"), "default", "kubernetes", found, named)


def _put(
    objects: Objects, resource: Resource, namespace: str, name: str, found: Object, metadata: Object | None = None
) -> None:
    home = {"namespace": namespace} if namespace else {}
    born = {"uid": objects.store.new_uid(), "creationTimestamp": objects.now()}
    objects.store.put(resource.key, {"metadata": {"name": name, **home, **born, **(metadata or {})}, **found})
