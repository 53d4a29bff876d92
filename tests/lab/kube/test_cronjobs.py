"""CronJobs start a Job at each time of their schedule, by the lab's time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.kube.hands import Hands
from upgrader.lab.kube.controllers.schedule import parse_schedule


def cron(schedule: str = "*/5 * * * *", command: tuple[str, ...] = ("true",), **spec: Any) -> dict[str, Any]:
    container = {"name": "c", "image": "busybox", "command": list(command)}
    job = {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "tick", "namespace": "default"},
            "spec": {"schedule": schedule, "jobTemplate": job, **spec}}  # fmt: skip


@pytest.fixture
def hands() -> Hands:
    return Hands()


def jobs(hands: Hands) -> list[str]:
    return [one["metadata"]["name"] for one in hands.list("jobs", "batch")]


def test_it_fires_at_each_time_and_keeps_the_last_three(hands: Hands) -> None:
    hands.create(cron())
    assert jobs(hands) == []
    for count in (1, 2, 3, 3, 3):
        hands.wait(300)
        assert len(jobs(hands)) == count
    status = hands.status("cronjobs", "tick", "batch")
    assert status["lastSuccessfulTime"] >= status["lastScheduleTime"]
    assert "active" not in status
    reasons = {one["reason"] for one in hands.list("events") if one["involvedObject"]["kind"] == "CronJob"}
    assert reasons == {"SuccessfulCreate", "SawCompletedJob", "SuccessfulDelete"}


@pytest.mark.parametrize(("policy", "running"), [("Allow", 3), ("Forbid", 1), ("Replace", 1)])
def test_what_still_runs(hands: Hands, policy: str, running: int) -> None:
    hands.create(cron(command=("sleep", "3600"), concurrencyPolicy=policy))
    for _ in range(3):
        hands.wait(300)
    assert len(hands.status("cronjobs", "tick", "batch")["active"]) == running
    assert len(jobs(hands)) == running


def test_a_suspended_one_waits_and_of_missed_times_the_last_counts(hands: Hands) -> None:
    hands.create(cron(suspend=True))
    hands.wait(3600)
    assert jobs(hands) == []
    hands.patch("cronjobs", "tick", {"spec": {"suspend": False}}, "batch")
    assert len(jobs(hands)) == 1


def test_deleting_it_takes_its_jobs(hands: Hands) -> None:
    hands.create(cron())
    hands.wait(300)
    hands.delete("cronjobs", "tick", "batch", propagation="Background")
    assert jobs(hands) == []
    hands.wait(3600)
    assert jobs(hands) == []


def test_what_is_no_schedule_is_told(hands: Hands) -> None:
    hands.create(cron("61 * * * *"))
    assert any(one["reason"] == "UnparseableSchedule" for one in hands.list("events"))


@pytest.mark.parametrize(
    ("schedule", "after", "then"),
    [
        ("0 3 * * *", "2026-11-27T03:00", "2026-11-28T03:00"),
        ("*/15 9-17 * * mon-fri", "2026-11-27T17:45", "2026-11-30T09:00"),
        ("0 0 29 feb *", "2026-11-27T00:00", "2028-02-29T00:00"),
        ("0 0 1 * sun", "2026-11-27T00:00", "2026-11-29T00:00"),
        ("@monthly", "2026-11-27T00:00", "2026-12-01T00:00"),
        ("@every 1h30m", "2026-11-27T00:00", "2026-11-27T01:30"),
        ("5/20 * * * ?", "2026-11-27T00:06", "2026-11-27T00:25"),
        ("0 0 31 2 *", "2026-11-27T00:00", None),
    ],
)
def test_the_next_time(schedule: str, after: str, then: str | None) -> None:
    found = parse_schedule(schedule).after(datetime.fromisoformat(after).replace(tzinfo=UTC))
    assert (found.strftime("%Y-%m-%dT%H:%M") if found else None) == then


@pytest.mark.parametrize("schedule", ["", "* * * *", "60 * * * *", "* * 0 * *", "a * * * *", "*/0 * * * *", "@every x"])
def test_what_is_none(schedule: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its words are the parser's
        parse_schedule(schedule)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)), st.integers(1, 59), st.integers(0, 23))
def test_times_grow_and_fit(moment: datetime, step: int, hour: int) -> None:
    schedule = parse_schedule(f"*/{step} {hour} * * *")
    first = schedule.after(moment)
    assert first is not None
    second = schedule.after(first)
    assert second is not None
    assert moment < first < second
    assert (first.hour, first.minute % step) == (hour, 0)
