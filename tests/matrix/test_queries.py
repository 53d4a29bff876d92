"""The questions asked of the knowledge: releases, actions, events, changes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrader.matrix.load import load_matrix
from upgrader.matrix.model import Matrix
from upgrader.model.version import CcmVersion, parse_version

releases = st.sampled_from([release.version for release in load_matrix().releases])


def actions(matrix: Matrix, version: str, **where: str) -> set[str]:
    lbs = tuple(part for part in where.get("lbs", "").split(",") if part)
    return {a.action for a in matrix.actions(parse_version(version), network=where.get("network"), lbs=lbs)}


def reasons(matrix: Matrix, version: str, kind: str = "Service") -> set[str]:
    return {e.reason for e in matrix.events(parse_version(version)) if e.object == kind}


def test_releases_are_in_order_and_each_is_found_by_any_spelling(matrix: Matrix) -> None:
    versions = [release.version for release in matrix.releases]
    assert versions == sorted(versions)
    assert versions[0] == parse_version("v1.9.3")
    assert versions[-1] == matrix.newest == parse_version("v2.15.0")
    found = matrix.release(parse_version("1.9.3.276"))
    assert found is not None
    assert found.text == "v1.9.3.276-g372aa98-aliyun"
    assert found.date == "2020-06-11"


@pytest.mark.parametrize(("text", "beyond"), [("v2.15.0", False), ("v2.15.1", True), ("v1.9.3.999", False)])
def test_what_is_newer_than_the_data_is_beyond_it(matrix: Matrix, text: str, beyond: bool) -> None:
    assert matrix.is_beyond(parse_version(text)) is beyond


def test_the_faq_names_three_actions(matrix: Matrix) -> None:
    official = {a.action: a.since for a in matrix.required_actions if a.official}
    assert official == {
        "nlb:ListAsynJobs": "v2.12.1", "vpc:CreateRouteEntries": "v2.11.2", "vpc:DeleteRouteEntries": "v2.11.2",
    }  # fmt: skip


def test_actions_by_network_and_kind_of_load_balancer(matrix: Matrix) -> None:
    assert "nlb:ListAsynJobs" in actions(matrix, "v2.12.1", lbs="nlb")
    assert "nlb:ListAsynJobs" not in actions(matrix, "v2.11.4", lbs="nlb")
    assert "nlb:ListAsynJobs" not in actions(matrix, "v2.14.0", lbs="clb")
    assert "vpc:CreateRouteEntries" in actions(matrix, "v2.11.2", network="flannel")
    assert "vpc:CreateRouteEntries" not in actions(matrix, "v2.11.2", network="terway")
    assert "vpc:CreateRouteEntries" in actions(matrix, "v2.11.2"), "an unknown network needs all"


def test_tag_calls_of_the_two_ages(matrix: Matrix) -> None:
    before, after = actions(matrix, "v2.4.0", lbs="clb"), actions(matrix, "v2.5.1", lbs="clb")
    assert {"slb:AddTags", "slb:DescribeTags"} <= before - after
    assert {"slb:TagResources", "slb:ListTagResources"} <= after - before


def test_source_ranges_need_the_security_group_actions(matrix: Matrix) -> None:
    new = actions(matrix, "v2.14.0") - actions(matrix, "v2.13.0")
    assert {"ecs:CreateSecurityGroup", "ecs:AuthorizeSecurityGroup", "ecs:RevokeSecurityGroup"} <= new


# What running CCMs sent, and what the source sends at its tags.
@pytest.mark.parametrize(
    ("version", "reason", "type_", "message"),
    [
        ("v2.1.0", "EnsuredLoadBalancer", "Normal", "Ensured load balancer"),
        ("v2.10.0", "EnsuredLoadBalancer", "Normal", "Ensured load balancer [lb-00001]"),
        ("v2.1.0", "SyncLoadBalancerFailed", "Warning", "Error syncing load balancer: alicloud: can not find"),
        ("v2.14.0", "SyncLoadBalancerFailed", "Warning", "Error syncing load balancer []: bandwidth must be integer"),
        ("v2.14.0", "UnAvailableLoadBalancer", "Normal", "There are no available nodes for LoadBalancer"),
        ("v2.14.0", "CleanLoadBalancer", "Normal", "Clean load balancer"),
        (
            "v2.14.0",
            "AnnotationChanged",
            "Normal",
            "The service will be updated because the annotations has been changed.",
        ),
        ("v2.9.1", "SkipSyncBackends", "Normal", "Not sync pods [10.0.0.1] whose ip is not in vpc cidrs"),
        ("v2.13.0", "SkipSyncBackends", "Warning", "Not sync pods [10.0.0.1] whose eni is invalid"),
        ("v1.9.3.376", "UnAvailableLoadBalancer", "Warning", "There are no available nodes for LoadBalancer"),
    ],
)
def test_real_events_are_known(matrix: Matrix, version: str, reason: str, type_: str, message: str) -> None:
    known = [e for e in matrix.events(parse_version(version)) if (e.reason, e.type) == (reason, type_)]
    assert any(re.fullmatch(e.pattern, message) for e in known)


def test_reasons_come_and_go(matrix: Matrix) -> None:
    assert "EnsuringLoadBalancer" in reasons(matrix, "v1.9.3.101")
    assert reasons(matrix, "v1.9.3.239") == set(), "between v1.9.3.111 and 258 Service events reach the log alone"
    assert "SuccessfulEnsure" in reasons(matrix, "v1.9.3.276")
    assert "EnsuredLoadBalancer" in reasons(matrix, "v1.9.3.344")
    assert "SkipSyncBackends" not in reasons(matrix, "v2.8.0")


@pytest.mark.parametrize(
    ("frm", "to", "changes"),
    [
        ("v2.4.0", "v2.5.1", {"tag-actions"}),
        ("v2.6.0", "v2.7.0", {"hash-h3"}),
        ("v2.13.0", "v2.14.0", {"source-ranges", "default-weight"}),
        ("v1.9.3.239", "v1.9.3.276", {"weights-pods", "service-events"}),
        ("v2.2.0", "v2.3.0", {"weights-100"}),
        ("v2.14.0", "v2.14.0", set()),
    ],
)
def test_what_changes_between_two_versions(matrix: Matrix, frm: str, to: str, changes: set[str]) -> None:
    found = {change.id for change in matrix.changes(parse_version(frm), parse_version(to))}
    assert changes <= found
    assert (not changes) == (not found)


@given(releases, releases, releases)
def test_the_changes_of_a_way_are_those_of_its_parts(one: CcmVersion, two: CcmVersion, three: CcmVersion) -> None:
    low, middle, high = sorted((one, two, three))
    matrix = load_matrix()
    assert matrix.changes(low, high) == matrix.changes(low, middle) + matrix.changes(middle, high)
    assert matrix.changes(low, high) == matrix.changes(high, low)
