"""Which listeners of an NLB go, and what the creation of a group can't carry.

Source: `nlbv2/model_applier.go` (buildActionsForListeners, isListenerPortMatch), `provider/alibaba/nlb/servergroup.go`
(CreateNLBServerGroup), each tag; observed where v2.14.0 took over from v2.5.1 and from v2.12.4.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.forecast.nlb.small import a_group, a_listener, facts_of, told
from upgrader.forecast import forecast
from upgrader.forecast.hash import HASH_LABEL
from upgrader.matrix.load import load_matrix
from upgrader.model.version import parse_version


def _actions(made: object) -> list[tuple[str, str]]:
    return [(one.action, one.object) for one in made.writes if one.effect == "IMMEDIATE"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("version", ["v2.5.1", "v2.14.0"])
def test_of_two_listeners_that_fit_one_is_kept_and_the_other_left_alone(version: str) -> None:
    """A second listener of the same port and protocol is no surplus: CCM brings the last one to its wish."""
    listeners = (a_listener("sgp-1"), a_listener("sgp-1", id="lsn-2@80", description="by-hand"))
    made = told(version, listeners, (a_group("sgp-1", 30080),), notes={"name": "full"})
    assert ("nlb:UpdateListenerAttribute", "lsn-2@80") in _actions(made)
    assert not [one for one in made.writes if one.action == "nlb:DeleteListener"]


def test_a_listener_that_no_port_wants_goes() -> None:
    listeners = (a_listener("sgp-1"), a_listener("sgp-1", id="lsn-2@81", port=81))
    made = told("v2.14.0", listeners, (a_group("sgp-1", 30080),), notes={"name": "full"})
    assert ("nlb:DeleteListener", "lsn-2@81") in _actions(made)
    assert ("nlb:DeleteListener", "lsn-1@80") not in _actions(made)


@pytest.mark.parametrize(("switch", "later"), [({}, True), ({"connection-drain": "on"}, False)])
def test_a_drain_timeout_alone_follows_the_creation(switch: dict[str, str], later: bool) -> None:
    notes = {"connection-drain-timeout": "60", **switch}
    made = told("v2.14.0", (), (), notes=notes)
    creation = next(one for one in made.writes if one.action == "nlb:CreateServerGroup")
    assert ("ConnectionDrainTimeout" in creation.params) is not later
    updates = [(one.effect, one.changes) for one in made.writes if one.action == "nlb:UpdateServerGroupAttribute"]
    assert updates == ([("LATENT", {"ConnectionDrainTimeout": (None, "60")})] if later else [])


@pytest.mark.parametrize("listeners", [None, (a_listener("sgp-1"),)])
def test_a_preserved_nlb_is_told_of_where_it_is_found_and_not_where_it_is_only_being_made(
    listeners: tuple[object, ...] | None,
) -> None:
    made = told("v2.14.0", listeners, (a_group("sgp-1", 30080),), notes={"preserve-lb-on-delete": "true"})  # type: ignore[arg-type]
    messages = [one.message for one in made.events if one.reason == "PreservedOnDelete"]
    assert messages == ([] if listeners is None else ["The lb [nlb-1] will be preserved after the service is deleted."])


@pytest.mark.parametrize(
    ("version", "notes", "words"),
    [
        ("v2.10.0", {"cps": "x"}, "build nlb server group error: build listener from servicePort 80 error: parse Mss"),
        ("v2.14.0", {"cps": "x"}, "build nlb listener error: build listener from servicePort 80 error: parse Mss"),
        ("v2.10.0", {"connection-drain-timeout": "x"}, "builid nlb listener error: ConnectionDrainTimeout parse"),
        ("v2.14.0", {"connection-drain-timeout": "x"}, "builid nlb server group error: ConnectionDrainTimeout parse"),
        ("v2.12.4", {"protocol-port": "http:80"}, "protocol not supported wit [http]\n"),
        ("v2.14.0", {"protocol-port": "http:80"}, "protocol not supported with [http]\n"),
        ("v2.14.0", {"id": "nlb-2"}, "[nlb-2]: Message: code: 404, The specified resource of loadBalancer"),
    ],
)
def test_an_error_is_told_in_the_words_of_its_version(version: str, notes: dict[str, str], words: str) -> None:
    made = told(version, (), (), notes=notes)
    assert any(words in event.message for event in made.events), made.events


@pytest.mark.parametrize(
    ("version", "zones", "sent"),
    [
        ("v2.8.0", "z1:vsw-1::eip-9", False),
        ("v2.9.1", "z1:vsw-1", False),
        ("v2.9.1", "z1:vsw-1:10.0.0.9", False),
        ("v2.9.1", "z1:vsw-1::eip-1", True),
        ("v2.11.2", "z1:vsw-1::eip-1", True),
        ("v2.12.4", "z1:vsw-1::eip-1", False),
        ("v2.12.4", "z1:vsw-1::eip-9", True),
        ("v2.14.0", "z1:vsw-1:10.0.0.1:eip-1", False),
        ("v2.14.0", "z1:vsw-1:10.0.0.9:eip-1", True),
    ],
)
def test_an_eip_is_asked_for_again_where_a_version_does_not_read_it(version: str, zones: str, sent: bool) -> None:
    """v2.9 to v2.11 compare a zone's EIP with one that they never took from the answer (loadResponse)."""
    facts = facts_of(version, (a_listener("sgp-1"),), (a_group("sgp-1", 30080),), notes={"zone-maps": zones})
    nlbs = tuple(
        replace(one, attributes={"ZoneMappings": "z1:vsw-1:10.0.0.1:eip-1"}) for one in facts.load_balancers or ()
    )
    made = forecast(replace(facts, load_balancers=nlbs), parse_version(version), load_matrix()).services[0]
    assert (("nlb:UpdateLoadBalancerZones", "nlb-1") in _actions(made)) is sent


@pytest.mark.parametrize(("override", "refused"), [(None, False), ("false", False), ("true", True)])
def test_v2_11_misses_the_group_of_a_range_only_where_it_writes_the_listeners(
    override: str | None, refused: bool
) -> None:
    """applyListeners returns at once on an NLB of the user's; observed where v2.11.2 took over from v2.6.0."""
    notes = {"id": "nlb-1", "listener-port-range": "2000-2050:80"}
    notes |= {} if override is None else {"force-override-listeners": override}
    facts = facts_of("v2.11.2", (), (), notes=notes)
    metadata = facts.services[0].metadata
    eni = {**metadata.annotations, "service.beta.kubernetes.io/backend-type": "eni"}
    service = replace(facts.services[0], metadata=replace(metadata, annotations=eni))
    mine = replace((facts.load_balancers or ())[0], tags={})
    facts = replace(facts, services=(service,), load_balancers=(mine,))
    made = forecast(facts, parse_version("v2.11.2"), load_matrix()).services[0]
    assert (made.refusal is not None) is refused
    assert (HASH_LABEL in made.labels) is not refused
