"""One cluster that can't be read is UNKNOWN, told with its cause, and stops nobody else."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.fleet.test_strategy import fleet
from upgrader.fleet.model import Member
from upgrader.fleet.planning import plan_fleet, refuse_torn
from upgrader.fleet.strategy import Selector, Strategy, WaveSpec, Window
from upgrader.model.errors import InputError, TransientError
from upgrader.model.plan import Plan

STRATEGY = Strategy(target="v2.14.0", waves=(WaveSpec(name="all", rest=True),))


def unreachable(member: Member, strategy: Strategy) -> Plan:
    raise TransientError(f"the API of {member.id} does not answer")


def test_unreachable_and_stopped_clusters_are_unknown_with_their_cause() -> None:
    first, second = fleet(2)
    made = plan_fleet((first, replace(second, state="stopped")), STRATEGY, unreachable, now="2026-11-24T12:00:00Z")
    assert [(one.verdict, one.error) for one in made.clusters] == [
        ("UNKNOWN", "the API of c0000 does not answer"),
        ("UNKNOWN", "the cluster is stopped"),
    ]


def test_an_empty_selection_is_an_error() -> None:
    strategy = replace(STRATEGY, select=Selector(regions=("cn-nowhere",)))
    with pytest.raises(InputError, match="selection is empty"):
        plan_fleet(fleet(2), strategy, unreachable, now="")


def broken(member: Member, strategy: Strategy) -> Plan:
    raise KeyError(member.id)


def test_a_bug_that_one_cluster_wakes_stops_nobody_elses_plan() -> None:
    made = plan_fleet(fleet(2), STRATEGY, broken, now="")
    assert [one.verdict for one in made.clusters] == ["UNKNOWN", "UNKNOWN"]
    assert made.clusters[0].error == "a bug of ccm-upgrade: KeyError: 'c0000'"


def test_a_plan_that_was_torn_is_refused() -> None:
    good = plan_fleet(fleet(3), STRATEGY, unreachable, now="")
    refuse_torn(good)
    (wave,) = good.waves
    torn = (
        replace(good, members=good.members[1:]),
        replace(good, clusters=good.clusters[1:]),
        replace(good, waves=()),
        replace(good, waves=(replace(wave, members=(*wave.members, wave.members[0])),)),
        replace(good, strategy=replace(STRATEGY, windows=(Window(start="22:00", end="04:00", zone="Asia"),))),
    )
    for plan in torn:
        with pytest.raises(InputError, match="not a fleet plan that can be carried out"):
            refuse_torn(plan)
