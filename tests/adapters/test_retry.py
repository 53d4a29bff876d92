"""Patience on a clock that the test holds: how often, how long, and never for a write."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.adapters.recorded import Recorder
from upgrader.adapters.aliyun.call import Call
from upgrader.adapters.aliyun.errors import from_code
from upgrader.adapters.aliyun.retry import AT_ONCE, Bucket, Patient
from upgrader.adapters.kube.patient import Patient as KubePatient
from upgrader.adapters.patience import ATTEMPTS, ATTEMPTS_UNREACHABLE, NoAnswerError, UnreachableError
from upgrader.lab.faults import Fault, Faults
from upgrader.model.errors import DeniedError, TransientError

READ = Call(product="slb", action="DescribeLoadBalancers", region="r")
WRITE = Call(product="slb", action="TagResources", region="r")


class HeldClock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


class Failing:
    """Fails so many times, then answers."""

    def __init__(self, error: Exception, times: int = 10_000) -> None:
        self.error, self.times, self.sent = error, times, 0

    def send(self, call: Call) -> dict[str, Any]:
        self.sent += 1
        if self.sent <= self.times:
            raise self.error
        return {"ok": True}


@pytest.mark.parametrize(
    ("call", "error", "sent"),
    [
        (READ, TransientError(what="busy"), ATTEMPTS),
        (READ, UnreachableError(what="nobody"), ATTEMPTS_UNREACHABLE),
        (READ, NoAnswerError(what="silent"), ATTEMPTS_UNREACHABLE),
        (READ, DeniedError(what="no", action="a"), 1),
        (WRITE, TransientError(what="busy"), 1),
        (WRITE, UnreachableError(what="nobody"), 1),
    ],
)
def test_how_often(call: Call, error: Exception, sent: int) -> None:
    transport = Failing(error)
    with pytest.raises(type(error)):
        Patient(transport, HeldClock()).send(call)
    assert transport.sent == sent


def test_a_call_that_was_never_answered_is_asked_less_patiently_until_it_is() -> None:
    failing = Failing(TransientError(what="broken"), times=ATTEMPTS + ATTEMPTS_UNREACHABLE)
    patient = Patient(failing, HeldClock())
    for sent in (ATTEMPTS, ATTEMPTS + ATTEMPTS_UNREACHABLE):
        with pytest.raises(TransientError):
            patient.send(READ)
        assert failing.sent == sent
    assert patient.send(READ) == {"ok": True}
    failing.sent, failing.times = 0, ATTEMPTS - 1
    assert patient.send(READ) == {"ok": True}


def test_who_was_told_to_come_later_stays_patient() -> None:
    failing = Failing(TransientError(what="busy", why="Throttling.User"), times=2 * ATTEMPTS - 1)
    patient = Patient(failing, HeldClock())
    with pytest.raises(TransientError):
        patient.send(READ)
    assert patient.send(READ) == {"ok": True}


def test_a_passing_failure_is_not_seen() -> None:
    assert Patient(Failing(TransientError(what="busy"), times=3), HeldClock()).send(READ) == {"ok": True}


def test_the_deadline_holds_and_the_server_may_say_when() -> None:
    clock = HeldClock()
    transport = Failing(TransientError(what="busy", retry_after_s=40.0))
    with pytest.raises(TransientError):
        Patient(transport, clock, deadline_s=90).send(READ)
    assert (transport.sent, clock.passed) == (3, 80.0)


def test_the_pace_is_kept_by_all_together() -> None:
    clock = HeldClock()
    bucket = Bucket(clock, rate_per_s=10, burst=5)
    transport = Patient(Failing(TransientError(what="x"), times=0), clock, bucket)
    for _ in range(5):
        transport.send(READ)
    assert clock.passed == 0
    for _ in range(20):
        transport.send(READ)
    assert clock.passed == pytest.approx(2.0)


class Cluster(Failing):
    """A failing API server."""

    host = "https://cluster"

    def request(self, *args: Any, **more: Any) -> bytes:
        self.send(READ)
        return b"{}"

    def stream(self, *args: Any, **more: Any) -> Iterator[bytes]:
        yield from ()


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [("GET", "/api/v1/nodes", ATTEMPTS), ("POST", "/apis/x/selfsubjectaccessreviews", ATTEMPTS), ("PATCH", "/x", 1)],
)
def test_a_cluster_is_asked_again_and_never_written_to_again(method: str, path: str, sent: int) -> None:
    transport = Cluster(TransientError(what="busy"))
    with pytest.raises(TransientError):
        KubePatient(transport, HeldClock()).request(method, path, asked="x")
    assert transport.sent == sent


def test_who_is_throttled_slows_down_once_a_second_and_recovers() -> None:
    clock = HeldClock()
    bucket = Bucket(clock, rate_per_s=40, burst=40)
    bucket.slow_down()
    bucket.slow_down()  # another thread, of the same moment
    assert bucket.rate_per_s == pytest.approx(28)
    clock.passed += 1
    bucket.slow_down()
    assert bucket.rate_per_s == pytest.approx(19.6)
    clock.passed += 29  # thirty since the last one was taken
    bucket.take()
    assert bucket.rate_per_s == pytest.approx(39.2)
    clock.passed += 10_000
    bucket.take()
    assert bucket.rate_per_s == 40


def test_the_slowest_pace_still_moves() -> None:
    clock = HeldClock()
    bucket = Bucket(clock, rate_per_s=40, burst=40)
    for _ in range(100):
        clock.passed += 1
        bucket.slow_down()
    assert bucket.rate_per_s == 1
    bucket.pace(0.5)
    clock.passed += 1
    bucket.slow_down()
    assert bucket.rate_per_s == 0.5


class Quota:
    """An account that may be asked so many times a second, and throttles the rest."""

    def __init__(self, clock: HeldClock, per_s: float) -> None:
        self.faults = Faults(clock)
        self.faults.add(Fault(action="*", code="Throttling.User", over_per_s=per_s, times=None))
        self.sent = self.throttled = 0

    def send(self, call: Call) -> dict[str, Any]:
        self.sent += 1
        if self.faults.take(call.product, call.action, call.params):
            self.throttled += 1
            raise from_code(call, 400, "Throttling.User", "Request was denied due to user flow control.")
        return {"ok": True}


@pytest.mark.parametrize("per_s", [2, 10, 35])
def test_under_a_smaller_quota_every_answer_comes_and_little_is_asked_twice(per_s: float) -> None:
    clock = HeldClock()
    account = Quota(clock, per_s)
    transport = Patient(account, clock, Bucket(clock))
    for _ in range(1000):
        transport.send(READ)
    assert account.throttled < 150
    assert clock.passed < 2 * 1000 / per_s


def test_only_so_many_are_on_their_way_whoever_asks() -> None:
    class Waiting:
        """Answers only when it is let."""

        open = threading.Event()

        def send(self, call: Call) -> dict[str, Any]:
            self.open.wait(10)
            return {}

    counted = Recorder(Waiting())
    transport = Patient(counted, HeldClock())
    with ThreadPoolExecutor(3 * AT_ONCE) as pool:
        answers = [pool.submit(transport.send, READ) for _ in range(3 * AT_ONCE)]
        while counted.most_at_once < AT_ONCE:
            threading.Event().wait(0.001)
        Waiting.open.set()
        assert [answer.result() for answer in answers] == [{}] * 3 * AT_ONCE
    assert counted.most_at_once == AT_ONCE
