"""One small CLB Service and its CLB, to try a rule on."""

from __future__ import annotations

from typing import Any

from upgrader.forecast import forecast
from upgrader.matrix.load import load_matrix
from upgrader.model.cloud import Backend, Listener, LoadBalancer, ServerGroup
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity
from upgrader.model.forecast import ServiceForecast
from upgrader.model.kube import (
    Condition,
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
    Metadata,
    Node,
    NodeSpec,
    NodeStatus,
    Service,
    ServicePort,
    ServiceSpec,
)
from upgrader.model.version import parse_version

NOTE = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
NAME = "acc9ce2d49d384a3a9d49b1b4e9a4a8d"
GROUP = "k8s/30080/web/prod/c1"
FINALIZER = "service.k8s.alibaba/resources"


def a_node(name: str, labels: dict[str, str] | None = None) -> Node:
    """A ready node that CCM can make a backend."""
    return Node(
        metadata=Metadata(name=name, labels=labels or {}),
        spec=NodeSpec(provider_id=f"cn-hangzhou.i-{name}"),
        status=NodeStatus(conditions=(Condition(type="Ready", status="True"),)),
    )


def a_service(notes: dict[str, str] | None = None, **spec: Any) -> Service:
    """prod/web with one port, `notes` as annotations by their short names."""
    port = ServicePort(port=80, node_port=30080, protocol="TCP", target_port=8080)
    found = {"type": "LoadBalancer", "ports": (port,), "external_traffic_policy": "Cluster", **spec}
    metadata = Metadata(
        name="web", namespace="prod", uid="cc9ce2d4-9d38-4a3a-9d49-b1b4e9a4a8d1", finalizers=(FINALIZER,),
        annotations={NOTE + key: value for key, value in (notes or {}).items()},
    )  # fmt: skip
    return Service(metadata=metadata, spec=ServiceSpec(**found))


def a_backend(server: str = "i-n1", weight: int = 100, description: str = GROUP) -> Backend:
    """A backend of its group."""
    return Backend(server_id=server, port=30080, weight=weight, description=description)


def a_clb(*groups: ServerGroup, listeners: tuple[Listener, ...] = (), **attributes: str) -> LoadBalancer:
    """The CLB as CCM left it, in every respect in place."""
    own = ServerGroup(id="rsp-1", name=GROUP, load_balancer_id="lb-1", backends=(a_backend(),))
    listener = Listener(
        port=80, protocol="tcp", description="k8s/80/web/prod/c1", server_group_id="rsp-1", status="running"
    )
    return LoadBalancer(
        kind="clb", id="lb-1", address_type="internet", server_groups=groups or (own,),
        listeners=listeners or (listener,), attributes=attributes,
        tags={"kubernetes.do.not.delete": NAME, "ack.aliyun.com": "c1"},
    )  # fmt: skip


def told_of(
    version: str,
    service: Service,
    lb: LoadBalancer | None,
    *nodes: Node,
    host: str | None = "n1",
    config: dict[str, str] | None = None,
    args: tuple[str, ...] = (),
) -> ServiceForecast:
    """What the version would do to the Service, with this CLB or none in the cloud; `host` is its only pod's node."""
    slices = EndpointSlice(
        metadata=Metadata(name="web-1", namespace="prod", labels={"kubernetes.io/service-name": "web"}),
        endpoints=(Endpoint(addresses=("10.0.0.1",), conditions=EndpointConditions(ready=True), node_name=host),),
        ports=(EndpointPort(name="", port=8080, protocol="TCP"),),
    )
    facts = ClusterFacts(
        identity=ClusterIdentity(id="c1"),
        ccm=CcmInstall(version="v2.10.0", cluster_id="c1", cloud_config=config or {}, args=args), services=(service,),
        nodes=nodes or (a_node("n1"),), endpoint_slices=(slices,), load_balancers=(lb,) if lb else (),
    )  # fmt: skip
    return forecast(facts, parse_version(version), load_matrix()).services[0]


def now_of(told: ServiceForecast) -> list[tuple[str, str]]:
    """Action and object of what is written at once."""
    return [(w.action.removeprefix("slb:"), w.object) for w in told.writes if w.effect == "IMMEDIATE"]
