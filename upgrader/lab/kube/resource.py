"""The resources that the lab's API servers know: names, kinds, subresources. Shared by all clusters."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
QUESTION = ("create",)


class Printed(Struct, frozen=True):
    """A column that a CustomResourceDefinition asks for."""

    name: str
    path: str
    kind: str = "string"
    priority: int = 0


class Resource(Struct, frozen=True, kw_only=True):
    """One resource of one API group and version. `stored` names another group whose objects it shows (Events);
    `custom` marks those that a CustomResourceDefinition brought.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    in_all: bool = False
    verbs: tuple[str, ...] = VERBS
    stored: str | None = None
    custom: bool = False
    printed: tuple[Printed, ...] = ()

    @property
    def api_version(self) -> str:
        """`v1` or `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def singular(self) -> str:
        """`service` for `services`."""
        return self.kind.lower()

    @property
    def qualified(self) -> str:
        """`services` or `deployments.apps`: how messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def key(self) -> tuple[str, str]:
        """Where its objects are stored: versions of one group share them."""
        return (self.group if self.stored is None else self.stored, self.plural)


def _core(
    plural: str, kind: str, *short: str, subs: str = "", namespaced: bool = True, in_all: bool = False
) -> Resource:
    return Resource(
        group="", version="v1", plural=plural, kind=kind, short_names=short, subresources=tuple(subs.split()),
        namespaced=namespaced, in_all=in_all,
    )  # fmt: skip


def _of(group: str, version: str, plural: str, kind: str, *short: str, subs: str = "", namespaced: bool = True,
        in_all: bool = False) -> Resource:  # fmt: skip
    return Resource(
        group=group, version=version, plural=plural, kind=kind, short_names=short, subresources=tuple(subs.split()),
        namespaced=namespaced, in_all=in_all,
    )  # fmt: skip


RBAC = "rbac.authorization.k8s.io"
AUTHORIZATION = "authorization.k8s.io"

RUN_IN_PODS = ("exec", "attach", "portforward", "ephemeralcontainers")
"""Subresources of pods that run something in them: known, and refused with a clear word."""

