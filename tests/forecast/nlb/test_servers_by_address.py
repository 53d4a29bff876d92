"""Groups of type Ip hold addresses: of nodes, of pods, and of pods that have no ENI at all.

Source: `nlbv2/server_groups.go` (buildLocalBackends, removeDuplicatedECS, updateENIBackends), each tag.
"""

from __future__ import annotations

import pytest

from upgrader.forecast import World
from upgrader.forecast.backends import Wanted
from upgrader.forecast.nlb.groups import wanted_groups
from upgrader.forecast.nlb.wanted import RefusedByCcmError, listeners_of
from upgrader.matrix.load import load_matrix
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity
from upgrader.model.kube import (
    Condition,
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
    Metadata,
    Node,
    NodeAddress,
    NodeSpec,
    NodeStatus,
    Service,
    ServicePort,
    ServiceSpec,
)
from upgrader.model.version import parse_version

NOTE = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"


def _node(name: str, ip: str, labels: dict[str, str] | None = None) -> Node:
    ready = Condition(type="Ready", status="True")
    return Node(
        metadata=Metadata(name=name, labels=labels or {}),
        spec=NodeSpec(provider_id=f"cn-hangzhou.i-{name}"),
        status=NodeStatus(conditions=(ready,), addresses=(NodeAddress(type="InternalIP", address=ip),)),
    )


NODES = (
    _node("n1", "192.168.0.1"),
    _node("n2", "192.168.0.2"),
    _node("vk", "192.168.0.9", {"type": "virtual-kubelet", "service.beta.kubernetes.io/exclude-node": "true"}),
)
PODS = (("10.0.0.1", "n1"), ("10.0.0.2", "n1"), ("10.0.0.3", "n2"), ("10.0.0.4", "vk"))


def _wanted(version: str, policy: str, **notes: str) -> Wanted:
    metadata = Metadata(
        name="web", namespace="prod", annotations={NOTE + key.replace("_", "-"): text for key, text in notes.items()}
    )
    port = ServicePort(port=80, node_port=30080, protocol="TCP", target_port=8080)
    service = Service(
        metadata=metadata, spec=ServiceSpec(type="LoadBalancer", external_traffic_policy=policy, ports=(port,))
    )
    ends = tuple(
        Endpoint(addresses=(ip,), node_name=node, conditions=EndpointConditions(ready=True)) for ip, node in PODS
    )
    piece = EndpointSlice(
        metadata=Metadata(namespace="prod", name="web-1", labels={"kubernetes.io/service-name": "web"}),
        endpoints=ends,
        ports=(EndpointPort(port=8080),),
    )
    facts = ClusterFacts(
        identity=ClusterIdentity(vpc_cidrs=("10.0.0.0/8", "192.168.0.0/16")),
        ccm=CcmInstall(cluster_id="c1"),
        nodes=NODES,
        services=(service,),
        endpoint_slices=(piece,),
        network_interfaces=(),
    )
    world = World.of(facts, parse_version(version), load_matrix())
    return wanted_groups(world, service, listeners_of(world, service))[0].desired.wanted


def _servers(version: str, policy: str, **notes: str) -> list[tuple[str, int, int]]:
    wanted = _wanted(version, policy, **notes)
    assert not wanted.error
    assert not wanted.invalid
    return [(b.server_id, b.port, b.weight) for b in wanted.backends]


@pytest.mark.parametrize("version", ["v2.8.0", "v2.10.0", "v2.11.2"])
def test_equal_addresses_are_merged_at_first(version: str) -> None:
    assert _servers(version, "Local", server_group_type="ip") == [
        ("192.168.0.1", 30080, 2), ("192.168.0.2", 30080, 1), ("10.0.0.4", 8080, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("version", ["v2.12.4", "v2.14.0"])
def test_and_later_are_there_once_for_each_pod(version: str) -> None:
    assert _servers(version, "Local", server_group_type="Ip") == [
        ("192.168.0.1", 30080, 1), ("192.168.0.1", 30080, 1), ("192.168.0.2", 30080, 1), ("10.0.0.4", 8080, 1),
    ]  # fmt: skip


def test_cluster_mode_holds_the_nodes_and_the_virtual_pods() -> None:
    assert _servers("v2.14.0", "Cluster", server_group_type="Ip") == [
        ("192.168.0.1", 30080, 100), ("192.168.0.2", 30080, 100), ("10.0.0.4", 8080, 100),
    ]  # fmt: skip


def test_a_version_that_does_not_read_the_annotation_needs_the_enis() -> None:
    with pytest.raises(RefusedByCcmError, match=r"can not find eniid for ip 10\.0\.0\.4"):
        _wanted("v2.7.0", "Cluster", server_group_type="Ip")
