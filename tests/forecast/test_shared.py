"""What several Services, or several ports of one, write to the same thing: told as far as it is certain.

Sources: `clbv1/loadbalancer.go` (Update), `clbv1/vgroups.go` (diff), `nlbv2/server_groups.go`, each tag.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.forecast.clb.small import a_backend, a_clb, a_node, a_service, told_of
from upgrader.forecast import forecast
from upgrader.matrix.load import load_matrix
from upgrader.model.cloud import ServerGroup
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity
from upgrader.model.forecast import ServiceForecast
from upgrader.model.kube import Service, ServicePort
from upgrader.model.version import parse_version

REUSED = {"kubernetes.reused.by.user": "true"}


def _named(name: str, /, **notes: str) -> Service:
    made = a_service({"id": "lb-1", **{key.replace("_", "-"): value for key, value in notes.items()}})
    return replace(made, metadata=replace(made.metadata, name=name))


def _both(first: dict[str, str], second: dict[str, str], tags: dict[str, str] = REUSED) -> tuple[ServiceForecast, ...]:
    """Services `a` and `b` that name one CLB, with these annotations more, under v2.14.0."""
    group = ServerGroup(id="rsp-1", name="by-hand", load_balancer_id="lb-1", backends=(a_backend(description="x"),))
    facts = ClusterFacts(
        identity=ClusterIdentity(id="c1"), ccm=CcmInstall(version="v2.10.0", cluster_id="c1"),
        load_balancers=(replace(a_clb(group), tags=tags, listeners=(), name="old"),), nodes=(a_node("n1"),),
        services=(_named("a", **first), _named("b", **second)),
    )  # fmt: skip
    return forecast(facts, parse_version("v2.14.0"), load_matrix()).services


def _kinds(one: ServiceForecast) -> list[str]:
    return [doubt.kind for doubt in one.doubts]


def _sent(one: ServiceForecast) -> list[tuple[str, str]]:
    return [(write.action.removeprefix("slb:"), write.object) for write in one.writes if write.effect == "IMMEDIATE"]


def test_each_finds_the_clb_as_those_before_it_left_it() -> None:
    first, second = _both({}, {}, {"a": "b"})
    assert ("TagResources", "lb-1") in _sent(first)
    assert ("TagResources", "lb-1") not in _sent(second)
    override = {"force_override_listeners": "true"}
    first, second = _both(override, override)
    assert ("CreateLoadBalancerTCPListener", "lb-1:80") in _sent(first)
    assert ("SetLoadBalancerTCPListenerAttribute", "lb-1:80") in _sent(second)
    assert not [call for call, _ in _sent(second) if call.startswith("CreateLoadBalancer")]
    # Who may not write listeners leaves none to find.
    assert ("CreateLoadBalancerTCPListener", "lb-1:80") in _sent(_both({}, override)[1])


def test_who_has_what_it_wants_may_have_to_put_it_back() -> None:
    first, second = _both({"name": "old"}, {"name": "y"})
    assert (_kinds(first), _kinds(second)) == (["shared-attribute"], [])
    assert "lb-1 are written for prod/b too" in first.doubts[0].text


def test_what_both_want_the_first_one_writes() -> None:
    assert [_kinds(one) for one in _both({"name": "x"}, {"name": "x"})] == [["shared-attribute"]] * 2
    # CCM's mark of a reused CLB is missing: one of them puts it back.
    assert [_kinds(one) for one in _both({}, {}, {"a": "b"})] == [["shared-attribute"]] * 2


@pytest.mark.parametrize(
    ("first", "second"),
    [({}, {}), ({"name": "x"}, {}), ({"name": "x"}, {"name": "y"}), ({"name": "x"}, {"delete_protection": "on"})],
)
def test_what_each_writes_in_any_case_is_sure(first: dict[str, str], second: dict[str, str]) -> None:
    assert [_kinds(one) for one in _both(first, second)] == [[], []]


def test_one_group_of_two_services() -> None:
    named = {"vgroup_port": "rsp-1:80"}
    assert [_kinds(one) for one in _both(named, named)] == [["shared-group"]] * 2
    assert [_kinds(one) for one in _both(named, {})] == [[], []]


@pytest.mark.parametrize("target", ["v2.1.0", "v2.5.1", "v2.10.0", "v2.14.0"])
def test_one_group_of_two_ports(target: str) -> None:
    ports = tuple(
        ServicePort(name=f"p{port}", port=port, node_port=30000 + port, protocol="TCP", target_port=8080)
        for port in (80, 443)
    )
    group = ServerGroup(id="rsp-1", name="by-hand", load_balancer_id="lb-1", backends=(a_backend(weight=7),))
    lb = replace(a_clb(group), tags=REUSED)
    told = told_of(target, a_service({"id": "lb-1", "vgroup-port": "rsp-1:80,rsp-1:443"}, ports=ports), lb)
    assert "ports 80/tcp, 443/tcp share the group rsp-1" in next(
        one.text for one in told.doubts if one.kind == "shared-group"
    )
    assert told.traffic == ()
    one = told_of(target, a_service({"id": "lb-1", "vgroup-port": "rsp-1:80"}, ports=ports[:1]), lb)
    assert one.traffic
    assert "shared-group" not in _kinds(one)
