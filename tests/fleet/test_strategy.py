"""A strategy file means what it says, and every mistake in it is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrader.fleet.mistakes import refuse_blind_waves
from upgrader.fleet.model import Budget, Member
from upgrader.fleet.planning import plan_fleet
from upgrader.fleet.strategy import Selector, Strategy, WaveSpec, Window, load_strategy, seconds
from upgrader.fleet.waves import select, waves_of
from upgrader.model.errors import InputError

GOOD = """
name: prod
target: v2.14.0
select: {regions: [cn-hangzhou], version: "<v2.14.0"}
budget: {failures: 5%}
max_parallel: {total: 20, per_region: 5}
windows:
  - {days: [fri], from: "22:00", to: "04:00", zone: Asia/Shanghai}
waves:
  - {name: canary, select: {tags: {ring: "0"}}, soak: 30m, gate: true, max_parallel: 1}
  - {name: tenth, percent: 10}
  - {name: rest, rest: true}
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "strategy.yaml"
    path.write_text(text)
    return path


def fleet(count: int) -> tuple[Member, ...]:
    return tuple(
        Member(id=f"c{n:04}", name=f"prod-{n}", region="cn-hangzhou", version="v2.10.0", tags=(("ring", str(n % 10)),))
        for n in range(count)
    )


def test_a_good_file_deals_each_cluster_once(tmp_path: Path) -> None:
    strategy = load_strategy(write(tmp_path, GOOD))
    waves = waves_of(select(fleet(100), strategy), strategy)
    assert [(w.name, len(w.members)) for w in waves] == [("canary", 10), ("tenth", 10), ("rest", 80)]
    assert waves[0].soak_s == 1800
    assert waves[0].gate
    assert [w.budget.allowed for w in waves] == [1, 1, 4]
    assert len({m for w in waves for m in w.members}) == 100


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("name: prod", "nmae: prod"), "nmae"),
        (("target: v2.14.0", "target: v2..14"), "v2..14"),
        (("failures: 5%", "failures: 0"), "1 is the least"),
        (("failures: 5%", "failures: lots"), "lots"),
        (("soak: 30m", "soak: soon"), "soon"),
        (("Asia/Shanghai", "Asia/Nowhere"), "Nowhere"),
        (("percent: 10", "percent: 0"), "not between 1 and 100"),
        (("percent: 10", "percent: 10, count: 3"), "exactly one of"),
        (("name: tenth", "name: canary"), "used twice"),
        (('"<v2.14.0"', '"older"'), "no comparison"),
        (("per_region: 5", "per_region: 0"), "less than 1"),
        (("days: [fri]", "days: [friday]"), "friday"),
        (("days: [fri]", "days: []"), "never opens"),
        (('to: "04:00"', 'to: "22:00"'), "never opens"),
        (('from: "22:00"', 'from: "22:00+08:00"'), "no time of day"),
        (("soak: 30m", "soak: 9999999d"), "more than a year"),
        (("percent: 10", "rest: true"), "its wave is the last"),
        (("name: prod", "name: ../../etc"), "is no name"),
        (("name: tenth", 'name: ""'), "is no name"),
        (("percent: 10", "percent: ten"), r"waves\[1\].percent"),
        (("gate: true", "gate: maybe"), r"waves\[0\].gate"),
        (("  - {name: canary", "\t- {name: canary"), "strategy.yaml:10: not valid YAML"),
    ],
)
def test_every_mistake_is_named(tmp_path: Path, change: tuple[str, str], named: str) -> None:
    text = GOOD.replace(*change)
    assert text != GOOD
    with pytest.raises(InputError, match=named):
        load_strategy(write(tmp_path, text))


def test_a_canary_that_nobody_is_meant_by_stops_the_plan_before_anybody_is_looked_at(tmp_path: Path) -> None:
    def looked(*_: object) -> NoReturn:
        raise AssertionError("nobody is to be looked at")

    slip = load_strategy(write(tmp_path, GOOD.replace('ring: "0"', "ring: O")))
    with pytest.raises(InputError, match="`select` of wave canary"):
        plan_fleet(fleet(20), slip, looked, now="")


