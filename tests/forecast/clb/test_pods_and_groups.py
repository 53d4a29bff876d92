"""Pods without an interface, and groups that a Service names badly: which version sees what.

Sources: `clbv1/vgroups.go` (updateENIBackends, updateVServerGroupENIBackendID, getVGroupIDs), each tag.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.forecast.clb.small import FINALIZER, a_clb, a_node, a_service, now_of, told_of
from upgrader.forecast import forecast
from upgrader.forecast.annotations import BACKEND_TYPE
from upgrader.matrix.load import load_matrix
from upgrader.model.cloud import LoadBalancer, NetworkInterface, ServerGroup
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity
from upgrader.model.forecast import ServiceForecast
from upgrader.model.kube import Endpoint, EndpointConditions, EndpointPort, EndpointSlice, Metadata, Service
from upgrader.model.version import parse_version


def _direct(notes: dict[str, str] | None = None) -> Service:
    service = a_service(notes)
    noted = {**service.metadata.annotations, BACKEND_TYPE: "eni"}
    return replace(service, metadata=replace(service.metadata, annotations=noted))


def _told(version: str, service: Service, pods: dict[str, str], *cidrs: str) -> ServiceForecast:
    """The forecast where pods have these addresses, each with the id of its interface or none."""
    group = ServerGroup(id="rsp-1", name="k8s/8080/web/prod/c1", load_balancer_id="lb-1")
    ends = tuple(
        Endpoint(addresses=(ip,), conditions=EndpointConditions(ready=True), node_name="n1") for ip in pods
    )  # fmt: skip
    piece = EndpointSlice(
        metadata=Metadata(name="web-1", namespace="prod", labels={"kubernetes.io/service-name": "web"}),
        endpoints=ends, ports=(EndpointPort(name="", port=8080, protocol="TCP"),),
    )  # fmt: skip
    facts = ClusterFacts(
        identity=ClusterIdentity(id="c1", vpc_id="vpc-1", vpc_cidrs=cidrs), services=(service,),
        ccm=CcmInstall(version="v2.10.0", cluster_id="c1"), nodes=(a_node("n1"),), endpoint_slices=(piece,),
        load_balancers=(a_clb(group),),
        network_interfaces=tuple(NetworkInterface(id=eni, ip=ip) for ip, eni in pods.items() if eni),
    )  # fmt: skip
    return forecast(facts, parse_version(version), load_matrix()).services[0]


@pytest.mark.parametrize(
    ("version", "kept", "event"),
    [("v2.8.0", 1, False), ("v2.9.1", 2, True), ("v2.10.0", 2, True), ("v2.11.2", 1, True), ("v2.14.0", 1, True)],
)
def test_pods_outside_the_vpc_are_dropped_kept_or_skipped_and_told(version: str, kept: int, event: bool) -> None:
    told = _told(version, _direct(), {"10.0.0.1": "eni-1", "172.16.0.1": ""}, "10.0.0.0/8")
    assert len(next(one for one in told.writes if "AddVServer" in one.action).changes) == kept
    assert any((one.type, one.reason) == ("Normal", "SkipSyncBackends") for one in told.events) is event


def test_v2_8_asks_for_the_main_range_alone_and_before_it_asks_for_interfaces() -> None:
    pods = {"10.0.0.1": "eni-1", "172.16.0.1": "eni-2"}
    told = _told("v2.8.0", _direct(), pods, "10.0.0.0/8", "172.16.0.0/12")
    assert list(told.writes[0].changes) == ["10.0.0.1:8080 weight"]
    lost = _told("v2.8.0", _direct(), {"10.0.0.1": ""}, "10.0.0.0/8")
    assert lost.refusal is not None
    assert "can not find eniid" in lost.refusal.message


def test_a_group_without_pods_in_reach_is_not_called_empty_from_v2_11() -> None:
    told = _told("v2.14.0", _direct(), {"172.16.0.1": ""}, "10.0.0.0/8")
    assert "UnAvailableLoadBalancer" not in {one.reason for one in told.events}


@pytest.mark.parametrize("version", ["v2.2.0", "v2.8.0", "v2.9.1", "v2.14.0"])
def test_a_broken_list_of_groups_stops_the_sync_whether_a_load_balancer_is_named_or_not(version: str) -> None:
    """Until v2.8 the listeners can't be built; then the groups that are there can't be read."""
    told = told_of(version, a_service({"vgroup-port": "rsp-1"}), a_clb())
    assert told.refusal is not None
    assert now_of(told) == []


def _ended(lb: LoadBalancer, version: str, **notes: str) -> list[tuple[str, str]]:
    service = a_service({"id": "lb-1", **notes}, type="ClusterIP")
    labels = {"service.beta.kubernetes.io/hash": "old"}
    service = replace(service, metadata=replace(service.metadata, labels=labels, finalizers=(FINALIZER,)))
    return now_of(told_of(version, service, lb))


@pytest.mark.parametrize(
    ("version", "call"),
    [("v2.1.0", "AddTags"), ("v2.4.0", "AddTags"), ("v2.4.4", ""), ("v2.11.2", ""), ("v2.12.4", "TagResources")],
)
def test_a_named_clb_is_tagged_even_when_its_service_ends(version: str, call: str) -> None:
    """Update goes on behind "is reused, skip delete it" until v2.4.3, and again from v2.12.1 on."""
    lb = replace(a_clb(), tags={})
    told = _ended(lb, version)
    assert [one for one in told if "Tag" in one[0]] == ([(call, "lb-1")] if call else [])
    assert ("DeleteVServerGroup", "rsp-1") in told
    # A list of groups that can't be read stops it there, from v2.12 on before anything is written.
    unread = _ended(lb, version, **{"vgroup-port": "rsp-1"})
    match version:
        case "v2.1.0":
            assert unread == told
        case "v2.12.4":
            assert unread == []
        case _:
            assert unread == ([(call, "lb-1")] if call else [])


@pytest.mark.parametrize(
    ("version", "had", "same"),
    [
        ("v2.11.2", {"AclId": "acl-1,acl-2"}, True),
        ("v2.11.2", {"AclId": "acl-2,acl-1", "AclIds": "acl-2,acl-1"}, False),
        ("v2.12.4", {"AclId": "acl-2", "AclIds": "acl-2,acl-1"}, True),
        ("v2.12.4", {"AclId": "acl-1,acl-2"}, False),
        ("v2.14.0", {}, False),
    ],
)
def test_access_control_lists_are_compared_as_text_then_by_their_ids(
    version: str, had: dict[str, str], same: bool
) -> None:
    """IsListenerACLIDsEqual of `clbv1/listeners.go`, from v2.12.1 on."""
    (listener,) = a_clb().listeners
    lb = a_clb(listeners=(replace(listener, attributes={"AclStatus": "on", "AclType": "white", **had}),))
    service = a_service({"acl-status": "on", "acl-type": "white", "acl-id": "acl-1,acl-2"})
    assert (now_of(told_of(version, service, lb)) == []) is same


@pytest.mark.parametrize(("version", "stops"), [("v2.10.0", True), ("v2.11.2", True), ("v2.12.4", False)])
def test_a_bad_name_of_a_group_stops_a_new_clb_where_its_groups_are_read(version: str, stops: bool) -> None:
    told = told_of(version, a_service({"vgroup-port": "bad"}), None)
    calls = {call for call, _ in now_of(told)}
    assert ("CreateVServerGroup" in calls, "CreateLoadBalancer" in calls) == (not stops, True)
    assert (told.refusal is not None and "got=[[bad]]" in told.refusal.message) is stops
    assert any("each sync after the first is refused" in note for note in told.notes) is not stops