RESOURCES: tuple[Resource, ...] = (
    _core("configmaps", "ConfigMap", "cm"),
    _core("endpoints", "Endpoints", "ep"),
    _core("events", "Event", "ev"),
    _core("limitranges", "LimitRange", "limits"),
    _core("namespaces", "Namespace", "ns", subs="status finalize", namespaced=False),
    _core("nodes", "Node", "no", subs="status", namespaced=False),
    _core("persistentvolumeclaims", "PersistentVolumeClaim", "pvc", subs="status"),
    _core("persistentvolumes", "PersistentVolume", "pv", subs="status", namespaced=False),
    _core("pods", "Pod", "po", subs=f"status log eviction binding {' '.join(RUN_IN_PODS)}", in_all=True),
    _core("replicationcontrollers", "ReplicationController", "rc", subs="status scale", in_all=True),
    _core("resourcequotas", "ResourceQuota", "quota", subs="status"),
    _core("secrets", "Secret"),
    _core("serviceaccounts", "ServiceAccount", "sa", subs="token"),
    _core("services", "Service", "svc", subs="status", in_all=True),
    _of("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", "crd", "crds",
        subs="status", namespaced=False),
    _of("apps", "v1", "controllerrevisions", "ControllerRevision"),
    _of("apps", "v1", "daemonsets", "DaemonSet", "ds", subs="status", in_all=True),
    _of("apps", "v1", "deployments", "Deployment", "deploy", subs="status scale", in_all=True),
    _of("apps", "v1", "replicasets", "ReplicaSet", "rs", subs="status scale", in_all=True),
    _of("apps", "v1", "statefulsets", "StatefulSet", "sts", subs="status scale", in_all=True),
    Resource(group=AUTHORIZATION, version="v1", plural="localsubjectaccessreviews", kind="LocalSubjectAccessReview",
             verbs=QUESTION),
    Resource(group=AUTHORIZATION, version="v1", plural="selfsubjectaccessreviews", kind="SelfSubjectAccessReview",
             namespaced=False, verbs=QUESTION),
    Resource(group=AUTHORIZATION, version="v1", plural="selfsubjectrulesreviews", kind="SelfSubjectRulesReview",
             namespaced=False, verbs=QUESTION),
    Resource(group=AUTHORIZATION, version="v1", plural="subjectaccessreviews", kind="SubjectAccessReview",
             namespaced=False, verbs=QUESTION),
    Resource(group="authentication.k8s.io", version="v1", plural="selfsubjectreviews", kind="SelfSubjectReview",
             namespaced=False, verbs=QUESTION),
    _of("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", "hpa", subs="status", in_all=True),
    Resource(group="autoscaling", version="v1", plural="horizontalpodautoscalers", kind="HorizontalPodAutoscaler",
             short_names=("hpa",), subresources=("status",), stored="autoscaling"),
    _of("batch", "v1", "cronjobs", "CronJob", "cj", subs="status", in_all=True),
    _of("batch", "v1", "jobs", "Job", subs="status", in_all=True),
    _of("coordination.k8s.io", "v1", "leases", "Lease"),
    _of("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
    Resource(group="events.k8s.io", version="v1", plural="events", kind="Event", short_names=("ev",), stored=""),
    _of("networking.k8s.io", "v1", "ingressclasses", "IngressClass", namespaced=False),
    _of("networking.k8s.io", "v1", "ingresses", "Ingress", "ing", subs="status"),
    _of("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", "netpol"),
    _of("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", "pdb", subs="status"),
    _of(RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False),
    _of(RBAC, "v1", "clusterroles", "ClusterRole", namespaced=False),
    _of(RBAC, "v1", "rolebindings", "RoleBinding"),
    _of(RBAC, "v1", "roles", "Role"),
    _of("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", "pc", namespaced=False),
    _of("storage.k8s.io", "v1", "storageclasses", "StorageClass", "sc", namespaced=False),
)  # fmt: skip

_BY_PATH = {(one.group, one.version, one.plural): one for one in RESOURCES}
_BY_KEY = {one.key: one for one in RESOURCES if one.stored is None}
_BY_KIND = {(one.api_version, one.kind): one for one in RESOURCES}


class Catalogue:
    """What one cluster serves: the shared resources and those of its CustomResourceDefinitions."""

    __slots__ = ("_own",)

    def __init__(self) -> None:
        self._own: dict[tuple[str, str, str], Resource] = {}

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """The resource of a path; None when the cluster has none."""
        return _BY_PATH.get((group, version, plural)) or self._own.get((group, version, plural))

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource of an object's apiVersion and kind."""
        known = _BY_KIND.get((api_version, kind))
        return known or next((r for r in self._own.values() if (r.api_version, r.kind) == (api_version, kind)), None)

    def all(self) -> tuple[Resource, ...]:
        """Every resource, the shared ones first."""
        return (*RESOURCES, *self._own.values())

    def named(self, plural: str) -> Resource | None:
        """A resource of the core group by its name alone."""
        return self.find("", "v1", plural)

    def stored_at(self, key: tuple[str, str]) -> Resource | None:
        """The resource whose objects are kept under a key; None when the cluster has none."""
        return _BY_KEY.get(key) or next((one for one in self._own.values() if one.key == key), None)

    @property
    def own(self) -> tuple[Resource, ...]:
        """The resources that CustomResourceDefinitions brought."""
        return tuple(self._own.values())

    def replace_own(self, found: Iterable[Resource]) -> None:
        """Serve exactly these beside the shared ones."""
        self._own = {(one.group, one.version, one.plural): one for one in found}


def by_key(key: tuple[str, str]) -> Resource:
    """The shared resource whose objects are stored under `key`."""
    return _BY_KEY[key]


def shared(plural: str, group: str = "") -> Resource:
    """A shared resource by its names: `shared("leases", "coordination.k8s.io")`."""
    return _BY_KEY[(group, plural)]
