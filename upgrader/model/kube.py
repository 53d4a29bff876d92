"""Kubernetes objects as CCM sees them, in Kubernetes' own JSON shape (camelCase).

One type serves live lists, kubectl dumps and our snapshots: unknown fields are dropped on decode. `ServiceSpec`
holds every field of core/v1 that some CCM's client library knows, because the hash formulas up to v2.6.0 cover
the whole spec.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field

from upgrader.model.moments import by_servers_clock, to_the_second

PortNumber = Annotated[int, Meta(ge=0, le=65535)]


class KubeStruct(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False):
    """Base of all Kubernetes shapes: absent and default are the same, defaults are not written.

    Hidden from the garbage collector: trees of them hold no cycle, and walking a million of them costs seconds.
    """


class OwnerReference(KubeStruct, frozen=True):
    """Who owns an object."""

    kind: str = ""
    name: str = ""
    uid: str = ""


class Metadata(KubeStruct, frozen=True):
    """The part of ObjectMeta that decides anything."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    finalizers: tuple[str, ...] = ()
    owner_references: tuple[OwnerReference, ...] = ()
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None


class ServicePort(KubeStruct, frozen=True):
    """One port of a Service. `target_port` is a number or a name; None where it was not set."""

    name: str = ""
    protocol: str = ""
    app_protocol: str | None = None
    port: PortNumber = 0
    target_port: int | str | None = None
    node_port: PortNumber = 0


class ClientIpConfig(KubeStruct, frozen=True):
    """How long a client stays with its pod, in seconds."""

    timeout_seconds: int | None = None


class SessionAffinityConfig(KubeStruct, frozen=True):
    """spec.sessionAffinityConfig."""

    client_ip: ClientIpConfig | None = field(default=None, name="clientIP")


class ServiceSpec(KubeStruct, frozen=True):
    """core/v1 ServiceSpec; None means absent where absent and empty hash differently."""

    ports: tuple[ServicePort, ...] | None = None
    selector: dict[str, str] | None = None
    cluster_ip: str = field(default="", name="clusterIP")
    cluster_i_ps: tuple[str, ...] | None = field(default=None, name="clusterIPs")
    type: str = ""
    external_i_ps: tuple[str, ...] | None = field(default=None, name="externalIPs")
    session_affinity: str = ""
    load_balancer_ip: str = field(default="", name="loadBalancerIP")
    load_balancer_source_ranges: tuple[str, ...] | None = None
    external_name: str = ""
    external_traffic_policy: str = ""
    health_check_node_port: PortNumber = 0
    publish_not_ready_addresses: bool = False
    session_affinity_config: SessionAffinityConfig | None = None
    ip_family: str | None = None
    ip_families: tuple[str, ...] | None = None
    ip_family_policy: str | None = None
    topology_keys: tuple[str, ...] | None = None
    allocate_load_balancer_node_ports: bool | None = None
    load_balancer_class: str | None = None
    internal_traffic_policy: str | None = None
    traffic_distribution: str | None = None


class Ingress(KubeStruct, frozen=True):
    """One entry of status.loadBalancer.ingress."""

    ip: str = ""
    hostname: str = ""


class LoadBalancerStatus(KubeStruct, frozen=True):
    """status.loadBalancer."""

    ingress: tuple[Ingress, ...] = ()


class ServiceStatus(KubeStruct, frozen=True):
    """status of a Service."""

    load_balancer: LoadBalancerStatus = LoadBalancerStatus()


class Service(KubeStruct, frozen=True):
    """A Service, of any type."""

    metadata: Metadata = Metadata()
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()

    @property
    def key(self) -> str:
        """`namespace/name`, the name CCM's logs use."""
        return f"{self.metadata.namespace}/{self.metadata.name}"

    @property
    def is_load_balancer(self) -> bool:
        """True when spec.type is LoadBalancer."""
        return self.spec.type == "LoadBalancer"

    @property
    def is_local(self) -> bool:
        """True when externalTrafficPolicy is Local."""
        return self.spec.external_traffic_policy == "Local"

    @property
    def address(self) -> str:
        """The first ingress IP or hostname of the status; empty while pending."""
        ingress = self.status.load_balancer.ingress
        return (ingress[0].ip or ingress[0].hostname) if ingress else ""


class Taint(KubeStruct, frozen=True):
    """A node's taint."""

    key: str = ""
    value: str = ""
    effect: str = ""


class NodeSpec(KubeStruct, frozen=True):
    """The part of a Node's spec that decides whether it is a backend."""

    provider_id: str = field(default="", name="providerID")
    unschedulable: bool = False
    taints: tuple[Taint, ...] = ()
    pod_cidr: str = field(default="", name="podCIDR")
    pod_cid_rs: tuple[str, ...] = field(default=(), name="podCIDRs")


