"""Where pods are read from: EndpointSlices or Endpoints, and whichever of them was read."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from upgrader.forecast import World
from upgrader.forecast.backends import ready_ends, wanted_backends
from upgrader.forecast.weights import WeightWish
from upgrader.matrix.load import load_matrix
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity, Gap
from upgrader.model.kube import (
    Endpoint,
    EndpointConditions,
    EndpointPort,
    Endpoints,
    EndpointSlice,
    Metadata,
    Service,
    ServicePort,
    ServiceSpec,
)
from upgrader.model.kube.endpoints import EndpointAddress, EndpointSubset
from upgrader.model.version import parse_version

PORT = ServicePort(port=80, node_port=30080, protocol="TCP", target_port=8080)
SERVICE = Service(metadata=Metadata(name="web", namespace="prod"), spec=ServiceSpec(type="LoadBalancer", ports=(PORT,)))
SLICE = EndpointSlice(
    metadata=Metadata(namespace="prod", name="web-1", labels={"kubernetes.io/service-name": "web"}),
    endpoints=(Endpoint(addresses=("10.0.0.1",), conditions=EndpointConditions(ready=True)),),
    ports=(EndpointPort(port=8080),), address_type="IPv4",
)  # fmt: skip
ENDPOINTS = Endpoints(
    metadata=Metadata(namespace="prod", name="web"),
    subsets=(EndpointSubset(addresses=(EndpointAddress(ip="10.0.0.2"),), ports=(EndpointPort(port=8080),)),),
)
FACTS = ClusterFacts(identity=ClusterIdentity(), ccm=CcmInstall(cluster_id="c1"), services=(SERVICE,))


def read(version: str, *, slices: bool, endpoints: bool) -> list[str]:
    """The addresses that a version is said to find."""
    facts = replace(FACTS, endpoint_slices=(SLICE,) * slices, endpoints=(ENDPOINTS,) * endpoints)
    return [end.ip for end in ready_ends(World.of(facts, parse_version(version), load_matrix()), SERVICE, PORT)]


@pytest.mark.parametrize(("version", "own"), [("v2.14.0", "10.0.0.1"), ("v2.1.0", "10.0.0.2")])
def test_each_version_reads_its_own_and_else_the_other(version: str, own: str) -> None:
    assert read(version, slices=True, endpoints=True) == [own]
    assert read(version, slices=True, endpoints=False) == ["10.0.0.1"]
    assert read(version, slices=False, endpoints=True) == ["10.0.0.2"]
    assert read(version, slices=False, endpoints=False) == []


def test_slices_that_were_refused_are_no_reason_not_to_know() -> None:
    gap = Gap(area="endpoints", call="list endpointslices", why="denied")
    for endpoints, unknown in (((ENDPOINTS,), ""), ((), "the endpoints were not read")):
        facts = replace(FACTS, endpoints=endpoints, gaps=(gap,))
        world = World.of(facts, parse_version("v2.14.0"), load_matrix())
        assert wanted_backends(world, SERVICE, PORT, "d", "clb", WeightWish(), by_ip=False).unknown == unknown
