"""The words of CCM's events as each version sends them.

Source: `vgroups.go` and `server_groups.go` (build … backends), `nlbv2/model_applier.go` (errors of the NLB itself),
each tag; each text observed.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.forecast.clb.small import FINALIZER
from tests.forecast.nlb.small import a_service, a_slice, facts_of, told
from upgrader.forecast import forecast
from upgrader.matrix.load import load_matrix
from upgrader.model.cloud import LoadBalancer
from upgrader.model.facts import ClusterFacts, ClusterIdentity
from upgrader.model.forecast import ServiceForecast
from upgrader.model.kube import Ingress, LoadBalancerStatus, ServiceStatus
from upgrader.model.version import parse_version


def _failure(made: ServiceForecast) -> str:
    return next(one.message for one in made.events if one.reason == "SyncLoadBalancerFailed")


@pytest.mark.parametrize(("policy", "word"), [("Cluster", "cluster"), ("Local", "local")])
@pytest.mark.parametrize("version", ["v2.5.1", "v2.14.0"])
def test_an_endpoint_without_a_node_is_told_with_the_way_in_which_the_backends_were_built(
    version: str, policy: str, word: str
) -> None:
    piece = a_slice(ready=True)
    lost = replace(piece, endpoints=tuple(replace(one, node_name=None) for one in piece.endpoints))
    service = a_service()
    service = replace(service, spec=replace(service.spec, external_traffic_policy=policy))
    facts = replace(facts_of(version, (), ()), services=(service,), endpoint_slices=(lost,))
    text = _failure(forecast(facts, parse_version(version), load_matrix()).services[0])
    assert f"set ServerGroup for port 80 error: build {word} backends error: add ecs backends for" in text


@pytest.mark.parametrize(
    ("version", "lead"),
    [
        ("v2.5.1", "apply model error: reconcile nlb attribute error: the loadbalancer"),
        ("v2.10.0", "apply model error: the loadbalancer"),
        ("v2.13.0", "apply model error: update nlb attribute error: the loadbalancer"),
    ],
)
def test_an_nlb_that_can_not_be_reused_is_told_with_where_that_was_found(version: str, lead: str) -> None:
    assert lead in _failure(told(version, (), (), notes={"id": "nlb-1"}))


def test_a_first_try_beside_the_clbs_controller_names_the_nlb_that_the_user_gave() -> None:
    """The status still holds the CLB's address then."""
    service = a_service(notes={"id": "nlb-9"})
    status = ServiceStatus(load_balancer=LoadBalancerStatus(ingress=(Ingress(ip="47.0.0.1"),)))
    service = replace(service, metadata=replace(service.metadata, finalizers=(FINALIZER,)), status=status)
    mine = LoadBalancer(kind="nlb", id="nlb-9", address="nlb-9.example.com")
    facts = replace(facts_of("v2.14.0", (), ()), services=(service,), load_balancers=(mine,))
    text = _failure(forecast(facts, parse_version("v2.14.0"), load_matrix()).services[0])
    assert text.startswith("Error syncing load balancer [nlb-9]: apply model error: update nlb attribute error:")


def test_the_id_of_an_nlb_that_is_only_being_made_is_not_told() -> None:
    assert _failure(told("v2.10.0", None, (), notes={"vgroup-port": "sgp-nowhere"})) == ""


@pytest.mark.parametrize(
    ("version", "text"),
    [
        ("v2.10.0", "set ServerGroup for port 80 error: build eni backends error: can not find eniid for ip 10.0.0.1"),
        ("v2.11.2", "builid nlb server group error: can not find eniid for ip 10.0.0.1 in vpc vpc-1"),
        ("v2.12.4", "for ip 10.0.0.1 in vpc vpc-1, target: prod/web-1, node: n1"),
    ],
)
def test_a_pod_without_an_interface_is_told_as_each_version_tells_it(version: str, text: str) -> None:
    facts = _with_lost_pod(version)
    told_of = _failure(forecast(facts, parse_version(version), load_matrix()).services[0])
    assert text in told_of
    assert (", target:" in told_of) is (version == "v2.12.4")


def test_later_versions_name_the_pods_that_they_leave_out() -> None:
    made = forecast(_with_lost_pod("v2.14.0"), parse_version("v2.14.0"), load_matrix()).services[0]
    texts = [one.message for one in made.events if one.reason == "SkipSyncBackends"]
    assert texts == ["Not sync pods whose eni is invalid: 10.0.0.1"]


def _with_lost_pod(version: str) -> ClusterFacts:
    service = a_service()
    notes = {**service.metadata.annotations, "service.beta.kubernetes.io/backend-type": "eni"}
    service = replace(service, metadata=replace(service.metadata, annotations=notes))
    return replace(
        facts_of(version, (), ()), services=(service,), endpoint_slices=(a_slice(ready=True),), network_interfaces=(),
        identity=ClusterIdentity(vpc_id="vpc-1"),
    )  # fmt: skip
