"""ClusterFacts: everything that judgement may rest on, read once, immutable, serialisable, free of secrets."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from upgrader.model.cloud import LoadBalancer, NetworkInterface, SecurityGroup, ServerGroup
from upgrader.model.kube import Endpoints, EndpointSlice, Event, Node, Pod, Service

ClusterKind = Literal["managed", "dedicated", "self-managed"]
Network = Literal["flannel", "terway"]
Origin = Literal["live", "files", "lab"]

FACTS_SCHEMA = 1


class FactStruct(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the facts: frozen, keyword-only, defaults are not written."""


class Gap(FactStruct, frozen=True):
    """Something that could not be read. A fact that lies behind a gap is unknown, never absent.

    `area` names the facts it hides: `services`, `endpoints`, `nodes`, `pods`, `events`, `ccm`, `rbac`, `identity`,
    `clb`, `nlb`, `eni`, `vpc`, `ram`, `addon`, `security-groups`; `subject` narrows it to one object (a load
    balancer's id, `namespace/name`).
    """

    area: str
    call: str
    why: Literal["denied", "absent", "timed-out", "failed", "not-asked", "unreadable"]
    subject: str = ""
    detail: str = ""


class ClusterIdentity(FactStruct, frozen=True, omit_defaults=False):
    """Which cluster this is. Empty text and None mean unknown. `said` names the fields that the user stated."""

    id: str = ""
    name: str = ""
    region: str = ""
    kind: ClusterKind | None = None
    kubernetes: str = ""
    network: Network | None = None
    vpc_id: str = ""
    vpc_cidrs: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


class WorkloadRef(FactStruct, frozen=True):
    """The workload that runs CCM; `container` is the name of the container to change."""

    kind: Literal["DaemonSet", "Deployment", "StaticPod", "Pod"]
    namespace: str
    name: str
    container: str = ""


class Disagreement(FactStruct, frozen=True):
    """Two sources that name the same fact differently; both are kept."""

    fact: str
    values: dict[str, str]


class CcmInstall(FactStruct, frozen=True):
    """How CCM runs here.

    `managed_by`: `ack` (an add-on that ACK upgrades), `helm`, `gitops` or `manifest` (a plain workload);
    None is unknown. `version` is the text of the running version, empty when unknown. `cluster_id` is CCM's own
    (cloud-config `clusterID`; it goes into names and tags), `leader` the Lease holder, `force_eni` the text of its
    variable SERVICE_FORCE_BACKEND_ENI.
    """

    version: str = ""
    image: str = ""
    managed_by: Literal["ack", "helm", "gitops", "manifest"] | None = None
    workload: WorkloadRef | None = None
    args: tuple[str, ...] = ()
    cloud_config: dict[str, str] = {}
    cluster_id: str = ""
    force_eni: str = ""
    leader: str = ""
    ready: int = 0
    desired: int = 0
    addon_version: str = ""
    addon_next: tuple[str, ...] = ()
    addon_state: str = ""
    addon_config: str = ""
    rbac_rules: tuple[dict[str, tuple[str, ...]], ...] | None = None
    workload_digest: str = ""
    service_account: str = ""
    disagreements: tuple[Disagreement, ...] = ()


class RamPolicy(FactStruct, frozen=True):
    """A RAM policy attached to the role, with the document of its default version.

    `versions` are the ids of all its versions, oldest first; a custom policy may have five.
    """

    name: str
    type: Literal["Custom", "System"]
    default_version: str
    document: dict[str, Any]
    versions: tuple[str, ...] = ()


class RamFacts(FactStruct, frozen=True):
    """The role that CCM calls the cloud with; `policies` is None when its documents could not be read."""

    role: str = ""
    policies: tuple[RamPolicy, ...] | None = None


class ClusterFacts(FactStruct, frozen=True):
    """One cluster at one moment. The same world gives the same bytes but for `taken_at` and the volatile fields.

    `load_balancers` is None when the cloud was not read at all. `orphan_groups` are NLB server groups with CCM's
    tags whose load balancer is not there. `unreadable` lists input objects that could not be decoded (name → why).
    """

    identity: ClusterIdentity
    ccm: CcmInstall
    services: tuple[Service, ...] = ()
    endpoint_slices: tuple[EndpointSlice, ...] = ()
    endpoints: tuple[Endpoints, ...] = ()
    nodes: tuple[Node, ...] = ()
    pods: tuple[Pod, ...] = ()
    events: tuple[Event, ...] = ()
    load_balancers: tuple[LoadBalancer, ...] | None = None
    orphan_groups: tuple[ServerGroup, ...] = ()
    security_groups: tuple[SecurityGroup, ...] | None = None
    network_interfaces: tuple[NetworkInterface, ...] | None = None
    ram: RamFacts = RamFacts()
    gaps: tuple[Gap, ...] = ()
    unreadable: dict[str, str] = {}
    node_port_range: tuple[int, int] | None = None
    local_port_range: tuple[int, int] | None = None
    origin: Origin = "live"
    taken_at: str = ""
    schema: int = FACTS_SCHEMA

    @property
    def unreadable_count(self) -> int:
        """How many input objects could not be decoded; `unreadable` names only the first, and counts the rest."""
        rest = self.unreadable.get("…", "")
        return len(self.unreadable) if not rest else len(self.unreadable) - 1 + int(rest.partition(" ")[0])

    @property
    def load_balancer_services(self) -> tuple[Service, ...]:
        """The Services of type LoadBalancer, in the order of the snapshot."""
        return tuple([s for s in self.services if s.spec.type == "LoadBalancer"])

    @property
    def own_load_balancers(self) -> tuple[LoadBalancer, ...]:
        """Those that concern this cluster: read in full, or meant to be. The others of the region were only listed."""
        unread = {gap.subject for gap in self.gaps}
        return tuple([lb for lb in self.load_balancers or () if lb.detailed or lb.id in unread])

    def has_gap(self, area: str, subject: str = "") -> bool:
        """True when a gap hides `area`, as a whole or for `subject`."""
        return any(g.area == area and g.subject in ("", subject) for g in self.gaps)
