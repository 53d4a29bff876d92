"""A Service of the NLB class for which an older CCM made a CLB: both controllers of a newer one see it.

Source: `clbv1/service_controller.go` (cleanupLoadBalancerResources), `helper/service_utils.go` (IsServiceHashChanged);
observed where v2.12.4 took over from v2.2.0.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.forecast.clb.small import FINALIZER, a_clb, a_node
from tests.forecast.nlb.small import a_service
from upgrader.forecast import forecast
from upgrader.forecast.hash import HASH_LABEL
from upgrader.matrix.load import load_matrix
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity
from upgrader.model.forecast import ServiceForecast
from upgrader.model.kube import Ingress, LoadBalancerStatus, ServiceStatus
from upgrader.model.version import parse_version


def _told(version: str, notes: dict[str, str], *, address: str = "") -> ServiceForecast:
    service = a_service(notes=notes)
    ingress = (Ingress(ip=address),) if address else ()
    service = replace(
        service, metadata=replace(service.metadata, finalizers=(FINALIZER,)),
        status=ServiceStatus(load_balancer=LoadBalancerStatus(ingress=ingress)),
    )  # fmt: skip
    facts = ClusterFacts(
        identity=ClusterIdentity(), ccm=CcmInstall(cluster_id="c1"), services=(service,), nodes=(a_node("n1"),),
        load_balancers=(a_clb(AddressIPVersion="ipv4"),),
    )  # fmt: skip
    return forecast(facts, parse_version(version), load_matrix()).services[0]


@pytest.mark.parametrize("version", ["v2.10.0", "v2.12.4", "v2.14.0"])
def test_a_clb_that_asks_for_what_can_not_be_changed_is_dropped_once_the_nlb_wrote_the_hash(version: str) -> None:
    told = _told(version, {"ip-version": "DualStack"})
    reasons = {event.reason for event in told.events}
    assert {"CleanLoadBalancerFailed", "EnsuredLoadBalancer", "CleanLoadBalancer"} <= reasons
    assert told.finalizers[FINALIZER] == "removed"
    assert HASH_LABEL not in told.labels, "the label that the NLB's sync wrote goes with the CLB"
    assert told.refusal is None
    assert "nlb:CreateLoadBalancer" in {one.action for one in told.writes}
    assert "slb:DeleteLoadBalancer" not in {one.action for one in told.writes}


def test_where_the_nlb_is_refused_too_both_go_on_failing() -> None:
    told = _told("v2.14.0", {"ip-version": "DualStack"}, address="47.0.0.1")
    assert told.refusal is not None
    assert "CleanLoadBalancer" not in {event.reason for event in told.events}


def test_a_clb_that_is_as_it_should_be_is_dropped_at_once() -> None:
    told = _told("v2.14.0", {})
    assert told.refusal is None
    assert "CleanLoadBalancerFailed" not in {event.reason for event in told.events}
    assert told.labels[HASH_LABEL][1]
