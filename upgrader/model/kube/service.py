"""core/v1 Service.

`ServiceSpec` holds every field of core/v1 that some CCM's client library knows, because the hash formulas up to v2.6.0
cover the whole spec.
"""

from __future__ import annotations

from msgspec import field

from upgrader.model.kube.meta import KubeStruct, Metadata, PortNumber


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
