"""The cluster's half of the facts, read live."""

from __future__ import annotations

from typing import Any

from upgrader.discover.ask import Questions
from upgrader.model.errors import AbsentError
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity
from upgrader.ports.read import ClusterSurvey, Ref

_APPS = "apps/v1"
_RBAC = "rbac.authorization.k8s.io/v1"
_PLACE = "kube-system"
# Plain objects: where they are, and which facts are hidden when they can't be read.
_PLAIN = (
    ("ccm", Ref(api_version=_APPS, kind="DaemonSet")),
    ("ccm", Ref(api_version=_APPS, kind="Deployment")),
    ("ccm", Ref(api_version="v1", kind="Pod", namespace=_PLACE)),
    ("ccm-lease", Ref(api_version="coordination.k8s.io/v1", kind="Lease", namespace=_PLACE)),
    ("rbac", Ref(api_version=_RBAC, kind="ClusterRole")),
    ("rbac", Ref(api_version=_RBAC, kind="ClusterRoleBinding")),
)
_CLOUD_CONFIG = Ref(api_version="v1", kind="ConfigMap", namespace=_PLACE, name="cloud-config")
# Older CCMs keep the leader's lock in Endpoints, newer ones in a Lease: both are looked at.
_LOCK = Ref(api_version="v1", kind="Endpoints", namespace=_PLACE, name="ccm")
# The result of the vendor's own dry run, which is about no Service.
_PRECHECK = "metadata.name=CloudControllerManagerPrecheckResult"


def read_cluster(reader: ClusterSurvey, questions: Questions) -> tuple[ClusterFacts, list[dict[str, Any]]]:
    """What the cluster tells: facts with the typed lists, and the plain objects from which the rest is derived.

    The version is asked first and must be answered: a cluster that can't be reached at all is an error, not a gap.
    """
    version = reader.kubernetes_version()
    services = questions.ask("services", "list services", reader.services, ())
    slices = questions.ask("endpoints", "list endpointslices", reader.endpoint_slices, ())
    endpoints = questions.ask("endpoints-v1", "list endpoints", reader.endpoints, ())
    nodes = questions.ask("nodes", "list nodes", reader.nodes, ())
    pods = questions.ask("pods", "list pods", reader.pods, ())
    events = questions.ask("events", "list events", lambda: reader.events("", "involvedObject.kind=Service"), ())
    dry_runs = questions.ask("precheck", "list events", lambda: reader.events(_PLACE, _PRECHECK), ())
    plain = [_listed(reader, questions, area, ref) for area, ref in _PLAIN]
    objects = [found for future in plain for found in future.result()]
    objects += _optional(reader, questions, "cloud-config", _CLOUD_CONFIG)
    objects += _optional(reader, questions, "ccm-lease", _LOCK)
    facts = ClusterFacts(
        identity=ClusterIdentity(kubernetes=version),
        ccm=CcmInstall(),
        services=_sorted(services.result()),
        endpoint_slices=_sorted(slices.result()),
        endpoints=_sorted(endpoints.result()),
        nodes=_sorted(nodes.result()),
        pods=_sorted(pods.result()),
        events=_sorted((*events.result(), *dry_runs.result())),
        unreadable=dict(sorted(reader.unreadable.told().items())),
    )
    return facts, objects


def _listed(reader: ClusterSurvey, questions: Questions, area: str, ref: Ref) -> Any:
    return questions.ask(area, f"list {ref.kind.lower()}s", lambda: reader.list(ref), ())


def _optional(reader: ClusterSurvey, questions: Questions, area: str, ref: Ref) -> list[dict[str, Any]]:
    """The object, if it is there: that it is not is no gap."""

    def look() -> list[dict[str, Any]]:
        try:
            return [{"kind": ref.kind, "apiVersion": ref.api_version, **reader.get(ref)}]
        except AbsentError:
            return []

    return questions.now(area, f"get {ref.kind.lower()} {ref.namespace}/{ref.name}", look, [])


def _sorted(objects: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(sorted(objects, key=lambda o: (o.metadata.namespace, o.metadata.name)))