def test_a_wave_whose_clusters_are_done_or_dealt_already_is_no_mistake(tmp_path: Path) -> None:
    strategy = load_strategy(write(tmp_path, GOOD.replace("percent: 10", 'select: {tags: {ring: "0"}}')))
    refuse_blind_waves(strategy, fleet(20))
    assert [w.name for w in waves_of(fleet(20), strategy)] == ["canary", "rest"]


def test_an_empty_selection_is_an_error() -> None:
    with pytest.raises(InputError, match="the selection is empty"):
        select(fleet(3), Strategy(target="v2.14.0", waves=(), select=Selector(names=("nothing-*",))))


def test_clusters_in_no_wave_are_named() -> None:
    strategy = Strategy(target="v2.14.0", waves=(WaveSpec(name="one", count=1),))
    with pytest.raises(InputError, match="2 of 3 clusters are in no wave: prod-1, prod-2"):
        waves_of(fleet(3), strategy)


def test_a_window_over_midnight_belongs_to_the_day_it_began() -> None:
    window = Window(start="22:00", end="04:00", days=("fri",), zone="Asia/Shanghai")
    friday_night = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)  # 23:00 on Friday in Shanghai
    assert window.contains(friday_night)
    assert window.contains(friday_night + timedelta(hours=4))  # 03:00 on Saturday
    assert not window.contains(friday_night + timedelta(hours=5))
    assert not window.contains(friday_night - timedelta(days=1))


@pytest.mark.parametrize(("text", "value"), [("90s", 90), ("1h30m", 5400), ("2d", 172800)])
def test_durations(text: str, value: int) -> None:
    assert seconds(text) == value


@given(st.lists(st.sampled_from(["start", "ok", "fail"]), max_size=300), st.integers(1, 20), st.integers(0, 4))
def test_never_more_than_allowed_in_danger(moves: list[str], allowed: int, consecutive: int) -> None:
    budget = Budget(allowed=allowed, consecutive=consecutive)
    failed = in_flight = row = 0
    for move in moves:
        if move == "start" and budget.admits(failed, in_flight, row):
            in_flight += 1
        elif move == "ok" and in_flight:
            in_flight, row = in_flight - 1, 0
        elif move == "fail" and in_flight:
            in_flight, failed, row = in_flight - 1, failed + 1, row + 1
        assert failed + in_flight <= allowed
        assert not (budget.spent(failed, row) and budget.admits(failed, in_flight, row))


@given(st.integers(1, 60), st.lists(st.integers(1, 100), min_size=0, max_size=4))
def test_waves_partition_the_fleet(count: int, shares: list[int]) -> None:
    specs = tuple(WaveSpec(name=f"w{n}", percent=share) for n, share in enumerate(shares))
    strategy = Strategy(target="v2.14.0", waves=(*specs, WaveSpec(name="rest", rest=True)))
    dealt = [member for wave in waves_of(fleet(count), strategy) for member in wave.members]
    assert sorted(dealt) == [member.id for member in fleet(count)]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("target: v2.14.0", "target: v2.99.0"), "v2.99.0 is no release that is known"),
        (("target: v2.14.0", "target: v2.14.1"), "did you mean v2.14.0"),
        (("failures: 5%", "failures: 0%"), "1 is the least"),
        (("Asia/Shanghai", "Asia"), "'Asia' is no time zone"),
        (("Asia/Shanghai", "../../etc/passwd"), "is no time zone"),
        (("Asia/Shanghai", "zone.tab"), "is no time zone"),
    ],
)
def test_what_no_shape_shows_is_named_too(tmp_path: Path, change: tuple[str, str], named: str) -> None:
    with pytest.raises(InputError, match=named):
        load_strategy(write(tmp_path, GOOD.replace(*change)))
