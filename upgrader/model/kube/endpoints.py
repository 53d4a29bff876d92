"""EndpointSlices, and the Endpoints that CCMs before v2.9.1 read."""

from __future__ import annotations

from upgrader.model.kube.meta import KubeStruct, Metadata, PortNumber


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
