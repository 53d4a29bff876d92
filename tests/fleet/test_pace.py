"""All clusters of an account share one pace, and workers share an account's."""

from __future__ import annotations

from pathlib import Path

from upgrader.cli.fleet_job import LiveJob
from upgrader.fleet.strategy import ApiCalls, Strategy


def test_an_account_has_one_pace_that_workers_share(tmp_path: Path) -> None:
    job = LiveJob(tmp_path, endpoint="https://proxy.example.com")
    strategy = Strategy(target="v2.14.0", waves=(), api_calls=ApiCalls(per_second=12))
    job.share(strategy, 1)
    first, again, other = (job._bucket(account) for account in ("a", "a", "b"))
    assert first is not None
    assert other is not None
    assert first is again
    assert first is not other
    assert (first.rate_per_s, other.rate_per_s) == (12, 12)
    job.share(strategy, 3)
    assert (first.rate_per_s, other.rate_per_s) == (4, 4)


def test_a_loopback_is_not_spared(tmp_path: Path) -> None:
    job = LiveJob(tmp_path, endpoint="http://127.0.0.1:9")
    job.share(Strategy(target="v2.14.0", waves=()), 1)
    assert job._bucket("a") is None
