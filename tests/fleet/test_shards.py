"""Each cluster of a wave is in exactly one shard, and the Job can never fail more than the wave's budget."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.fleet.test_strategy import fleet
from upgrader import codec
from upgrader.cli import fleet_apply
from upgrader.cli.fleet import fleet as fleet_command
from upgrader.fleet.model import ClusterPlan
from upgrader.fleet.planning import FleetPlan
from upgrader.fleet.shards import indexed_job, object_name, plan_map, shard_of
from upgrader.fleet.strategy import BudgetSpec, Parallel, Strategy, WaveSpec
from upgrader.fleet.waves import waves_of
from upgrader.model.errors import InputError, StaleError


def planned(count: int, failures: int = 3, parallel: int = 10) -> FleetPlan:
    strategy = Strategy(
        target="v2.14.0",
        waves=(WaveSpec(name="all", rest=True, gate=True),),
        budget=BudgetSpec(failures=failures),
        max_parallel=Parallel(total=parallel, per_region=parallel, per_account=parallel),
    )
    members = fleet(count)
    clusters = tuple(ClusterPlan(id=one.id, verdict="READY") for one in members)
    return FleetPlan(strategy=strategy, members=members, waves=waves_of(members, strategy), clusters=clusters,
                     created="2026-11-24T12:00:00Z")  # fmt: skip


@given(count=st.integers(1, 60), shards=st.integers(1, 60))
def test_shards_are_a_partition(count: int, shards: int) -> None:
    plan = planned(count)
    found = [one.id for i in range(min(shards, count)) for one in shard_of(plan, "all", i, shards).members]
    assert sorted(found) == [one.id for one in plan.members]


@given(count=st.integers(1, 500), failures=st.integers(1, 50), parallel=st.integers(1, 50))
def test_a_job_never_overshoots(count: int, failures: int, parallel: int) -> None:
    spec = indexed_job(planned(count, failures, parallel), "all", image="i", namespace="n", config_map="c")["spec"]
    # It stops once more than maxFailedIndexes failed; at that moment up to parallelism - 1 others are in flight.
    worst = spec["maxFailedIndexes"] + 1 + spec["parallelism"] - 1
    assert worst <= failures
    assert spec["completions"] == count


@given(st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=80))
def test_waves_have_names_that_kubernetes_takes_and_never_share_one(one: str, other: str) -> None:
    names = {object_name(one), object_name(other)}
    assert all(re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name) for name in names)
    assert len(names) == len({one, other})


def test_the_config_map_has_the_wave_alone() -> None:
    made = plan_map(planned(5), "all", namespace="n", config_map="c")
    part = codec.decode(made["data"]["fleet.json"].encode(), FleetPlan, where="map")
    assert [one.id for one in part.members] == [one.id for one in planned(5).members]
    with pytest.raises(InputError, match="too large"):
        plan_map(planned(9000), "all", namespace="n", config_map="c")


def test_an_unknown_wave_and_a_shard_that_is_not_there_are_refused() -> None:
    with pytest.raises(InputError, match="waves: all"):
        shard_of(planned(3), "nope", 0, 1)
    with pytest.raises(InputError, match="no shard 3 of 3"):
        shard_of(planned(3), "all", 3, 3)


def test_the_pods_of_a_job_share_the_node_that_has_their_disk_and_an_eviction_is_no_failure() -> None:
    spec = indexed_job(planned(4), "all", image="i", namespace="n", config_map="c")["spec"]
    pod = spec["template"]
    (near,) = pod["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert near["labelSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    assert spec["podFailurePolicy"]["rules"] == [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}
    ]


def test_an_index_that_begins_again_goes_on_and_a_whole_plan_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked: list[str] = []
    monkeypatch.setattr(fleet_apply, "_work", lambda ctx, run, **options: worked.append(run))
    file = tmp_path / "fleet.json"
    file.write_text(codec.pretty(planned(4)))
    shard = ["apply", str(file), "--yes", "--state-dir", str(tmp_path / "state"), "--wave", "all", "--shard", "1/4"]
    for _ in range(2):
        assert CliRunner().invoke(fleet_command, shard).exit_code == 0
    assert worked[0] == worked[1]
    whole = shard[:5]
    assert CliRunner().invoke(fleet_command, whole).exit_code == 0
    assert isinstance(CliRunner().invoke(fleet_command, whole).exception, StaleError)
    assert len(worked) == 3
