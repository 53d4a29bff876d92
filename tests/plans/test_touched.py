"""Changes are listed when they touch something that the cluster uses, and only then."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases.world import Case, context_of
from upgrader.matrix.load import load_matrix
from upgrader.plan.touched import _BY_AREA, _INSTALL, _NARROW, touched

RATE = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-default-weight"


def ids(source: str, forecast: list[dict[str, Any]] | None = None, **facts: Any) -> dict[str, tuple[str, ...]]:
    case = Case(name="x", source=source, facts=facts, forecast=forecast or [])
    return {one.id: one.services for one in touched(context_of(case))}


@pytest.mark.parametrize(
    ("change", "source", "facts", "forecast"),
    [
        ("default-weight", "v2.13.0", {"services": {"web": {"metadata": {"annotations": {RATE: "10"}}}}}, []),
        ("weights-100", "v2.2.0", {}, [{"namespace": "default", "name": "web", "traffic": [
            {"group": "g", "backend": "b", "weight": [1, 100], "share": [100.0, 100.0]}]}]),
        ("hash-h3", "v2.6.0", {}, [{"namespace": "default", "name": "web", "full_sync": True,
                                    "why": "hash-formula-changed"}]),
        ("classed-services", "v2.9.1", {"services": {"web": {"spec": {"loadBalancerClass": "x"}}}}, []),
        ("pay-by-clcu", "v2.11.2", {"services": {"web": {"status": None}}}, []),
    ],
)  # fmt: skip
def test_a_change_that_touches_a_service_names_it(
    change: str, source: str, facts: dict[str, Any], forecast: list[dict[str, Any]]
) -> None:
    assert ids(source, forecast, **facts)[change] == ("default/web",)
    assert change not in ids(source)


@pytest.mark.parametrize(
    ("change", "source", "sick", "well"),
    [
        ("weights-percent", "v1.9.3.114", {"externalTrafficPolicy": "Local"}, {"externalTrafficPolicy": "Cluster"}),
        ("weights-1", "v2.0.1", {"externalTrafficPolicy": "Cluster"}, {"externalTrafficPolicy": "Local"}),
        ("hash-h4", "v2.12.4", {"loadBalancerSourceRanges": ["10.0.0.0/8"]}, {}),
    ],
)  # fmt: skip
def test_of_an_area_only_those_that_the_change_is_about(
    change: str, source: str, sick: dict[str, Any], well: dict[str, Any]
) -> None:
    told = {"namespace": "default", "name": "web", "full_sync": True, "why": "no-hash", "traffic": [
        {"group": "g", "backend": "b", "weight": [1, 2], "share": [100.0, 100.0]}]}  # fmt: skip
    assert ids(source, [told], services={"web": {"spec": sick}}).get(change) == ("default/web",)
    assert change not in ids(source, [told], services={"web": {"spec": well}})


def test_eci_changes_touch_nobody_without_virtual_nodes() -> None:
    told = {"namespace": "default", "name": "web", "traffic": [
        {"group": "g", "backend": "b", "weight": [1, 2], "share": [100.0, 100.0]}]}  # fmt: skip
    local = {"services": {"web": {"spec": {"externalTrafficPolicy": "Local"}}}}
    assert "eci-weight-1" not in ids("v2.12.1", [told], **local)


def test_narrow_rules_are_about_changes_that_exist() -> None:
    assert set(_NARROW) <= {change.id for change in load_matrix().all_changes}


def test_the_installation_is_touched_where_it_is_ours() -> None:
    assert "leader-leases" in ids("v2.5.1")
    assert "leader-leases" not in ids("v2.5.1", ccm={"managed_by": "ack"})


def test_nothing_is_said_where_it_is_not_known_what_runs() -> None:
    assert touched(context_of(Case(name="x", facts={"ccm": {"version": ""}}))) == ()


def test_every_area_of_the_data_is_judged_in_some_way() -> None:
    areas = {
        c.area for c in load_matrix().all_changes if c.effect != "NEW-ONLY" and not c.annotations and not c.actions
    }
    assert areas - {"tags"} <= set(_BY_AREA) | _INSTALL
