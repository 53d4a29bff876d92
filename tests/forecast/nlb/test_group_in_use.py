"""Until v2.11 surplus groups are deleted at every sync, also one that a listener still uses: the cloud refuses that.

Source: `nlbv2/model_applier.go` (Apply: cleanup without listeners where the hash is the same) of v2.5.0 … v2.11.2;
observed where v2.11.2 took over from v2.14.0, and v2.12.4 from v2.5.1.
"""

from __future__ import annotations

import pytest

from tests.forecast.nlb.small import a_group, a_listener, told
from upgrader.model.forecast import ServiceForecast


def _told(version: str, used: str, **notes: str) -> ServiceForecast:
    """A Service with its group, and an older group of its own; the listener forwards to `used`. Full with `notes`."""
    groups = (a_group("sgp-now", 30080), a_group("sgp-old", 30081))
    given = {key.replace("_", "-"): text for key, text in notes.items()}
    return told(version, (a_listener(used),), groups, notes=given)


@pytest.mark.parametrize("version", ["v2.5.1", "v2.10.0", "v2.11.2"])
def test_a_group_in_use_ends_the_sync(version: str) -> None:
    told = _told(version, "sgp-old")
    now = [(write.action, write.object) for write in told.writes if write.effect == "IMMEDIATE"]
    assert now == [("nlb:DeleteServerGroup", "sgp-old")]
    assert told.refusal is not None
    assert told.refusal.code == "group-in-use"
    assert [(event.type, event.reason) for event in told.events][-1] == ("Warning", "SyncLoadBalancerFailed")


@pytest.mark.parametrize("version", ["v2.5.1", "v2.11.2"])
def test_a_group_that_nothing_uses_goes(version: str) -> None:
    told = _told(version, "sgp-now")
    assert [write.object for write in told.writes if write.effect == "IMMEDIATE"] == ["sgp-old"]
    assert told.refusal is None


@pytest.mark.parametrize("version", ["v2.12.4", "v2.14.0"])
def test_from_v2_12_a_group_of_another_type_never_gets_the_listener(version: str) -> None:
    """The listener's group was looked up before the new one was made, and the old one can't go under it."""
    told = _told(version, "sgp-now", server_group_type="Ip")
    now = [write.action for write in told.writes]
    assert "nlb:CreateServerGroup" in now
    assert "nlb:DeleteServerGroup" in now
    assert told.refusal is not None
    assert told.refusal.code == "group-in-use"
    assert not told.labels


def test_until_v2_11_the_listener_is_moved_first() -> None:
    told = _told("v2.11.2", "sgp-now", server_group_type="Ip")
    assert [w.action for w in told.writes if "ServerGroupId" in w.changes] == ["nlb:UpdateListenerAttribute"]
    assert told.refusal is None


def test_from_v2_12_groups_are_left_alone_until_the_next_full_sync() -> None:
    told = _told("v2.14.0", "sgp-old")
    assert not [write for write in told.writes if write.effect == "IMMEDIATE"]
    assert told.refusal is None