class NodeAddress(KubeStruct, frozen=True):
    """One address of a Node; `type` is InternalIP, ExternalIP or Hostname."""

    type: str = ""
    address: str = ""


class Condition(KubeStruct, frozen=True):
    """A status condition."""

    type: str = ""
    status: str = ""
    reason: str = ""


class NodeInfo(KubeStruct, frozen=True):
    """status.nodeInfo."""

    kubelet_version: str = ""
    kernel_version: str = ""
    os_image: str = ""


class NodeStatus(KubeStruct, frozen=True):
    """status of a Node."""

    addresses: tuple[NodeAddress, ...] = ()
    conditions: tuple[Condition, ...] = ()
    node_info: NodeInfo = NodeInfo()


class Node(KubeStruct, frozen=True):
    """A Node."""

    metadata: Metadata = Metadata()
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    @property
    def instance_id(self) -> str:
        """The ECS instance behind the node: the last part of `region.i-…` or `alicloud://region.i-…`."""
        return self.spec.provider_id.removeprefix("alicloud://").partition(".")[2]

    @property
    def internal_ip(self) -> str:
        """The first InternalIP; empty when the node has none."""
        return next((a.address for a in self.status.addresses if a.type == "InternalIP"), "")


class TargetRef(KubeStruct, frozen=True):
    """What an endpoint points to."""

    kind: str = ""
    name: str = ""
    namespace: str = ""


class EndpointConditions(KubeStruct, frozen=True):
    """Conditions of one endpoint; None means unknown, which Kubernetes reads as ready."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class Endpoint(KubeStruct, frozen=True):
    """One endpoint of an EndpointSlice."""

    addresses: tuple[str, ...] = ()
    conditions: EndpointConditions = EndpointConditions()
    node_name: str | None = None
    target_ref: TargetRef | None = None


class EndpointPort(KubeStruct, frozen=True):
    """A port of an EndpointSlice or of a subset of Endpoints."""

    name: str | None = None
    port: PortNumber | None = None
    protocol: str | None = None


class EndpointSlice(KubeStruct, frozen=True):
    """discovery.k8s.io/v1 EndpointSlice. Its Service is the label `kubernetes.io/service-name`."""

    metadata: Metadata = Metadata()
    address_type: str = "IPv4"
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[EndpointPort, ...] = ()

    @property
    def service_key(self) -> str:
        """`namespace/name` of the Service; the name part is empty where the label is missing."""
        return f"{self.metadata.namespace}/{self.metadata.labels.get('kubernetes.io/service-name', '')}"


class EndpointAddress(KubeStruct, frozen=True):
    """An address of core/v1 Endpoints."""

    ip: str = ""
    node_name: str | None = None
    target_ref: TargetRef | None = None


class EndpointSubset(KubeStruct, frozen=True):
    """A subset of core/v1 Endpoints."""

    addresses: tuple[EndpointAddress, ...] = ()
    not_ready_addresses: tuple[EndpointAddress, ...] = ()
    ports: tuple[EndpointPort, ...] = ()


class Endpoints(KubeStruct, frozen=True):
    """core/v1 Endpoints, what CCMs before v2.9.1 read. Named like its Service."""

    metadata: Metadata = Metadata()
    subsets: tuple[EndpointSubset, ...] = ()


class PodSpec(KubeStruct, frozen=True):
    """The part of a Pod's spec that CCM looks at."""

    node_name: str = ""
    readiness_gates: tuple[dict[str, str], ...] = ()


class PodStatus(KubeStruct, frozen=True):
    """The part of a Pod's status that CCM looks at."""

    phase: str = ""
    pod_ip: str = field(default="", name="podIP")
    conditions: tuple[Condition, ...] = ()


class Pod(KubeStruct, frozen=True):
    """A Pod."""

    metadata: Metadata = Metadata()
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class ObjectReference(KubeStruct, frozen=True):
    """What an Event is about."""

    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class EventSource(KubeStruct, frozen=True):
    """Who sent an Event."""

    component: str = ""
    host: str = ""


class Event(KubeStruct, frozen=True):
    """A core/v1 Event; `type` is Normal or Warning."""

    metadata: Metadata = Metadata()
    involved_object: ObjectReference = ObjectReference()
    source: EventSource = EventSource()
    reporting_component: str = ""
    type: str = ""
    reason: str = ""
    message: str = ""
    count: int | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None

    @property
    def last_seen(self) -> str:
        """When it was last seen, UTC, RFC 3339, by the API server's clock; empty where it does not say."""
        created, first, last = self.metadata.creation_timestamp, self.first_timestamp, self.last_timestamp
        if created and first and last:
            return by_servers_clock(created, first, last)
        return to_the_second(last or self.event_time or first or created or "")
