"""Server groups that a Service names (`vgroup-port`) and that are not there, or not as they should be, by version.

Source: `nlbv2/server_groups.go` (ListNLBServerGroups, setServerGroupServers), `nlbv2/model_applier.go` (Apply,
buildRemoteModel), v2.9.1 ... v2.14.0.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.forecast.clb.small import a_node
from tests.forecast.nlb.small import a_group, a_listener, a_slice, facts_of, told
from upgrader.forecast import forecast
from upgrader.matrix.load import load_matrix
from upgrader.model.cloud import Backend, ServerGroup
from upgrader.model.kube import ServicePort
from upgrader.model.version import parse_version


@pytest.mark.parametrize(
    ("version", "writes", "words"),
    [
        ("v2.8.0", True, ""),  # does not read the annotation
        ("v2.9.1", True, "apply model error: get server group from remote error: DescribeVServerGroups error: "),
        ("v2.14.0", False, "apply model error: get lb backend from remote error: DescribeVServerGroups error: "),
    ],
)
@pytest.mark.parametrize(
    ("named", "tail"),
    [
        ("sgp-9:80", "reused server group id sgp-9 not found"),
        ("sgp-9", "server group id and protocol format must be like'sgp-xxx:443' with colon separated. got=[[sgp-9]]"),
    ],
)
def test_a_named_group_must_be_there_also_for_an_nlb_of_ccm(
    version: str, writes: bool, words: str, named: str, tail: str
) -> None:
    notes = {"vgroup-port": named, "address-type": "internet"}
    made = told(version, (a_listener("sgp-1"),), (a_group("sgp-1", 30080),), notes=notes)
    assert ("nlb:UpdateLoadBalancerAddressTypeConfig" in {one.action for one in made.writes}) is writes
    assert (made.refusal.message if made.refusal else "") == (words + tail if words else "")
    if words:
        assert not [one for one in made.writes if "ServerGroup" in one.action]


def test_a_named_group_that_is_there_says_nothing_for_an_nlb_of_ccm() -> None:
    made = told("v2.14.0", (a_listener("sgp-1"),), (a_group("sgp-1", 30080),), notes={"vgroup-port": "sgp-1:80"})
    assert made.refusal is None


@pytest.mark.parametrize(("version", "made_anew"), [("v2.9.1", False), ("v2.14.0", True)])
def test_a_new_nlb_gets_new_groups_where_groups_are_read_with_the_nlb(version: str, made_anew: bool) -> None:
    """A group of the right name is left over from an NLB that is gone."""
    facts = facts_of(version, None, (), notes={"name": "full"})
    facts = replace(facts, orphan_groups=(a_group("sgp-1", 30080),))
    made = forecast(facts, parse_version(version), load_matrix()).services[0]
    actions = {one.action for one in made.writes}
    assert "nlb:CreateLoadBalancer" in actions
    assert ("nlb:CreateServerGroup" in actions) is made_anew


@pytest.mark.parametrize(("version", "synced"), [("v2.10.0", True), ("v2.11.2", False), ("v2.14.0", False)])
def test_of_two_ports_with_one_group_only_the_first_is_synced_from_2_11(version: str, synced: bool) -> None:
    """The group stands as the first port wants it; the second wants its own node port and description there."""
    ports = tuple(
        ServicePort(name=name, port=port, node_port=30000 + port, protocol="TCP", target_port=8080)
        for name, port in (("one", 80), ("two", 443))
    )
    notes = {"id": "nlb-1", "vgroup-port": "sgp-9:80,sgp-9:443"}
    facts = facts_of(version, (), (), notes=notes)
    service = facts.services[0]
    name = "k8s.30080.TCP.web.prod.c1"
    server = Backend(server_id="i-n1", type="Ecs", port=30080, weight=100, description=name)
    facts = replace(
        facts, services=(replace(service, spec=replace(service.spec, ports=ports)),), nodes=(a_node("n1"),),
        load_balancers=tuple(replace(one, tags={}) for one in facts.load_balancers or ()),
        orphan_groups=(ServerGroup(id="sgp-9", name="by-hand", backends=(server,)),),
        endpoint_slices=(a_slice(ready=True),),
    )  # fmt: skip
    made = forecast(facts, parse_version(version), load_matrix()).services[0]
    writes = [(one.action, one.object) for one in made.writes if one.effect == "IMMEDIATE" and "Servers" in one.action]
    assert writes == ([("nlb:UpdateServerGroupServersAttribute", "sgp-9")] if synced else [])


@pytest.mark.parametrize(("version", "made_first"), [("v2.10.0", True), ("v2.11.2", True), ("v2.14.0", False)])
def test_a_named_group_of_the_wrong_type_ends_the_sync_there_or_before_it_begins(
    version: str, made_first: bool
) -> None:
    ports = tuple(
        ServicePort(name=name, port=port, node_port=30000 + port, protocol="TCP", target_port=8080)
        for name, port in (("one", 80), ("two", 443))
    )
    facts = facts_of(version, (), (), notes={"id": "nlb-1", "vgroup-port": "sgp-9:443", "server-group-type": "Ip"})
    service = facts.services[0]
    facts = replace(
        facts, services=(replace(service, spec=replace(service.spec, ports=ports)),),
        load_balancers=tuple(replace(one, tags={}) for one in facts.load_balancers or ()),
        orphan_groups=(ServerGroup(id="sgp-9", name="by-hand", attributes={"ServerGroupType": "Instance"}),),
    )  # fmt: skip
    made = forecast(facts, parse_version(version), load_matrix()).services[0]
    assert made.refusal is not None
    assert "sgp-9 should be [Ip], but [Instance]" in made.refusal.message
    assert [one.action for one in made.writes] == (["nlb:CreateServerGroup"] if made_first else [])
