"""From facts to a plan with the real forecast: what the user reads of one world."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.cases.world import facts_of
from upgrader import pipeline
from upgrader.matrix.load import load_matrix
from upgrader.model.plan import Plan
from upgrader.model.version import parse_version

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def plan(to: str = "v2.14.0", **facts: Any) -> Plan:
    return pipeline.make_plan(facts_of(facts), parse_version(to), load_matrix(), now=NOW)


def codes(made: Plan) -> set[tuple[str, str]]:
    return {(finding.outcome, finding.code) for finding in made.findings}


def test_a_healthy_cluster_is_ready_and_nothing_is_written() -> None:
    made = plan()
    assert (made.verdict, made.findings) == ("READY", ())
    assert [one.writes for one in made.forecast.services] == [()]
    assert made.coverage.judged == made.coverage.services == 1


def test_each_plan_has_a_nonce_of_its_own() -> None:
    assert plan().id != plan().id


def test_an_edit_in_the_console_is_told_before_a_full_sync() -> None:
    made = plan(services={"web": {"metadata": {"labels": {"service.beta.kubernetes.io/hash": "0"}}}},
                load_balancers={"lb-web": {"listeners": []}})  # fmt: skip
    assert ("WARN", "CCM050") in codes(made)
    assert ("WARN", "CCM052") in codes(made)
    assert made.steps[-1].impact == "traffic"


def test_a_lost_load_balancer_blocks() -> None:
    made = plan(load_balancers={"lb-web": None})
    assert ("FAIL", "CCM055") in codes(made)
    assert made.verdict == "BLOCKED"


def test_two_load_balancers_of_one_service_block() -> None:
    twin = {"kind": "clb", "id": "lb-twin", "address": "47.0.0.2",
            "tags": {"kubernetes.do.not.delete": "a1111111122223333444455555555555"}}  # fmt: skip
    made = plan(load_balancers={"lb-twin": twin})
    assert {("FAIL", "CCM056"), ("FAIL", "CCM002")} <= codes(made)


def test_a_classed_service_is_dropped_and_its_clb_left_behind() -> None:
    made = plan(ccm={"version": "v2.4.0"}, services={"web": {"spec": {"loadBalancerClass": "other.example/lb"}}})
    finding = next(finding for finding in made.findings if finding.code == "CCM057")
    assert (finding.outcome, finding.evidence["left_behind"]) == ("FAIL", ["lb-web"])


def test_clouds_that_were_not_read_are_unknown_not_green() -> None:
    gaps = [{"area": area, "call": "cloud", "why": "not-asked"} for area in ("clb", "nlb", "ram")]
    made = plan(gaps=gaps, load_balancers=None)
    assert made.verdict == "UNKNOWN"
    assert {("UNKNOWN", "CCM002"), ("UNKNOWN", "CCM030"), ("UNKNOWN", "CCM059")} <= codes(made)


@pytest.mark.parametrize("shares", [((50.0, 16.7), (50.0, 83.3))])
def test_local_weights_tell_the_share_of_each_node(shares: tuple[tuple[float, float], ...]) -> None:
    endpoints = [
        {"addresses": [f"172.20.0.{n}"], "conditions": {"ready": True}, "nodeName": "node-1" if n == 1 else "node-2"}
        for n in range(1, 7)
    ]
    group = "k8s/30080/web/default/c-healthy"
    backends = [
        {"server_id": f"i-{n}", "port": 30080, "weight": 100, "type": "ecs", "description": group} for n in (1, 2)
    ]
    made = plan(
        ccm={"version": "v1.9.3.105", "args": ["--cloud-config=/c", "--configure-cloud-routes=false"]},
        services={"web": {"spec": {"externalTrafficPolicy": "Local"}}},
        endpoint_slices={"web-1": {"endpoints": endpoints}},
        load_balancers={"lb-web": {"server_groups": {"rsp-web": {"backends": backends}}}},
    )
    finding = next(finding for finding in made.findings if finding.code == "CCM003")
    assert tuple(shift.share for shift in finding.evidence["traffic"]) == shares
    assert finding.effect == "IMMEDIATE"
