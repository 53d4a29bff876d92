"""The way from one version to another."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrader.matrix.load import load_matrix
from upgrader.matrix.model import Matrix
from upgrader.matrix.route import find_route
from upgrader.model.version import CcmVersion, parse_version


def way(matrix: Matrix, frm: str, to: str, **cluster: str) -> list[str]:
    route = find_route(matrix, parse_version(frm), parse_version(to), **cluster)
    assert route.blocked is None
    return [str(hop) for hop in route.hops]


def test_a_plain_jump_goes_straight(matrix: Matrix) -> None:
    assert way(matrix, "v2.10.0", "v2.14.0") == ["v2.14.0"]
    assert way(matrix, "v1.9.3.239-g40d97e1-aliyun", "v2.14.0") == ["v2.14.0"]


def test_nothing_to_do(matrix: Matrix) -> None:
    assert way(matrix, "v1.9.3.276", "v1.9.3.276-g372aa98-aliyun") == []


def test_backends_without_description_need_a_stop(matrix: Matrix) -> None:
    first, last = way(matrix, "v1.9.3.164-g2105d2e-aliyun", "v2.14.0")
    assert parse_version("v1.9.3.208") <= parse_version(first) <= parse_version("v1.9.3.366")
    assert last == "v2.14.0"
    route = find_route(matrix, parse_version("v1.9.3.164"), parse_version("v2.14.0"))
    assert "description" in route.why[0]


@pytest.mark.parametrize(
    ("frm", "to", "hops"),
    [("v1.9.3.187", "v1.9.3.366", 1), ("v1.9.3.187", "v1.9.3.367", 2), ("v1.9.3.188", "v1.9.3.367", 1)],
)
def test_the_stop_holds_for_its_bounds_exactly(matrix: Matrix, frm: str, to: str, hops: int) -> None:
    assert len(way(matrix, frm, to)) == hops


@pytest.mark.parametrize("target", ["v2.9.1", "v2.14.0", "v2.10.3"])
def test_endpoint_slices_need_kubernetes_1_21(matrix: Matrix, target: str) -> None:
    frm, to = parse_version("v2.6.0"), parse_version(target)
    route = find_route(matrix, frm, to, kubernetes="v1.20.11-aliyun.1")
    assert route.hops == ()
    assert route.blocked is not None
    assert route.blocked.by == "kubernetes"
    assert "The newest release that fits is v2.8.3" in route.blocked.why
    assert find_route(matrix, frm, to, kubernetes="1.21").blocked is None


def test_a_build_that_was_not_published_for_this_kind(matrix: Matrix) -> None:
    route = find_route(matrix, parse_version("v2.6.0"), parse_version("v2.8.3"), kind="managed")
    assert route.blocked is not None
    assert (route.blocked.by, "v2.8.1" in route.blocked.why) == ("kind", True)


@pytest.mark.parametrize(("frm", "to"), [("v2.14.0", "v3.0.0"), ("v3.0.0", "v2.14.0"), ("v9.9.9", "v9.9.9")])
def test_beyond_the_knowledge_nothing_is_guessed(matrix: Matrix, frm: str, to: str) -> None:
    route = find_route(matrix, parse_version(frm), parse_version(to))
    assert route.blocked is not None
    assert route.blocked.by == "knowledge"


def test_locks_that_do_not_meet_are_told(matrix: Matrix) -> None:
    def why(frm: str, to: str) -> str:
        return " ".join(find_route(matrix, parse_version(frm), parse_version(to)).why)

    assert "stop all old pods" in why("v1.9.3.372", "v1.9.3.376")
    assert "stop all old pods" in why("v1.9.3.372", "v2.6.0")
    assert why("v1.9.3.372", "v2.4.4") == ""
    assert why("v2.5.1", "v2.6.0") == ""


def test_a_bad_release_is_told(matrix: Matrix) -> None:
    route = find_route(matrix, parse_version("v1.9.3.376"), parse_version("v2.1.0"))
    assert any("v2.1.0 is known to be bad" in reason for reason in route.why)


releases = st.sampled_from([release.version for release in load_matrix().releases])
kubernetes = st.sampled_from([None, "1.16", "1.20", "1.21", "v1.34.1"])
kinds = st.sampled_from([None, "managed", "dedicated", "self-managed"])


@given(releases, releases, kubernetes, kinds)
def test_a_route_ends_at_the_target_or_names_what_blocks(
    frm: CcmVersion, to: CcmVersion, kube: str | None, kind: str | None
) -> None:
    matrix = load_matrix()
    route = find_route(matrix, frm, to, kubernetes=kube, kind=kind)
    if route.blocked is not None:
        assert route.hops == ()
        assert route.blocked.by in ("kubernetes", "kind", "stop")
        return
    assert (route.hops[-1:] == (to,)) == (frm != to)
    whole = (frm, *route.hops)
    for one, other in pairwise(whole):
        assert (one < other) == (frm < to)
        assert not any(stop.needed(one, other) for stop in matrix.stops), "a required stop is skipped"
        release = matrix.release(other)
        assert release is not None
        if kube in ("1.16", "1.20"):
            assert release.kubernetes_min in ("", "1.16", "1.20")
        assert kind is None or kind in release.kinds
    for hop in route.hops[:-1]:
        stopped = matrix.release(hop)
        assert stopped is not None
        assert not stopped.known_bad
