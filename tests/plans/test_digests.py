"""What makes a plan stale, and what moves by itself."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.cases.world import facts_of
from upgrader.digests import facts_digests, plan_rests_on, what_moved
from upgrader.model.facts import ClusterFacts

HEALTHY = facts_of()
SERVICES_CHANGED = "Services of the namespace default changed"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"services": {"web": {"spec": {"externalTrafficPolicy": "Local"}}}}, SERVICES_CHANGED),
        ({"services": {"web": {"metadata": {"annotations": {"a": "b"}}}}}, SERVICES_CHANGED),
        ({"services": {"web": {"status": None}}}, SERVICES_CHANGED),
        ({"load_balancers": {"lb-web": {"tags": {"team": "shop"}}}}, "the load balancer lb-web changed"),
        ({"load_balancers": {"lb-web": {"listeners": []}}}, "the load balancer lb-web changed"),
        ({"load_balancers": {"lb-new": {"kind": "clb", "id": "lb-new"}}}, "the load balancer lb-new appeared"),
        ({"load_balancers": {"lb-web": None}}, "the load balancer lb-web is gone"),
        ({"ccm": {"version": "v2.13.0"}}, "how CCM runs (version, image, arguments, configuration) changed"),
        ({"identity": {"kubernetes": "v1.30.0"}}, "the cluster's identity changed"),
        ({"gaps": [{"area": "clb", "call": "x", "why": "denied"}]}, "what can be read changed"),
        (
            {"ram": {"policies": {"k8sMasterRolePolicy-Ccm-c-healthy": {"default_version": "v2"}}}},
            "the RAM policy k8sMasterRolePolicy-Ccm-c-healthy changed",
        ),
    ],
)  # fmt: skip
def test_what_matters_is_named(changes: dict[str, Any], said: str) -> None:
    old, new = facts_digests(HEALTHY), facts_digests(facts_of(changes))
    assert what_moved(old, new) == (said,)
    assert plan_rests_on(old) != plan_rests_on(new)


@pytest.mark.parametrize(
    "changes",
    [
        {"taken_at": "2026-01-01T00:00:00Z"},
        {"services": {"web": {"metadata": {"resourceVersion": "9", "generation": 9}}}},
        {"services": {"inside": {"spec": {"type": "NodePort"}}}},
        {"events": [{"reason": "EnsuredLoadBalancer"}]},
        {"ccm": {"leader": "master-2", "ready": 2, "addon_state": "active"}},
        {"pods": [{"metadata": {"name": "web-1"}}]},
        {"nodes": [{"metadata": {"name": "node-1"}}]},
        {"endpoint_slices": [{"metadata": {"name": "web-1"}, "endpoints": [{"addresses": ["10.0.0.1"]}]}]},
        {"load_balancers": {"lb-web": {"server_groups": {"rsp-web": {"backends": []}}}}},
        {"load_balancers": {"lb-foreign": {"kind": "clb", "id": "lb-foreign", "detailed": False}}},
    ],
)
def test_what_moves_by_itself_does_not_make_a_plan_stale(changes: dict[str, Any]) -> None:
    assert what_moved(facts_digests(HEALTHY), facts_digests(facts_of(changes))) == ()


def test_a_load_balancer_that_could_not_be_read_in_full_still_counts() -> None:
    def listed(**more: Any) -> ClusterFacts:
        gap = {"area": "clb", "call": "slb:DescribeVServerGroups", "why": "denied", "subject": "lb-web"}
        return facts_of({"gaps": [gap], "load_balancers": {"lb-web": {"detailed": False, **more}}})

    moved = what_moved(facts_digests(listed()), facts_digests(listed(tags={"team": "shop"})))
    assert moved == ("the load balancer lb-web changed",)


def test_order_means_nothing() -> None:
    def backwards(facts: ClusterFacts) -> ClusterFacts:
        assert facts.load_balancers is not None
        return replace(
            facts, services=facts.services[::-1], load_balancers=facts.load_balancers[::-1], nodes=facts.nodes[::-1]
        )

    more = {
        "load_balancers": {"lb-b": {"kind": "clb", "id": "lb-b"}},
        "nodes": [{"metadata": {"name": n}} for n in "ab"],
    }
    facts = facts_of(more)
    assert facts_digests(facts) == facts_digests(backwards(facts))
