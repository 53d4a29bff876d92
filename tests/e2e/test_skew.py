"""The machine's clock is some minutes ahead of the API server's, or behind: nothing is misjudged."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.e2e.conftest import Desk, Start
from upgrader.cli.exit_codes import Exit
from upgrader.execute.lock import DURATION_S
from upgrader.model.kube import Event, EventMetadata
from upgrader.ports.clock import SystemClock

TARGET = ("--to", "v2.14.0")
SKEWS = pytest.mark.parametrize("minutes", [-7, 7], ids=["ahead", "behind"])


def skewed(desk: Desk, minutes: float) -> Desk:
    """The server's clock is so far ahead of ours."""
    moment = SystemClock().now() + timedelta(minutes=minutes)
    desk.lab.run(lambda: desk.lab.cloud.clock.set_to(moment))
    return desk


@SKEWS
def test_an_upgrade_and_its_rollback_are_verified(start: Start, minutes: float) -> None:
    desk = skewed(start("demo"), minutes)

    run = desk.apply(*TARGET)

    assert run["state"] == "SUCCEEDED"
    assert run["verdict"]["outcome"] == "PASS"
    back = desk.json("rollback", run["id"], "--state-dir", str(desk.home))
    assert back["state"] == "ROLLED_BACK"


@SKEWS
@pytest.mark.parametrize("age_s", [DURATION_S - 20, DURATION_S + 20], ids=["alive", "dead"])
def test_a_lock_expires_by_the_servers_clock(start: Start, minutes: float, age_s: float) -> None:
    desk = skewed(start("self-managed"), minutes)
    cluster, clock = desk.lab.cluster(), desk.lab.cloud.clock

    def held() -> None:
        beat = (clock.now() - timedelta(seconds=age_s)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        cluster.local.put({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": "ccm-upgrade", "namespace": "kube-system",
                         "annotations": {"ccm-upgrade.io/token": "1", "ccm-upgrade.io/run": "theirs"}},
            "spec": {"holderIdentity": "elsewhere/1/theirs", "renewTime": beat, "leaseDurationSeconds": DURATION_S},
        })  # fmt: skip

    desk.lab.run(held)
    desk.apply(*TARGET, expect=Exit.LOCKED if age_s < DURATION_S else Exit.DONE)


def event(created: str, first: str, last: str) -> Event:
    return Event(metadata=EventMetadata(creation_timestamp=created), first_timestamp=first, last_timestamp=last)


@pytest.mark.parametrize(
    ("created", "first", "last", "seen"),
    [
        # Its sender's clock is right, ahead, behind.
        ("2026-11-24T12:00:00Z", "2026-11-24T12:00:00Z", "2026-11-24T12:10:00Z", "2026-11-24T12:10:00Z"),
        ("2026-11-24T12:00:00Z", "2026-11-24T12:07:00Z", "2026-11-24T12:17:00Z", "2026-11-24T12:10:00Z"),
        ("2026-11-24T12:00:00Z", "2026-11-24T11:53:00Z", "2026-11-24T12:03:00Z", "2026-11-24T12:10:00Z"),
        # The server had forgotten it, and its sender made it anew hours after it was first seen.
        ("2026-11-24T15:00:00Z", "2026-11-24T12:00:00Z", "2026-11-24T15:00:01Z", "2026-11-24T15:00:01Z"),
        # Parts of a second and other zones; what is no moment stays.
        ("", "", "2026-11-24T12:10:00.999999Z", "2026-11-24T12:10:00Z"),
        ("", "", "2026-11-24T20:10:00+08:00", "2026-11-24T12:10:00Z"),
        ("yesterday", "noon", "now", "now"),
    ],
)
def test_an_events_age_is_told_by_the_servers_clock(created: str, first: str, last: str, seen: str) -> None:
    assert event(created, first, last).last_seen == seen


def test_the_lab_tells_its_own_time(start: Start) -> None:
    desk = skewed(start("self-managed"), 60)
    taken = datetime.fromisoformat(desk.json("discover")["taken_at"])
    assert abs(taken - desk.lab.cloud.clock.now()) < timedelta(minutes=1)
