"""v1.9.3 as the target of a downgrade, rule by rule. Source: v1.9.3.239 `cloud-controller-manager/`."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from tests.forecast.clb.small import GROUP, a_backend, a_clb, a_node, a_service, now_of, told_of
from upgrader.model.cloud import Listener, LoadBalancer, ServerGroup
from upgrader.model.kube import Ingress, LoadBalancerStatus, Node, Service, ServicePort, ServiceStatus

V1 = "v1.9.3.239"


def _v1_listener(**settings: str) -> Listener:
    found = {"BackendServerPort": "30080", "HealthCheckType": "tcp", "PersistenceTimeout": "0", "AclStatus": "off"}
    return Listener(
        port=80, protocol="tcp", description="k8s/80/web/prod/c1", server_group_id="rsp-1", status="running",
        attributes={**found, **settings},
    )  # fmt: skip


def _shown(service: Service, *ingress: Ingress) -> Service:
    return replace(service, status=ServiceStatus(load_balancer=LoadBalancerStatus(ingress=ingress)))


def test_what_it_left_it_leaves() -> None:
    assert now_of(told_of(V1, a_service(), a_clb(listeners=(_v1_listener(),)))) == []


def test_a_word_where_a_number_belongs_counts_as_nothing() -> None:
    notes = {"persistence-timeout": "x", "bandwidth": "abc"}
    assert told_of(V1, a_service(notes), None).refusal is None
    assert ("CreateLoadBalancer", "") in now_of(told_of(V1, a_service(notes), None))
    assert told_of("v2.14.0", a_service(notes), None).refusal is not None


def test_a_missing_tag_is_not_put_back() -> None:
    lb = replace(a_clb(listeners=(_v1_listener(),)), tags={}, name="acc9ce2d49d384a3a9d49b1b4e9a4a8d")
    assert now_of(told_of(V1, a_service(), lb)) == []
    assert ("AddTags", "lb-1") in now_of(told_of("v2.2.0", a_service(), lb))


def test_unused_groups_are_told_by_the_number_in_their_name() -> None:
    own = ServerGroup(id="rsp-1", name=GROUP, load_balancer_id="lb-1", backends=(a_backend(),))
    unused = [
        ServerGroup(id=f"rsp-{port}", name=f"k8s/{port}/web/prod/c1", load_balancer_id="lb-1",
                    backends=(a_backend(description="by hand"),))
        for port in ("30081", "http")
    ]  # fmt: skip
    now = now_of(told_of(V1, a_service(), a_clb(own, *unused, listeners=(_v1_listener(),))))
    assert now == [("DeleteVServerGroup", "rsp-30081")]


def test_a_port_for_both_protocols_ends_each_sync() -> None:
    ports = [
        ServicePort(name=f"p{port}{protocol}", port=port, node_port=30000 + port, protocol=protocol, target_port=8080)
        for port, protocol in ((80, "TCP"), (80, "UDP"), (90, "TCP"))
    ]
    there = [
        replace(_v1_listener(), port=port, protocol=protocol, description=f"k8s/{port}/web/prod/c1")
        for port, protocol in ((80, "tcp"), (90, "tcp"))
    ]
    old = ServerGroup(id="rsp-old", name="k8s/31000/web/prod/c1", load_balancer_id="lb-1")
    told = told_of(V1, a_service(ports=tuple(ports)), a_clb(old, listeners=tuple(there)))
    listeners = {(action, place) for action, place in now_of(told) if "Listener" in action}
    # Port 90 has another node port than its listener, and the group is no port's any more: neither is reached.
    assert listeners == {(call, "lb-1:80") for call in (
        "StopLoadBalancerListener", "DeleteLoadBalancerListener", "CreateLoadBalancerTCPListener",
        "CreateLoadBalancerUDPListener", "StartLoadBalancerListener")}  # fmt: skip
    assert not [one for one in now_of(told) if one[0] == "DeleteVServerGroup"]
    alone = told_of(V1, a_service(ports=(ports[0], ports[2])), a_clb(old, listeners=tuple(there)))
    assert ("DeleteVServerGroup", "rsp-old") in now_of(alone)
    assert ("DeleteLoadBalancerListener", "lb-1:90") in now_of(alone)


def test_a_bad_protocol_stops_it_when_the_groups_are_written() -> None:
    service = a_service({"protocol-port": "sctp:80"})
    lb = a_clb(
        ServerGroup(id="rsp-1", name=GROUP, load_balancer_id="lb-1", backends=(a_backend(weight=7),)),
        listeners=(_v1_listener(HealthCheckType="http"),),
    )
    told = told_of(V1, service, lb)
    assert now_of(told) == [("SetVServerGroupAttribute", "rsp-1")]
    assert told.refusal is not None
    assert told_of("v2.14.0", service, lb).writes == ()


def test_a_backend_is_told_by_its_server_alone() -> None:
    elsewhere = replace(a_backend(), port=31000)
    group = ServerGroup(id="rsp-1", name=GROUP, load_balancer_id="lb-1", backends=(elsewhere,))
    assert now_of(told_of(V1, a_service(), a_clb(group, listeners=(_v1_listener(),)))) == []
    assert ("AddVServerGroupBackendServers", "rsp-1") in now_of(told_of("v2.14.0", a_service(), a_clb(group)))


def test_it_sets_no_weight_of_a_backend_at_another_port() -> None:
    """The cloud sets the weight of a backend that is there, and this one is not."""
    elsewhere = replace(a_backend(weight=1), port=31000)
    group = ServerGroup(id="rsp-1", name=GROUP, load_balancer_id="lb-1", backends=(elsewhere,))
    told = told_of(V1, a_service(), a_clb(group, listeners=(_v1_listener(),)))
    assert now_of(told) == [("SetVServerGroupAttribute", "rsp-1")]
    assert told.traffic == ()
    assert any("the group has no backend i-n1:30080" in doubt.text for doubt in told.doubts)
    there = ServerGroup(id="rsp-1", name=GROUP, load_balancer_id="lb-1", backends=(a_backend(weight=1),))
    told = told_of(V1, a_service(), a_clb(there, listeners=(_v1_listener(),)))
    assert [shift.weight for shift in told.traffic] == [(1, 100)]
    assert told.doubts == ()


def _reused() -> LoadBalancer:
    return replace(a_clb(), tags={"kubernetes.reused.by.user": "true"}, address="47.1.1.1")


@pytest.mark.parametrize(
    ("version", "ingress", "refused"),
    [
        (V1, Ingress(ip="47.9.9.9"), False),
        ("v2.2.0", Ingress(ip="47.9.9.9"), True),
        ("v2.2.0", Ingress(hostname="n.example.com"), True),
        ("v2.2.0", Ingress(ip="47.1.1.1"), False),
        ("v2.3.0", Ingress(hostname="n.example.com"), False),
        ("v2.14.0", Ingress(ip="47.9.9.9"), True),
    ],
)
def test_the_address_of_a_reused_clb_must_be_the_one_shown(version: str, ingress: Ingress, refused: bool) -> None:
    service = _shown(a_service({"id": "lb-1"}), ingress)
    assert (told_of(version, service, _reused()).refusal is not None) is refused


def test_two_protocols_at_one_port_can_not_be_told_apart() -> None:
    ports = tuple(
        ServicePort(name=p.lower(), port=80, node_port=n, protocol=p, target_port=8080)
        for p, n in (("TCP", 30080), ("UDP", 30081))
    )
    both = (_v1_listener(), Listener(port=80, protocol="udp", description="k8s/80/web/prod/c1", status="running"))
    told = told_of(V1, a_service(ports=ports), a_clb(listeners=both))
    assert ("StopLoadBalancerListener", "lb-1:80") in now_of(told)
    assert any("two listeners share port 80" in why.text for why in told.doubts)


def test_a_new_clb_says_how_traffic_is_paid_and_a_new_listener_its_defaults() -> None:
    made = {one.action: one.params for one in told_of(V1, a_service({"charge-type": "paybybandwidth"}), None).writes}
    assert made["slb:CreateLoadBalancer"]["Bandwidth"] == "100"
    assert "VpcId" not in made["slb:CreateLoadBalancer"]
    listener = made["slb:CreateLoadBalancerTCPListener"]
    assert {name: listener[name] for name in ("AclStatus", "HealthCheck", "HealthCheckType", "Bandwidth")} == {
        "AclStatus": "off", "HealthCheck": "off", "HealthCheckType": "tcp", "Bandwidth": "-1",
    }  # fmt: skip
    plain = {one.action: one.params for one in told_of(V1, a_service(), None).writes}
    assert plain["slb:CreateLoadBalancer"]["InternetChargeType"] == "paybytraffic"


def test_a_listener_that_is_made_anew_keeps_what_it_had() -> None:
    had = _v1_listener(BackendServerPort="0", HealthyThreshold="4", HealthCheck="on", PersistenceTimeout="0")
    writes = told_of(V1, a_service({"scheduler": "wlc"}), a_clb(listeners=(had,))).writes
    made = next(one for one in writes if one.action == "slb:CreateLoadBalancerTCPListener")
    assert made.changes["BackendServerPort"] == ("0", "30080")
    assert made.changes["Scheduler"] == (None, "wlc")
    assert {name: made.params[name] for name in ("HealthyThreshold", "HealthCheck", "Scheduler")} == {
        "HealthyThreshold": "4", "HealthCheck": "on", "Scheduler": "wlc",
    }  # fmt: skip
    assert "PersistenceTimeout" not in made.params


def test_a_version_sends_no_attribute_that_it_does_not_know() -> None:
    had = replace(_v1_listener(HealthCheckSwitch="on", EstablishedTimeout="900"), description="by-hand")
    for version, known in (("v2.2.0", False), ("v2.14.0", True)):
        writes = told_of(version, a_service(), a_clb(listeners=(had,))).writes
        sent = next(one.params for one in writes if one.action == "slb:SetLoadBalancerTCPListenerAttribute")
        assert ("HealthCheckSwitch" in sent, "EstablishedTimeout" in sent) == (known, known)


def test_a_record_in_a_private_zone_is_not_judged() -> None:
    service = a_service()
    zone = {"service.beta.kubernetes.io/alibaba-cloud-private-zone-name": "svc.local"}
    service = replace(service, metadata=replace(service.metadata, annotations=zone))
    assert any("private zone" in why for why in told_of(V1, service, a_clb()).unknown)
    assert not told_of("v2.14.0", service, a_clb()).unknown
    assert not told_of(V1, a_service(), a_clb()).unknown


def test_a_virtual_node_is_a_backend_beside_its_pods() -> None:
    """Where no label keeps it out, as ACK's own virtual nodes have; v2 takes the pods alone."""
    virtual = a_node("n1", {"type": "virtual-kubelet"})
    kept_out = a_node("n1", {"type": "virtual-kubelet", "service.beta.kubernetes.io/exclude-node": "true"})

    def backends(version: str, node: Node) -> set[str]:
        made = told_of(version, a_service(external_traffic_policy="Local"), None, node).writes
        servers = [json.loads(one.params["BackendServers"]) for one in made if "BackendServers" in one.params]
        return {one["ServerId"] or one["ServerIp"] for batch in servers for one in batch}

    assert backends(V1, virtual) == {"i-n1", "10.0.0.1"}
    assert backends(V1, kept_out) == {"10.0.0.1"}
    assert backends("v2.14.0", virtual) == {"10.0.0.1"}


@pytest.mark.parametrize(
    ("version", "had", "anew"),
    [(V1, {"ListenerForward": "on", "ForwardPort": "8443"}, False), (V1, {"ListenerForward": "off"}, True),
     ("v2.14.0", {"ListenerForward": "on", "ForwardPort": "8443"}, True),
     ("v2.14.0", {"ListenerForward": "on", "ForwardPort": "443"}, False), ("v2.14.0", {}, True)],
)  # fmt: skip
def test_it_does_not_see_that_a_listener_forwards_to_another_port(
    version: str, had: dict[str, str], anew: bool
) -> None:
    listener = replace(_v1_listener(**had), protocol="http")
    service = a_service({"protocol-port": "http:80", "forward-port": "80:443"})
    calls = [call for call, _ in now_of(told_of(version, service, a_clb(listeners=(listener,))))]
    assert ("CreateLoadBalancerHTTPListener" in calls) is anew
