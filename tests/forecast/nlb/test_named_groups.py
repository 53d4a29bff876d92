"""Server groups that a Service names (`vgroup-port`) and that are not there, or not as they should be, by version.

Source: `nlbv2/server_groups.go` (ListNLBServerGroups, setServerGroupServers), `nlbv2/model_applier.go` (Apply,
buildRemoteModel), v2.9.1 ... v2.14.0.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.forecast.nlb.small import a_group, a_listener, facts_of, told
from upgrader.forecast import forecast
from upgrader.matrix.load import load_matrix
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
