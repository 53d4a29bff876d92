"""What a second try sends besides, and which of several CLBs it is that a version takes.

Sources: `listeners.go` and `model_applier.go` (buildActionsForListeners, applyListeners), `provider/alibaba/slb/
loadbalancer.go` (FindLoadBalancer), v2.1.0 ... v2.5.1.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.forecast.clb.small import a_clb, a_node, a_service, now_of, told_of
from upgrader.forecast import forecast
from upgrader.matrix.load import load_matrix
from upgrader.model.cloud import Listener
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity
from upgrader.model.kube import Ingress, LoadBalancerStatus, ServicePort, ServiceStatus
from upgrader.model.version import parse_version


@pytest.mark.parametrize(("version", "protocol"), [("v2.1.0", "tcp"), ("v2.5.1", "tcp"), ("v2.5.1", "udp")])
@pytest.mark.parametrize("changed", [True, False])
def test_until_v2_5_a_port_for_both_protocols_keeps_one(version: str, protocol: str, changed: bool) -> None:
    """Both listeners go, and the one that the cloud lists second is made again; what is set of the first is too late.

    The cloud refuses that, so that there is a second try: it makes the first one in the second one's place.
    """
    ports = tuple(
        ServicePort(name=one, port=80, node_port=30080, protocol=one, target_port=8080) for one in ("TCP", "UDP")
    )
    other = "udp" if protocol == "tcp" else "tcp"
    listeners = tuple(
        Listener(
            port=80, protocol=one, description="k8s/80/web/prod/c1", status="running",
            server_group_id="rsp-other" if changed else "rsp-1",
        )
        for one in (protocol, other)
    )  # fmt: skip
    told = now_of(told_of(version, a_service(ports=ports), a_clb(listeners=listeners)))
    made = {call for call, _ in told if "Listener" in call and call.startswith(("Create", "Set"))}
    first, second = (f"LoadBalancer{one.upper()}Listener" for one in (protocol, other))
    assert made == ({f"Create{second}", f"Set{first}Attribute", f"Create{first}"} if changed else {f"Create{second}"})
    assert [call for call, _ in told if call == "DeleteLoadBalancerListener"]
    apart = now_of(told_of("v2.6.0", a_service(ports=ports), a_clb(listeners=listeners)))
    assert {call for call, _ in apart if "Listener" in call} == (
        {f"Set{first}Attribute", f"Set{second}Attribute"} if changed else set()
    )


@pytest.mark.parametrize("shown", ["1.1.1.1", "2.2.2.2"])
def test_of_two_with_one_tag_the_likeliest_is_the_one_whose_address_the_service_shows(shown: str) -> None:
    twins = [
        replace(a_clb(), id=f"lb-{n}", address=address) for n, address in enumerate(("1.1.1.1", "2.2.2.2"), 1)
    ]  # fmt: skip
    status = ServiceStatus(load_balancer=LoadBalancerStatus(ingress=(Ingress(ip=shown),)))
    facts = ClusterFacts(
        identity=ClusterIdentity(id="c1"), ccm=CcmInstall(version="v2.1.0", cluster_id="c1"), nodes=(a_node("n1"),),
        services=(replace(a_service(), status=status),), load_balancers=tuple(twins),
    )  # fmt: skip
    told = forecast(facts, parse_version("v2.2.0"), load_matrix()).services[0]
    assert told.load_balancer_id == next(one.id for one in twins if one.address == shown)
    assert "has several CLBs" in told.unknown[0]
