"""Endpoints that end, and endpoints whose pods are not there, by version.

Source: `nlbv2/nlb_controller.go` and `clbv1/service_controller.go` (updateReadinessCondition), `nlbv2/server_groups.go`
(setBackendsFromEndpointSlices), each tag; FailedUpdateReadinessGate observed from v2.10.0.
"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.forecast.clb.small import a_clb, a_node, a_service
from tests.forecast.nlb.small import a_group, a_listener, a_slice, facts_of
from upgrader.forecast import World, forecast
from upgrader.forecast.backends import ready_ends
from upgrader.forecast.hash import HASH_LABEL
from upgrader.matrix.load import load_matrix
from upgrader.model.facts import ClusterFacts, Gap
from upgrader.model.kube import Metadata, Pod
from upgrader.model.version import parse_version


def _facts(kind: str, version: str, **more: Any) -> ClusterFacts:
    if kind == "nlb":
        facts = facts_of(version, (a_listener("sgp-1"),), (a_group("sgp-1", 30080),))
    else:
        facts = replace(facts_of(version, None, ()), services=(a_service(),), load_balancers=(a_clb(),))
    return replace(facts, nodes=(a_node("n1"),), **more)


@pytest.mark.parametrize("kind", ["clb", "nlb"])
@pytest.mark.parametrize(
    ("version", "pods", "fails"),
    [("v2.9.1", (), False), ("v2.10.0", (), True), ("v2.11.2", (), False), ("v2.14.0", (), False),
     ("v2.10.0", (Pod(metadata=Metadata(name="web-1", namespace="prod")),), False)],
)  # fmt: skip
def test_a_pod_that_is_not_there_ends_the_sync_of_one_version(
    kind: str, version: str, pods: tuple[Pod, ...], fails: bool
) -> None:
    facts = _facts(kind, version, pods=pods, endpoint_slices=(a_slice(ready=True),))
    told = forecast(facts, parse_version(version), load_matrix()).services[0]
    reasons = {event.reason for event in told.events}
    assert ("FailedUpdateReadinessGate" in reasons) is fails
    assert ("EnsuredLoadBalancer" in reasons) is not fails
    assert (told.refusal is not None) is fails
    if fails:
        assert HASH_LABEL not in told.labels


def test_pods_that_were_not_read_are_taken_to_be_there() -> None:
    gap = Gap(area="pods", call="list pods", why="not-asked")
    facts = _facts("nlb", "v2.10.0", endpoint_slices=(a_slice(ready=True),), gaps=(gap,))
    assert forecast(facts, parse_version("v2.10.0"), load_matrix()).services[0].refusal is None


@pytest.mark.parametrize(("version", "counts"), [("v2.9.1", True), ("v2.10.0", False), ("v2.14.0", False)])
def test_a_pod_that_ends_but_is_ready_counts_until_2_9(version: str, counts: bool) -> None:
    facts = _facts("nlb", version, endpoint_slices=(a_slice(ready=True, terminating=True),))
    world = World.of(facts, parse_version(version), load_matrix())
    service = facts.services[0]
    port = (service.spec.ports or ())[0]
    assert [end.ip for end in ready_ends(world, service, port)] == (["10.0.0.1"] if counts else [])
