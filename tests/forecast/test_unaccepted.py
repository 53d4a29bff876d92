"""What the cloud will refuse is forecast all the same, and said; so is a port that two Services write."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.forecast.clb.small import GROUP, a_backend, a_clb, a_node, a_service, now_of, told_of
from upgrader.forecast import forecast
from upgrader.matrix.load import load_matrix
from upgrader.model.cloud import Listener, ServerGroup
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity
from upgrader.model.forecast import ServiceForecast
from upgrader.model.kube import Service, ServicePort
from upgrader.model.version import parse_version


def test_a_spec_on_a_clb_that_is_paid_by_clcu() -> None:
    lb = a_clb(InstanceChargeType="PayByCLCU", LoadBalancerSpec="slb.lcu.elastic")
    told = told_of("v2.2.0", a_service({"spec": "slb.s1.small"}), lb)
    assert ("ModifyLoadBalancerInstanceSpec", "lb-1") in now_of(told)
    assert any("paid by CLCU" in why.text for why in told.doubts)
    by_spec = replace(lb, attributes={"InstanceChargeType": "PayBySpec", "LoadBalancerSpec": "slb.s2.small"})
    assert told_of("v2.2.0", a_service({"spec": "slb.s1.small"}), by_spec).doubts == ()


@pytest.mark.parametrize(
    ("notes", "said"),
    [
        ({"scheduler": "bogus"}, "Scheduler must be one of"),
        ({"persistence-timeout": "99999"}, "PersistenceTimeout must be between"),
        ({"scheduler": "wrr", "persistence-timeout": "60"}, ""),
    ],
)
def test_a_value_that_is_out_of_its_range(notes: dict[str, str], said: str) -> None:
    told = told_of("v2.14.0", a_service(notes), a_clb())
    assert ("SetLoadBalancerTCPListenerAttribute", "lb-1:80") in now_of(told)
    assert any(said in why.text for why in told.doubts) if said else told.doubts == ()


def test_one_port_that_is_wanted_twice() -> None:
    ports = (
        ServicePort(name="a", port=53, node_port=30053, protocol="TCP", target_port=53),
        ServicePort(name="b", port=53, node_port=30054, protocol="UDP", target_port=53),
    )
    told = told_of("v2.14.0", a_service({"protocol-port": "tcp:53"}, ports=ports), None)
    assert any("port 53 has a listener already" in why.text for why in told.doubts)
    assert told_of("v2.14.0", a_service(ports=ports), None).doubts == ()
    # Until v2.5 the listeners are started without their protocol.
    assert any(
        "two listeners share port 53" in why.text for why in told_of("v2.2.0", a_service(ports=ports), None).doubts
    )


def test_a_listener_that_goes_while_another_forwards_to_it() -> None:
    plain = Listener(
        port=8080, protocol="http", status="running", attributes={"ListenerForward": "on", "ForwardPort": "80"}
    )
    gone = Listener(port=80, protocol="udp", description="k8s/80/web/prod/c1", status="running")
    told = told_of("v2.14.0", a_service(), a_clb(listeners=(gone, plain)))
    assert ("DeleteLoadBalancerListener", "lb-1:80") in now_of(told)
    assert any("forwards to port 80" in why.text for why in told.doubts)


def _two(version: str, *ports: int) -> tuple[ServiceForecast, ...]:
    """Services `a` and `b`, each with one port of the one CLB that both name."""
    group = ServerGroup(id="rsp-1", name=GROUP, load_balancer_id="lb-1", backends=(a_backend(),))
    lb = replace(a_clb(group), tags={"kubernetes.reused.by.user": "true"}, listeners=())
    facts = ClusterFacts(
        identity=ClusterIdentity(id="c1"), ccm=CcmInstall(version="v2.10.0", cluster_id="c1"), load_balancers=(lb,),
        nodes=(a_node("n1"),), services=tuple(_named(n, p) for n, p in zip("ab", ports, strict=True)),
    )  # fmt: skip
    return forecast(facts, parse_version(version), load_matrix()).services


def _named(name: str, port: int) -> Service:
    ports = (ServicePort(port=port, node_port=30080, protocol="TCP", target_port=8080),)
    made = a_service({"id": "lb-1", "force-override-listeners": "true"}, ports=ports)
    return replace(made, metadata=replace(made.metadata, name=name))


def test_two_services_on_one_port_of_one_load_balancer() -> None:
    first, second = _two("v2.14.0", 80, 80)
    assert any("port 80/tcp of lb-1 is wanted by prod/b too" in why.text for why in first.doubts)
    assert any("wanted by prod/a too" in why.text for why in second.doubts)
    assert all(one.doubts == () for one in _two("v2.14.0", 80, 81))


def test_a_service_does_not_share_a_port_with_itself() -> None:
    ports = tuple(
        ServicePort(name=one, port=80, node_port=30080, protocol=one, target_port=8080) for one in ("TCP", "UDP")
    )
    service = a_service({"id": "lb-1", "force-override-listeners": "true"}, ports=ports)
    lb = replace(a_clb(), tags={"kubernetes.reused.by.user": "true"}, listeners=())
    assert "shared-port" not in [one.kind for one in told_of("v2.5.1", service, lb).doubts]
