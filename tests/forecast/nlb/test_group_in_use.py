"""Until v2.11 surplus groups are deleted at every sync, also one that a listener still uses, which the cloud refuses.

Source: `nlbv2/model_applier.go` (Apply: cleanup without listeners where the hash is the same) of v2.5.0 … v2.11.2;
observed where v2.11.2 took over from v2.14.0, and v2.12.4 from v2.5.1.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.forecast.nlb.small import a_group, a_listener, facts_of, told
from upgrader.forecast import World
from upgrader.forecast.hash import HASH_LABEL, service_hash
from upgrader.forecast.service import forecast_service
from upgrader.matrix.load import load_matrix
from upgrader.model.forecast import ServiceForecast
from upgrader.model.version import parse_version


def _told(version: str, used: str, **notes: str) -> ServiceForecast:
    """A Service with its group, and an older group of its own; the listener forwards to `used`. Full with `notes`."""
    groups = (a_group("sgp-now", 30080), a_group("sgp-old", 30081))
    given = {key.replace("_", "-"): text for key, text in notes.items()}
    return told(version, (a_listener(used),), groups, notes=given)


@pytest.mark.parametrize("version", ["v2.5.1", "v2.10.0", "v2.11.2"])
def test_that_a_group_in_use_is_asked_to_go_is_told_with_what_the_cloud_says(version: str) -> None:
    told = _told(version, "sgp-old")
    now = [(write.action, write.object) for write in told.writes if write.effect == "IMMEDIATE"]
    assert now == [("nlb:DeleteServerGroup", "sgp-old")]
    assert [doubt.kind for doubt in told.doubts] == ["refused"]
    assert "still forwards to sgp-old" in told.doubts[0].text


@pytest.mark.parametrize("version", ["v2.8.0", "v2.11.2"])
def test_every_group_of_another_type_goes_where_the_hash_is_the_same(version: str) -> None:
    """The annotation is read from v2.8.0 on; an older CCM made groups of the usual type, and wrote the same hash."""
    target, groups = parse_version(version), (a_group("sgp-now", 30080), a_group("sgp-old", 30081))
    facts = facts_of(version, (a_listener("sgp-now"),), groups, notes={"server-group-type": "Ip"})
    service = facts.services[0]
    label = {HASH_LABEL: service_hash(service, target) or ""}
    service = replace(service, metadata=replace(service.metadata, labels=label))
    told = forecast_service(World.of(replace(facts, services=(service,)), target, load_matrix()), service)
    now = [(write.action, write.object) for write in told.writes if write.effect == "IMMEDIATE"]
    assert now[0] == ("nlb:CreateServerGroup", "")
    assert now[-2:] == [("nlb:DeleteServerGroup", "sgp-now"), ("nlb:DeleteServerGroup", "sgp-old")]
    assert len(told.doubts) == 1
    assert "still forwards to sgp-now" in told.doubts[0].text


@pytest.mark.parametrize("version", ["v2.5.1", "v2.11.2"])
def test_a_group_that_nothing_uses_goes(version: str) -> None:
    told = _told(version, "sgp-now")
    assert [write.object for write in told.writes if write.effect == "IMMEDIATE"] == ["sgp-old"]
    assert told.doubts == ()


@pytest.mark.parametrize("version", ["v2.12.4", "v2.14.0"])
def test_from_v2_12_a_group_of_another_type_never_gets_the_listener(version: str) -> None:
    """The listener's group was looked up before the new one was made, and the old one can't go under it."""
    told = _told(version, "sgp-now", server_group_type="Ip")
    now = [write.action for write in told.writes]
    assert "nlb:CreateServerGroup" in now
    assert "nlb:DeleteServerGroup" in now
    assert [doubt.kind for doubt in told.doubts] == ["refused"]


def test_until_v2_11_the_listener_is_moved_first() -> None:
    told = _told("v2.11.2", "sgp-now", server_group_type="Ip")
    assert [w.action for w in told.writes if "ServerGroupId" in w.changes] == ["nlb:UpdateListenerAttribute"]
    assert told.doubts == ()


def test_from_v2_12_groups_are_left_alone_until_the_next_full_sync() -> None:
    told = _told("v2.14.0", "sgp-old")
    assert not [write for write in told.writes if write.effect == "IMMEDIATE"]
    assert told.doubts == ()
