"""Services that need no load balancer any more: deleted, or of another type; by kind and version."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.forecast.clb.small import FINALIZER, GROUP, a_backend, a_clb, a_node, a_service, now_of, told_of
from upgrader.forecast import forecast
from upgrader.forecast.hash import HASH_LABEL
from upgrader.forecast.nlb.security_groups import LABEL as SECURITY_GROUP
from upgrader.forecast.select import NLB_FINALIZER
from upgrader.forecast.world import default_name
from upgrader.matrix.load import load_matrix
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG, Listener, LoadBalancer, ServerGroup
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity
from upgrader.model.forecast import ServiceForecast
from upgrader.model.kube import (
    Ingress,
    LoadBalancerStatus,
    Metadata,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
)
from upgrader.model.version import parse_version

PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
GONE = "2026-11-27T07:21:37Z"


def _nlb(version: str, notes: dict[str, str] | None = None, /, **ending: Any) -> ServiceForecast:
    """An NLB Service that ends, with its NLB, one listener and one group."""
    reused = bool(notes and "id" in notes)
    metadata = Metadata(
        name="web", namespace="prod", uid="cc9ce2d4-9d38-4a3a-9d49-b1b4e9a4a8d1",
        labels={HASH_LABEL: "x", **ending.get("labels", {})},
        annotations={PREFIX + key: value for key, value in (notes or {}).items()}, finalizers=(NLB_FINALIZER,),
        deletion_timestamp=ending.get("deleted"),
    )  # fmt: skip
    port = ServicePort(port=80, node_port=30080, protocol="TCP", target_port=8080)
    spec = ServiceSpec(
        type=ending.get("type", "LoadBalancer"), ports=(port,), load_balancer_class="alibabacloud.com/nlb"
    )
    service = Service(metadata=metadata, spec=spec)
    tags = {OWNER_TAG: default_name(service), CLUSTER_TAG: "c1"}
    name = "k8s.30080.TCP.web.prod.c1"
    listener = Listener(
        id="lsn-1@80", port=80, protocol="TCP", description="k8s.80.TCP.web.prod.c1", server_group_id="sgp-1"
    )
    foreign = Listener(id="lsn-1@81", port=81, protocol="TCP", description="by hand")
    lb = LoadBalancer(
        kind="nlb", id="nlb-1", tags={} if reused else tags, listeners=(listener, foreign) if reused else (listener,),
        server_groups=(ServerGroup(id="sgp-1", name=name, tags=tags),),
    )  # fmt: skip
    facts = ClusterFacts(
        identity=ClusterIdentity(), ccm=CcmInstall(cluster_id="c1"), services=(service,), load_balancers=(lb,)
    )
    return forecast(facts, parse_version(version), load_matrix()).services[0]


def _asked(told: ServiceForecast) -> list[tuple[str, str]]:
    return [(write.action.removeprefix("nlb:"), write.object) for write in told.writes]


@pytest.mark.parametrize("ending", [{"deleted": GONE}, {"type": "ClusterIP"}])
@pytest.mark.parametrize(("version", "protected"), [("v2.5.1", False), ("v2.9.1", True), ("v2.14.0", True)])
def test_an_nlb_goes_with_its_groups(version: str, protected: bool, ending: dict[str, Any]) -> None:
    told = _nlb(version, **ending)
    first = [("UpdateLoadBalancerProtection", "nlb-1")] if protected else []
    assert _asked(told) == [*first, ("DeleteLoadBalancer", "nlb-1"), ("DeleteServerGroup", "sgp-1")]
    assert told.finalizers == {NLB_FINALIZER: "removed"}
    assert [event.reason for event in told.events] == ["CleanLoadBalancer"]
    assert told.labels == {HASH_LABEL: ("x", None)}


@pytest.mark.parametrize(
    ("version", "asked", "fails"),
    [
        ("v2.8.0", ["DeleteLoadBalancer", "DeleteServerGroup"], False),  # does not read the annotation
        ("v2.9.1", ["UpdateLoadBalancerProtection", "DeleteLoadBalancer"], True),
        ("v2.11.2", ["UpdateLoadBalancerProtection", "DeleteLoadBalancer"], True),
        ("v2.12.4", [], True),
        ("v2.14.0", [], True),
    ],
)
def test_groups_that_can_not_be_listed_stop_the_end_of_an_nlb(version: str, asked: list[str], fails: bool) -> None:
    """`vgroup-port` names one that is not there: the NLB goes first until v2.11, later nothing does."""
    told = _nlb(version, {"vgroup-port": "sgp-9:80"}, deleted=GONE)
    assert [action for action, _ in _asked(told)] == asked
    assert [event.reason for event in told.events] == ["CleanLoadBalancerFailed" if fails else "CleanLoadBalancer"]


@pytest.mark.parametrize("version", ["v2.5.1", "v2.14.0"])
def test_an_nlb_that_was_named_and_is_not_there_needs_no_cleaning(version: str) -> None:
    """cleanupLoadBalancerResources lets ResourceNotFound.loadBalancer pass, and asks for nothing more."""
    told = _nlb(version, {"id": "nlb-9"}, deleted=GONE)
    assert told.writes == ()
    assert told.finalizers == {NLB_FINALIZER: "removed"}
    assert [event.reason for event in told.events] == ["CleanLoadBalancer"]


@pytest.mark.parametrize(("version", "listeners"), [("v2.10.0", False), ("v2.12.4", True)])
def test_a_preserved_nlb_loses_its_tags_and_later_its_listeners(version: str, listeners: bool) -> None:
    told = _nlb(version, {"preserve-lb-on-delete": "true"}, type="ClusterIP")
    gone = [("DeleteListener", "lsn-1@80")] if listeners else []
    assert _asked(told) == [
        ("UpdateLoadBalancerProtection", "nlb-1"), ("UntagResources", "nlb-1"), *gone, ("UntagResources", "sgp-1"),
    ]  # fmt: skip
    assert {event.reason for event in told.events} == {"PreservedOnDelete", "CleanLoadBalancer"}


def test_of_a_reused_nlb_only_what_ccm_made_goes() -> None:
    notes = {"id": "nlb-1", "force-override-listeners": "true"}
    assert _asked(_nlb("v2.14.0", notes, deleted=GONE)) == [
        ("DeleteListener", "lsn-1@80"),
        ("DeleteServerGroup", "sgp-1"),
    ]
    assert _asked(_nlb("v2.14.0", {"id": "nlb-1"}, deleted=GONE)) == [("DeleteServerGroup", "sgp-1")]


def _ended(service: Service) -> Service:
    return replace(service, spec=replace(service.spec, type="ClusterIP"))


def test_v1_deletes_the_clb_of_a_service_of_another_type_without_a_word() -> None:
    told = told_of("v1.9.3.239", _ended(a_service()), a_clb(DeleteProtection="on"))
    assert now_of(told) == [("DeleteLoadBalancer", "lb-1")]
    assert [doubt.kind for doubt in told.doubts] == ["refused"]
    assert told.events == ()
    assert told.finalizers == {}


def test_v1_takes_its_listeners_from_a_reused_clb_whether_it_may_override_them_or_not() -> None:
    group = ServerGroup(id="rsp-1", name=GROUP, load_balancer_id="lb-1", backends=(a_backend(),))
    lb = replace(a_clb(group), tags={"kubernetes.reused.by.user": "true"})
    assert now_of(told_of("v1.9.3.239", _ended(a_service({"id": "lb-1"})), lb)) == [
        ("StopLoadBalancerListener", "lb-1:80"),
        ("DeleteLoadBalancerListener", "lb-1:80"),
        ("DeleteVServerGroup", "rsp-1"),
    ]  # fmt: skip


def test_v1_syncs_a_service_that_is_being_deleted() -> None:
    service = a_service()
    deleted = replace(service, metadata=replace(service.metadata, deletion_timestamp=GONE))
    assert told_of("v1.9.3.239", deleted, a_clb()).lb == "clb"
    assert now_of(told_of("v2.14.0", deleted, a_clb())) == [("DeleteLoadBalancer", "lb-1")]


def _classed(version: str, **status: str) -> ServiceForecast:
    """A Service of the NLB class for which a CCM that knew no classes made a CLB."""
    note = {"zone-maps": "z1:vsw-1,z2:vsw-2"}
    service = a_service(note, load_balancer_class="alibabacloud.com/nlb")
    shown = ServiceStatus(load_balancer=LoadBalancerStatus(ingress=(Ingress(**status),)))
    return told_of(version, replace(service, status=shown), a_clb())


def test_from_v2_10_the_clb_of_a_service_of_the_nlb_class_is_dropped_and_an_nlb_made() -> None:
    told = _classed("v2.14.0", ip="47.1.1.1")
    asked = [write.action for write in told.writes]
    assert "nlb:CreateLoadBalancer" in asked
    assert "slb:DeleteLoadBalancer" not in asked
    assert told.finalizers == {"service.k8s.alibaba/resources": "removed", NLB_FINALIZER: "added"}
    assert told.status_cleared
    assert told.left_behind == ("lb-1",)
    assert [event.reason for event in told.events][:2] == ["CleanLoadBalancer", "SyncLoadBalancerFailed"]


def test_until_v2_9_it_keeps_the_clb_and_gets_groups_without_an_nlb() -> None:
    asked = [write.action for write in _classed("v2.9.1", ip="47.1.1.1").writes]
    assert "nlb:CreateServerGroup" in asked
    assert "nlb:CreateLoadBalancer" not in asked


@pytest.mark.parametrize(("version", "kept"), [("v1.9.3.239", True), ("v2.2.0", False)])
def test_v1_knows_one_of_the_labels_that_keep_a_node_out(version: str, kept: bool) -> None:
    nodes = (a_node("n1"), a_node("n2", {"service.alibabacloud.com/exclude-node": "true"}))
    asked = now_of(told_of(version, a_service(), a_clb(), *nodes))
    assert (("AddVServerGroupBackendServers", "rsp-1") in asked) is kept


@pytest.mark.parametrize(("version", "both"), [("v2.4.0", False), ("v2.5.1", True), ("v2.14.0", True)])
def test_a_service_that_was_of_both_kinds_is_cleaned_up_by_both(version: str, both: bool) -> None:
    """needAdd and the reconciles of both controllers go by their own finalizers; observed from v2.13.0."""
    service = a_service()
    service = replace(
        service,
        metadata=replace(service.metadata, finalizers=(FINALIZER, NLB_FINALIZER), labels={HASH_LABEL: "x"}),
        spec=replace(service.spec, type="ClusterIP"),
    )
    nlb = LoadBalancer(kind="nlb", id="nlb-1", tags={OWNER_TAG: default_name(service), CLUSTER_TAG: "c1"})
    facts = ClusterFacts(
        identity=ClusterIdentity(), ccm=CcmInstall(cluster_id="c1"), services=(service,), load_balancers=(a_clb(), nlb)
    )
    told = forecast(facts, parse_version(version), load_matrix()).services[0]
    gone = {one.action for one in told.writes if one.action.endswith(":DeleteLoadBalancer")}
    assert gone == {"slb:DeleteLoadBalancer"} | ({"nlb:DeleteLoadBalancer"} if both else set())
    assert told.finalizers == {FINALIZER: "removed"} | ({NLB_FINALIZER: "removed"} if both else {})


@pytest.mark.parametrize(("version", "goes"), [("v2.13.0", False), ("v2.14.0", True)])
def test_the_label_of_a_security_group_goes_with_those_that_know_it(version: str, goes: bool) -> None:
    told = _nlb(version, type="ClusterIP", labels={SECURITY_GROUP: "sg-1"})
    assert (SECURITY_GROUP in told.labels) is goes
