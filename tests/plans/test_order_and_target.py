"""The order of steps, and the target nobody named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases.world import facts_of
from upgrader.matrix.load import load_matrix
from upgrader.model.errors import BugError
from upgrader.model.plan import Step
from upgrader.plan.order import ordered
from upgrader.plan.target import default_target


def step(name: str, *needs: str) -> Step:
    return Step(id=name, kind="clb.tag", summary=name, params={}, needs=needs)


@given(st.lists(st.lists(st.integers(0, 9), max_size=3), min_size=1, max_size=10), st.randoms())
def test_every_step_follows_all_that_it_needs(needs: list[list[int]], shuffler: object) -> None:
    steps = [step(str(n), *{str(need) for need in wanted if need < n}) for n, wanted in enumerate(needs)]
    mixed = list(steps)
    shuffler.shuffle(mixed)  # type: ignore[attr-defined]
    place = {one.id: position for position, one in enumerate(ordered(mixed))}
    assert set(place) == {one.id for one in steps}
    assert all(place[need] < place[one.id] for one in steps for need in one.needs)


def test_a_circle_and_a_stranger_are_bugs() -> None:
    with pytest.raises(BugError, match="need each other"):
        ordered([step("a", "b"), step("b", "a")])
    with pytest.raises(BugError, match="which no step is"):
        ordered([step("a", "ghost")])


def test_the_newest_release_that_fits() -> None:
    matrix = load_matrix()
    assert default_target(facts_of(), matrix) == matrix.newest


def test_of_an_add_on_the_newest_that_ack_offers() -> None:
    facts = facts_of({"ccm": {"managed_by": "ack", "addon_next": ["v2.13.0", "v2.12.5"]}})
    assert str(default_target(facts, load_matrix())) == "v2.13.0"


def test_an_old_kubernetes_gets_the_newest_that_runs_on_it() -> None:
    facts = facts_of({"identity": {"kubernetes": "v1.20.4"}, "ccm": {"version": "v1.9.3.376"}})
    target = default_target(facts, load_matrix())
    release = load_matrix().release(target)
    assert release is not None
    assert not release.kubernetes_min
    assert str(target) < "v2.9"


def test_what_runs_stays_where_nothing_newer_fits() -> None:
    matrix = load_matrix()
    assert default_target(facts_of({"ccm": {"version": str(matrix.newest)}}), matrix) == matrix.newest
