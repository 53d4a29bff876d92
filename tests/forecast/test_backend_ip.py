"""By which IP version pods are reached: gates, annotations and kind must fit, each version in its own way.

Source: `reconcile/backend/backend.go` (setAddressIpVersion) of v2.5.1 … v2.14.0.
"""

from __future__ import annotations

import pytest

from tests.forecast.nlb.small import NLB, NOTE
from upgrader.forecast import World
from upgrader.forecast.backends import wanted_backends
from upgrader.forecast.ip_version import BackendIp, backend_ip, reads_slices
from upgrader.forecast.weights import WeightWish
from upgrader.matrix.load import load_matrix
from upgrader.model.cloud import LbKind
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity
from upgrader.model.kube import (
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
    Metadata,
    Service,
    ServicePort,
    ServiceSpec,
)
from upgrader.model.version import parse_version

GATES = ("--feature-gates=IPv6DualStack=true,EndpointSlice=true",)
PORT = ServicePort(port=80, node_port=30080, protocol="TCP", target_port=8080)
ADDRESSES = {"IPv4": "10.0.0.1", "IPv6": "fd00::1"}


def _service(lb: LbKind, ip_version: str, backend: str) -> Service:
    notes = {NOTE + "ip-version": ip_version, NOTE + "backend-ip-version": backend}
    metadata = Metadata(
        name="web", namespace="prod", annotations={**notes, "service.beta.kubernetes.io/backend-type": "eni"}
    )
    return Service(
        metadata=metadata,
        spec=ServiceSpec(type="LoadBalancer", ports=(PORT,), load_balancer_class=NLB if lb == "nlb" else None),
    )


def _world(version: str, service: Service, args: tuple[str, ...] = GATES) -> World:
    slices = tuple(
        EndpointSlice(
            metadata=Metadata(namespace="prod", name=kind, labels={"kubernetes.io/service-name": "web"}),
            endpoints=(Endpoint(addresses=(ip,), conditions=EndpointConditions(ready=True)),),
            ports=(EndpointPort(port=8080),), address_type=kind,
        )
        for kind, ip in ADDRESSES.items()
    )  # fmt: skip
    facts = ClusterFacts(
        identity=ClusterIdentity(vpc_cidrs=("10.0.0.0/8",)), ccm=CcmInstall(cluster_id="c1", args=args),
        services=(service,), endpoint_slices=slices,
    )  # fmt: skip
    return World.of(facts, parse_version(version), load_matrix())


@pytest.mark.parametrize(
    ("version", "lb", "ip_version", "backend", "reached"),
    [
        ("v2.5.1", "clb", "ipv6", "ipv6", "ipv6"),
        ("v2.5.1", "clb", "IPv6", "ipv6", "ipv4"),
        ("v2.8.0", "nlb", "ipv6", "ipv6", "ipv6"),
        ("v2.8.0", "nlb", "DualStack", "ipv6", "ipv4"),
        ("v2.9.1", "nlb", "DualStack", "ipv6", "ipv6"),
        ("v2.13.0", "clb", "IPv6", "ipv6", "ipv6"),
        ("v2.13.0", "nlb", "DualStack", "IPv6", "ipv4"),
        ("v2.13.0", "nlb", "DualStack", "dualstack", "ipv4"),
        ("v2.14.0", "nlb", "dualstack", "DualStack", "dualstack"),
        ("v2.14.0", "clb", "ipv6", "dualstack", "ipv4"),
        ("v2.14.0", "clb", "ipv4", "ipv6", "ipv4"),
        ("v1.9.3.239", "clb", "ipv6", "ipv6", "ipv4"),
    ],
)
def test_what_must_fit(version: str, lb: LbKind, ip_version: str, backend: str, reached: BackendIp) -> None:
    service = _service(lb, ip_version, backend)
    world = _world(version, service)
    assert backend_ip(world, service, lb) == reached
    wanted = wanted_backends(world, service, PORT, "g", lb, WeightWish())
    ips = {"ipv4": ["10.0.0.1"], "ipv6": ["fd00::1"], "dualstack": ["10.0.0.1", "fd00::1"]}[reached]
    assert [one.server_ip for one in wanted.backends] == ips
    assert backend_ip(_world(version, service, ()), service, lb) == "ipv4"


def test_slices_are_read_where_the_gate_says_so() -> None:
    service = _service("clb", "", "")
    found = {
        (version, args): reads_slices(_world(version, service, args))
        for version in ("v2.8.0", "v2.9.1")
        for args in ((), ("--feature-gates=EndpointSlice=true",), ("--feature-gates=EndpointSlice=false",))
    }
    assert list(found.values()) == [False, True, False, True, True, False]
