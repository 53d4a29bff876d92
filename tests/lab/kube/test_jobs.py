"""Jobs run to their end: completions, indexes, failures, deadlines."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.kube.hands import Hands, job


@pytest.fixture
def hands() -> Hands:
    return Hands()


def of(hands: Hands, **spec: Any) -> dict[str, Any]:
    hands.create(job(spec.pop("command", ["true"]), **spec))
    return hands.status("jobs", "once", "batch")


def test_one_pod_is_enough_unless_more_are_asked_for(hands: Hands) -> None:
    status = of(hands, completions=5, parallelism=2)
    assert status["succeeded"] == 5
    assert hands.condition("jobs", "once", "Complete", "batch") == "True CompletionsReached"
    assert status["completionTime"]
    assert len(hands.pods()) == 5


def test_it_takes_its_time(hands: Hands) -> None:
    assert of(hands, command=["sleep", "30"])["active"] == 1
    hands.wait(29)
    assert hands.status("jobs", "once", "batch")["active"] == 1
    hands.wait(1)
    assert hands.status("jobs", "once", "batch")["succeeded"] == 1


def test_indexes_are_each_done_once(hands: Hands) -> None:
    status = of(hands, completions=4, parallelism=4, completionMode="Indexed")
    assert status["completedIndexes"] == "0-3"
    indexes = [one["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"] for one in hands.list("pods")]
    assert sorted(indexes) == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("spec", "reason", "failed"),
    [
        ({"backoffLimit": 2}, "BackoffLimitExceeded", 3),
        ({"completions": 3, "completionMode": "Indexed", "backoffLimitPerIndex": 0, "backoffLimit": 100,
          "parallelism": 1}, "FailedIndexes", 3),
        ({"completions": 5, "completionMode": "Indexed", "backoffLimitPerIndex": 0, "backoffLimit": 100,
          "maxFailedIndexes": 1, "parallelism": 1}, "MaxFailedIndexesExceeded", 2),
    ],
)  # fmt: skip
def test_it_fails_when_too_much_failed(hands: Hands, spec: dict[str, Any], reason: str, failed: int) -> None:
    status = of(hands, command=["sh", "-c", "exit 1"], **spec)
    assert status["failed"] == failed
    assert hands.condition("jobs", "once", "Failed", "batch") == f"True {reason}"


def test_a_deadline_ends_it_and_its_pods(hands: Hands) -> None:
    of(hands, command=["sleep", "infinity"], activeDeadlineSeconds=60)
    hands.wait(60)
    assert hands.condition("jobs", "once", "Failed", "batch") == "True DeadlineExceeded"
    assert hands.pods() == {}


def test_it_can_be_suspended_and_is_forgotten_when_it_said_so(hands: Hands) -> None:
    of(hands, suspend=True, ttlSecondsAfterFinished=100)
    assert hands.pods() == {}
    hands.patch("jobs", "once", {"spec": {"suspend": False}}, "batch")
    assert hands.condition("jobs", "once", "Complete", "batch") == "True CompletionsReached"
    hands.wait(101)
    assert hands.list("jobs", "batch") == []
    assert hands.pods() == {}
