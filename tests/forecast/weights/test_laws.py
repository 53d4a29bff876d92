"""What holds for weights at every version: bounds, sums, order, and no dependence on anything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrader.forecast.weights import WeightWish, eci_weights, even_weights, node_weights
from upgrader.matrix.behaviour import Behaviour, behaviour
from upgrader.model.version import parse_version

VERSIONS = (
    "v1.9.3.101", "v1.9.3.239", "v1.9.3.316", "v1.9.3.376", "v2.1.0", "v2.3.0", "v2.4.4", "v2.9.1", "v2.10.0",
    "v2.11.2", "v2.12.4", "v2.14.0",
)  # fmt: skip
ways = st.sampled_from([behaviour(parse_version(version)) for version in VERSIONS])
pods = st.lists(st.integers(0, 300), min_size=1, max_size=30)
total = st.integers(0, 100)


@given(ways, pods)
def test_a_node_has_a_weight_just_when_it_has_pods(ways: Behaviour, pods: list[int]) -> None:
    found = node_weights(ways, pods)
    assert [weight is None for weight in found] == [count == 0 for count in pods]
    assert all(weight is None or weight >= 0 for weight in found)


@given(ways, pods)
def test_more_pods_never_weigh_less(ways: Behaviour, pods: list[int]) -> None:
    pairs = sorted((count, weight) for count, weight in zip(pods, node_weights(ways, pods), strict=True) if weight)
    assert [weight for _, weight in pairs] == sorted(weight for _, weight in pairs)


@given(ways, pods, st.randoms())
def test_the_order_of_nodes_does_not_matter(ways: Behaviour, pods: list[int], random: object) -> None:
    there = dict(zip(pods, node_weights(ways, pods), strict=True))
    back = dict(zip(reversed(pods), node_weights(ways, list(reversed(pods))), strict=True))
    assert there == back


@given(ways, st.lists(st.integers(1, 50), min_size=1, max_size=40), total)
def test_a_wished_total_is_shared_out(ways: Behaviour, pods: list[int], total: int) -> None:
    if not ways.weight_annotation_clb:
        return
    found = [weight or 0 for weight in node_weights(ways, pods, wish=WeightWish(total=total))]
    if total == 0:
        assert set(found) == {0}
    else:
        assert min(found) >= 1
        assert sum(found) <= max(total, 0) + len(pods)


@given(ways, st.integers(1, 200), total)
def test_even_weights_are_even(ways: Behaviour, count: int, total: int) -> None:
    for wish in (WeightWish(), WeightWish(total=total)):
        found = even_weights(ways, count, wish=wish)
        assert len(found) == count
        assert len(set(found)) == 1
        assert 0 <= found[0] <= 100


@given(ways, st.integers(0, 20), st.integers(0, 40))
def test_virtual_pods_each_weigh_the_same(ways: Behaviour, eci: int, others: int) -> None:
    found = eci_weights(ways, eci, eci + others)
    assert len(set(found)) <= 1
    assert len(found) == (min(eci, 1) if ways.eci_local == "single" else eci)


@pytest.mark.parametrize(
    ("version", "weights"),
    [
        ("v1.9.3.239", (50, 33, 16)),
        ("v2.1.0", (3, 2, 1)),
        ("v2.10.0", (3, 2, 1)),
        ("v2.14.0", (3, 2, 1)),
    ],
)
def test_three_two_one_as_observed(version: str, weights: tuple[int, ...]) -> None:
    assert node_weights(behaviour(parse_version(version)), (3, 2, 1)) == weights


@pytest.mark.parametrize(
    ("version", "weight"), [("v1.9.3.239", 100), ("v2.1.0", 1), ("v2.3.0", 100), ("v2.12.4", 100), ("v2.14.0", 10)]
)
def test_the_default_weight_is_read_by_the_newest_only(version: str, weight: int) -> None:
    assert set(even_weights(behaviour(parse_version(version)), 5, wish=WeightWish(default=10))) == {weight}
