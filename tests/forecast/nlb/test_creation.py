"""What follows the creation of an NLB.

Source: `nlbv2/model_applier.go` (applyLoadBalancerAttribute after Create), `provider/alibaba/nlb/loadbalancer.go`
(loadResponse, UpdateNLBIPv6AddressType), each tag.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.forecast.nlb.small import a_service, facts_of, told
from upgrader.forecast import forecast
from upgrader.forecast.nlb.security_groups import LABEL
from upgrader.matrix.load import load_matrix
from upgrader.model.cloud import LoadBalancer
from upgrader.model.kube import ServicePort
from upgrader.model.version import parse_version

_EIP = {"zone-maps": "z1:vsw-1::eip-1,z2:vsw-2::eip-2"}


def _zones_written(version: str, **notes: str) -> bool:
    made = told(version, None, (), notes={**_EIP, **{key.replace("_", "-"): text for key, text in notes.items()}})
    assert "nlb:CreateLoadBalancer" in {one.action for one in made.writes}
    return any(one.action == "nlb:UpdateLoadBalancerZones" and not one.object for one in made.writes)


@pytest.mark.parametrize("version", ["v2.9.1", "v2.10.0", "v2.11.2"])
@pytest.mark.parametrize("notes", [{"security_group_ids": "sg-1"}, {"ipv6_address_type": "intranet"}])
def test_an_eip_is_sent_again_where_the_new_nlb_is_compared_by_a_version_that_does_not_read_it(
    version: str, notes: dict[str, str]
) -> None:
    assert _zones_written(version, **notes)


@pytest.mark.parametrize(
    ("version", "notes"),
    [("v2.8.0", {"security_group_ids": "sg-1"}), ("v2.14.0", {"security_group_ids": "sg-1"}), ("v2.10.0", {})],
)
def test_an_eip_is_sent_once_where_it_is_read_or_nothing_is_compared(version: str, notes: dict[str, str]) -> None:
    assert not _zones_written(version, **notes)


@pytest.mark.parametrize("version", ["v2.10.0", "v2.14.0"])
def test_an_ipv6_address_type_that_ccm_does_not_know_stops_a_new_nlb_too(version: str) -> None:
    made = told(version, None, (), notes={"ipv6-address-type": "nowhere"})
    assert made.refusal is not None
    assert "invalid ipv6 address type nowhere" in made.refusal.message
    assert "nlb:CreateLoadBalancer" in {one.action for one in made.writes}


def test_what_was_told_before_a_refusal_is_told() -> None:
    """Source ranges on the user's NLB, then a port without backends, then one whose group is not there."""
    service = a_service(notes={"id": "nlb-1", "vgroup-port": "sgp-nowhere:81"})
    ports = (*(service.spec.ports or ()), ServicePort(name="b", port=81, node_port=30081, protocol="TCP"))
    spec = replace(service.spec, ports=ports, load_balancer_source_ranges=("10.0.0.0/8",))
    facts = replace(facts_of("v2.14.0", (), ()), services=(replace(service, spec=spec),))
    made = forecast(facts, parse_version("v2.14.0"), load_matrix()).services[0]
    assert made.refusal is not None
    assert "sgp-nowhere" in made.refusal.message
    assert [event.reason for event in made.events] == [
        "FeatureNotSupported", "UnAvailableLoadBalancer", "SyncLoadBalancerFailed",
    ]  # fmt: skip


@pytest.mark.parametrize(("said", "asked"), [("", True), ("Intranet", False)])
def test_what_the_cloud_says_of_nlbs_without_ipv6_holds_for_a_new_one(said: str, asked: bool) -> None:
    facts = facts_of("v2.14.0", None, (), notes={"ipv6-address-type": "intranet"})
    other = LoadBalancer(kind="nlb", id="nlb-9", attributes={"AddressIpVersion": "ipv4", "Ipv6AddressType": said})
    made = forecast(replace(facts, load_balancers=(other,)), parse_version("v2.14.0"), load_matrix()).services[0]
    assert ("nlb:DisableLoadBalancerIpv6Internet" in {one.action for one in made.writes}) is asked


@pytest.mark.parametrize(("version", "gone"), [("v2.13.0", False), ("v2.14.0", True)])
def test_the_label_of_a_security_group_that_is_not_wanted_goes_by_versions_that_know_it(
    version: str, gone: bool
) -> None:
    facts = facts_of(version, (), (), notes={"name": "full"})
    metadata = facts.services[0].metadata
    service = replace(facts.services[0], metadata=replace(metadata, labels={**metadata.labels, LABEL: "sg-1"}))
    facts = replace(facts, services=(service,), security_groups=())
    made = forecast(facts, parse_version(version), load_matrix()).services[0]
    assert made.full_sync
    assert (made.labels.get(LABEL) == ("sg-1", None)) is gone


def test_where_there_is_no_other_a_new_nlb_is_not_open_by_ipv6() -> None:
    made = told("v2.14.0", None, (), notes={"ipv6-address-type": "intranet"})
    assert not [one for one in made.writes if "Ipv6Internet" in one.action]
    made = told("v2.14.0", None, (), notes={"ipv6-address-type": "internet"})
    assert "nlb:EnableLoadBalancerIpv6Internet" in {one.action for one in made.writes}
