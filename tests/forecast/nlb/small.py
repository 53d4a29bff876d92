"""One small NLB Service and its NLB, to try a rule on."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from upgrader.forecast import World
from upgrader.forecast.hash import HASH_LABEL, service_hash
from upgrader.forecast.service import forecast_service
from upgrader.forecast.world import default_name
from upgrader.matrix.load import load_matrix
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG, Listener, LoadBalancer, ServerGroup
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity
from upgrader.model.forecast import ServiceForecast
from upgrader.model.kube import (
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
    Metadata,
    Service,
    ServicePort,
    ServiceSpec,
    TargetRef,
)
from upgrader.model.version import parse_version

NLB = "alibabacloud.com/nlb"
NOTE = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
DESCRIPTION = "k8s.80.TCP.web.prod.c1"


def a_group(name: str, node_port: int) -> ServerGroup:
    """A group of the Service, for one of its node ports."""
    return ServerGroup(
        id=name, name=f"k8s.{node_port}.TCP.web.prod.c1", attributes={"ServerGroupType": "Instance"},
        tags={OWNER_TAG: default_name(a_service()), CLUSTER_TAG: "c1"},
    )  # fmt: skip


def a_listener(group: str, **fields: Any) -> Listener:
    """The listener of port 80."""
    listener = Listener(
        id="lsn-1@80", port=80, protocol="TCP", status="Running", server_group_id=group, description=DESCRIPTION
    )
    return replace(listener, **fields)


def a_service(*, notes: dict[str, str] | None = None) -> Service:
    """prod/web with one port, `notes` as annotations by their short names."""
    metadata = Metadata(
        name="web", namespace="prod", uid="cc9ce2d4-9d38-4a3a-9d49-b1b4e9a4a8d1",
        finalizers=("service.k8s.alibaba/nlb",),
        annotations={NOTE + key: text for key, text in {"zone-maps": "z1:vsw-1,z2:vsw-2", **(notes or {})}.items()},
    )  # fmt: skip
    port = ServicePort(port=80, node_port=30080, protocol="TCP", target_port=8080)
    spec = ServiceSpec(type="LoadBalancer", ports=(port,), load_balancer_class=NLB, external_traffic_policy="Cluster")
    return Service(metadata=metadata, spec=spec)


def a_slice(**conditions: Any) -> EndpointSlice:
    """The Service's only endpoint, on node n1, with a pod behind it."""
    aim = TargetRef(kind="Pod", name="web-1", namespace="prod")
    end = Endpoint(addresses=("10.0.0.1",), node_name="n1", target_ref=aim, conditions=EndpointConditions(**conditions))
    metadata = Metadata(name="web-1", namespace="prod", labels={"kubernetes.io/service-name": "web"})
    return EndpointSlice(metadata=metadata, endpoints=(end,), ports=(EndpointPort(name="", port=8080),))


def facts_of(
    version: str,
    listeners: tuple[Listener, ...] | None,
    groups: tuple[ServerGroup, ...],
    *,
    notes: dict[str, str] | None = None,
) -> ClusterFacts:
    """The Service with its NLB; the hash is the version's own, unless there are `notes`. No `listeners`: no NLB."""
    target = parse_version(version)
    label = {HASH_LABEL: service_hash(a_service(), target) or ""}
    service = a_service(notes=notes)
    service = replace(service, metadata=replace(service.metadata, labels=label))
    lb = LoadBalancer(
        kind="nlb", id="nlb-1", name="x", tags={OWNER_TAG: default_name(service), CLUSTER_TAG: "c1"},
        listeners=listeners or (), server_groups=groups, attributes={"ZoneMappings": "z1:vsw-1,z2:vsw-2"},
    )  # fmt: skip
    return ClusterFacts(
        identity=ClusterIdentity(), ccm=CcmInstall(cluster_id="c1"), services=(service,),
        load_balancers=() if listeners is None else (lb,),
    )  # fmt: skip


def told(
    version: str,
    listeners: tuple[Listener, ...] | None,
    groups: tuple[ServerGroup, ...],
    *,
    notes: dict[str, str] | None = None,
) -> ServiceForecast:
    """What the version does to `facts_of` the same."""
    facts = facts_of(version, listeners, groups, notes=notes)
    return forecast_service(World.of(facts, parse_version(version), load_matrix()), facts.services[0])
