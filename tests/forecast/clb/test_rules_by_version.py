"""Rules that differ by version, one small case each: what the step-by-step reading of the source turned up."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.forecast.clb.small import FINALIZER, GROUP, a_backend, a_clb, a_node, a_service, now_of, told_of
from upgrader.forecast import World
from upgrader.forecast.backends import ready_ends
from upgrader.forecast.hash import HASH_LABEL, service_hash
from upgrader.matrix.load import load_matrix
from upgrader.model.cloud import Listener, LoadBalancer, ServerGroup
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity
from upgrader.model.kube import (
    Condition,
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
    Ingress,
    LoadBalancerStatus,
    Metadata,
    Pod,
    PodSpec,
    PodStatus,
    ServicePort,
    ServiceStatus,
    TargetRef,
)
from upgrader.model.version import parse_version


def test_nothing_is_written_where_everything_is_in_place() -> None:
    assert now_of(told_of("v2.14.0", a_service(), a_clb())) == []


def test_virtual_nodes_are_backends_in_cluster_mode_unless_a_label_excludes_them() -> None:
    virtual = a_node("n2", {"type": "virtual-kubelet"})
    excluded = a_node("n3", {"type": "virtual-kubelet", "service.beta.kubernetes.io/exclude-node": "true"})
    told = told_of("v2.14.0", a_service(), a_clb(), a_node("n1"), virtual, excluded)
    assert now_of(told) == [("AddVServerGroupBackendServers", "rsp-1")]
    assert list(told.writes[0].changes) == ["i-n2:30080 weight"]


@pytest.mark.parametrize(
    ("version", "full"), [("v2.4.0", False), ("v2.5.1", False), ("v2.4.4", True), ("v2.6.0", True)]
)
def test_what_cannot_be_changed_ends_the_sync_at_once_or_at_its_end(version: str, full: bool) -> None:
    lb = replace(a_clb(), listeners=(), attributes={"MasterZoneId": "a"})
    told = told_of(version, a_service({"master-zoneid": "b"}), lb)
    assert told.refusal is not None
    assert told.refusal.code == "fixed-once-made"
    assert (("CreateLoadBalancerTCPListener", "") in now_of(told) or len(now_of(told)) > 0) is full


@pytest.mark.parametrize(("version", "deleted"), [("v2.11.2", True), ("v2.12.4", False)])
def test_unused_groups_go_at_every_sync_until_v2_12(version: str, deleted: bool) -> None:
    unused = ServerGroup(id="rsp-2", name="k8s/30081/web/prod/c1", load_balancer_id="lb-1")
    own = ServerGroup(id="rsp-1", name=GROUP, load_balancer_id="lb-1", backends=(a_backend(),))
    service = a_service()
    label = service_hash(service, parse_version(version)) or ""
    service = replace(service, metadata=replace(service.metadata, labels={HASH_LABEL: label}))
    told = told_of(version, service, a_clb(own, unused))
    assert (("DeleteVServerGroup", "rsp-2") in now_of(told)) is deleted


def test_a_group_with_a_backend_of_the_users_is_not_deleted() -> None:
    own = ServerGroup(id="rsp-1", name=GROUP, load_balancer_id="lb-1", backends=(a_backend(),))
    shared = ServerGroup(
        id="rsp-2", name="k8s/30081/web/prod/c1", load_balancer_id="lb-1",
        backends=(a_backend(), a_backend("i-hand", description="by hand")),
    )  # fmt: skip
    told = told_of("v2.14.0", a_service(), a_clb(own, shared))
    assert ("RemoveVServerGroupBackendServers", "rsp-2") in now_of(told)
    assert ("DeleteVServerGroup", "rsp-2") not in now_of(told)


@pytest.mark.parametrize(("version", "deleted"), [("v2.5.1", True), ("v2.6.0", False)])
def test_another_protocol_at_a_port_is_deleted_until_v2_6(version: str, deleted: bool) -> None:
    foreign = Listener(port=80, protocol="udp", description="by hand", status="running")
    listener = Listener(
        port=80, protocol="tcp", description="k8s/80/web/prod/c1", server_group_id="rsp-1", status="running"
    )
    told = told_of(version, a_service(), a_clb(listeners=(listener, foreign)))
    assert (("DeleteLoadBalancerListener", "lb-1:80") in now_of(told)) is deleted


@pytest.mark.parametrize(("version", "refused"), [("v2.11.2", True), ("v2.12.4", False)])
def test_a_group_that_cannot_be_built_is_skipped_from_v2_12(version: str, refused: bool) -> None:
    told = told_of(version, a_service({"id": "lb-1", "vgroup-port": "rsp-9:80"}), replace(a_clb(), tags={}))
    assert (told.refusal is not None) is refused


@pytest.mark.parametrize("version", ["v2.3.0", "v2.10.0", "v2.14.0"])
def test_a_service_that_needs_no_load_balancer_any_more_loses_it(version: str) -> None:
    service = a_service(type="ClusterIP")
    service = replace(service, metadata=replace(service.metadata, labels={HASH_LABEL: "old"}))
    told = told_of(version, service, a_clb(DeleteProtection="on"))
    assert now_of(told) == [("SetLoadBalancerDeleteProtection", "lb-1"), ("DeleteLoadBalancer", "lb-1")]
    assert told.finalizers == {FINALIZER: "removed"}


def test_a_preserved_clb_is_told_of_where_it_is_found() -> None:
    """Not by the sync that makes it, and from v2.12 on not before all is read."""

    def told(version: str, lb: LoadBalancer | None, **notes: str) -> bool:
        made = told_of(version, a_service({"preserve-lb-on-delete": "true", **notes}), lb)
        return "PreservedOnDelete" in {event.reason for event in made.events}

    assert told("v2.10.0", a_clb())
    assert not told("v2.10.0", None)
    assert told("v2.12.4", None, **{"network-type": "vpc"})  # refused once the CLB is made, and tried again
    assert told("v2.11.2", a_clb(), **{"vgroup-port": "bad"})
    assert not told("v2.12.4", a_clb(), **{"vgroup-port": "bad"})


def test_a_preserved_load_balancer_is_only_tidied() -> None:
    told = told_of("v2.10.0", a_service({"preserve-lb-on-delete": "true"}, type="ClusterIP"), a_clb())
    assert now_of(told) == [("UntagResources", "lb-1")]


@pytest.mark.parametrize(("version", "synced"), [("v2.9.1", True), ("v2.10.0", False)])
def test_a_classed_service_with_the_finalizer_is_served_until_v2_10(version: str, synced: bool) -> None:
    told = told_of(version, a_service(load_balancer_class="example.com/other"), a_clb())
    assert (told.lb == "clb") is synced
    assert (told.finalizers == {FINALIZER: "removed"}) is not synced


@pytest.mark.parametrize(
    ("version", "call"),
    [
        ("v2.3.0", ""),
        ("v2.5.1", "ModifyLoadBalancerInstanceChargeType"),
        ("v2.14.0", "ModifyLoadBalancerInstanceChargeType"),
    ],
)
def test_the_charge_type_is_changed_from_v2_4(version: str, call: str) -> None:
    told = told_of(version, a_service({"instance-charge-type": "PayByCLCU"}), a_clb(InstanceChargeType="PayBySpec"))
    spec = {"v2.5.1": "slb.s1.small"}.get(version)
    assert [action for action, _ in now_of(told) if "Charge" in action] == ([call] if call else [])
    for write in told.writes:
        if "ChargeType" in write.action:
            assert write.params.get("LoadBalancerSpec") == spec


def test_the_default_name_finds_a_load_balancer_also_where_another_name_is_wished() -> None:
    lb = replace(a_clb(), tags={}, name="my-lb")
    told = told_of("v2.14.0", a_service({"name": "my-lb"}), lb)
    assert now_of(told)[0] == ("CreateLoadBalancer", "")


@pytest.mark.parametrize(("version", "seen"), [("v2.4.0", False), ("v2.5.1", True)])
def test_a_former_load_balancer_service_without_label_is_not_seen_before_v2_5(version: str, seen: bool) -> None:
    assert bool(now_of(told_of(version, a_service(type="ClusterIP"), a_clb()))) is seen


@pytest.mark.parametrize(("version", "backend"), [("v2.9.1", False), ("v2.10.0", True)])
def test_a_pod_that_only_waits_for_ccms_gate_is_a_backend_from_v2_10(version: str, backend: bool) -> None:
    gate = {"conditionType": "service.readiness.alibabacloud.com/web"}
    pod = Pod(
        metadata=Metadata(name="web-a", namespace="prod"),
        spec=PodSpec(readiness_gates=(gate,)),
        status=PodStatus(conditions=(Condition(type="ContainersReady", status="True"),)),
    )
    waiting = Endpoint(
        addresses=("10.0.0.2",), conditions=EndpointConditions(ready=False), node_name="n1",
        target_ref=TargetRef(kind="Pod", name="web-a", namespace="prod"),
    )  # fmt: skip
    slices = EndpointSlice(
        metadata=Metadata(name="web-1", namespace="prod", labels={"kubernetes.io/service-name": "web"}),
        endpoints=(waiting,), ports=(EndpointPort(name="", port=8080, protocol="TCP"),),
    )  # fmt: skip
    service = a_service(external_traffic_policy="Local")
    facts = ClusterFacts(
        identity=ClusterIdentity(id="c1"), ccm=CcmInstall(version="v2.10.0", cluster_id="c1"), services=(service,),
        nodes=(a_node("n1"),), endpoint_slices=(slices,), pods=(pod,),
    )  # fmt: skip
    world = World.of(facts, parse_version(version), load_matrix())
    assert bool(list(ready_ends(world, service, (service.spec.ports or ())[0]))) is backend


@pytest.mark.parametrize(
    ("address_type", "shown", "told"),
    [("internet", "47.1.1.1", True), ("intranet", "192.168.0.9", True), ("intranet", "47.1.1.1", False)],
)
def test_an_eip_that_is_not_there_is_told_at_each_sync(address_type: str, shown: str, told: bool) -> None:
    status = ServiceStatus(load_balancer=LoadBalancerStatus(ingress=(Ingress(ip=shown),)))
    service = replace(a_service({"external-ip-type": "eip", "address-type": address_type}), status=status)
    address = "192.168.0.9" if address_type == "intranet" else "47.1.1.1"
    lb = replace(a_clb(), address_type=address_type, address=address)
    assert ("FailedSetEIPAddress" in [e.reason for e in told_of("v2.14.0", service, lb).events]) is told


@pytest.mark.parametrize(("version", "refused"), [("v2.11.2", False), ("v2.12.4", True)])
def test_a_network_type_that_an_internet_clb_never_has_is_found_out_at_creation(version: str, refused: bool) -> None:
    told = told_of(version, a_service({"network-type": "vpc"}), None)
    assert ("CreateLoadBalancer", "") in now_of(told)
    assert (told.refusal is not None, bool(told.labels)) == (refused, not refused)


def test_a_machine_known_by_the_address_of_a_pod_is_the_same_machine() -> None:
    """CCM v2.2.0 ... v2.5.1 register a node of a Local Service with the address of one of its pods."""
    group = ServerGroup(id="rsp-1", name=GROUP, load_balancer_id="lb-1",
                        backends=(replace(a_backend(weight=7), server_ip="10.0.0.1"),))  # fmt: skip
    told = told_of("v2.14.0", a_service(), a_clb(group))
    assert [(shift.backend, shift.weight) for shift in told.traffic] == [("i-n1", (7, 100))]


def test_what_a_user_added_keeps_its_share_of_the_traffic() -> None:
    group = ServerGroup(id="rsp-1", name=GROUP, load_balancer_id="lb-1",
                        backends=(a_backend(weight=7), a_backend("i-hand", 100, "by hand")))  # fmt: skip
    told = told_of("v2.14.0", a_service(), a_clb(group))
    assert {shift.backend: shift.share for shift in told.traffic} == {"i-n1": (6.5, 50.0), "i-hand": (93.5, 50.0)}
    own = replace(a_backend(weight=33, description="by hand"), port=31000)
    told = told_of("v2.14.0", a_service(), a_clb(replace(group, backends=(a_backend(weight=7), own))))
    assert {shift.backend: shift.weight for shift in told.traffic} == {"i-n1": (7, 100), "i-n1:31000": (33, 33)}


@pytest.mark.parametrize(("had", "anew"), [("", True), ("0", True), ("30080", False)])
def test_v1_makes_listeners_anew_that_have_another_backend_port(had: str, anew: bool) -> None:
    listener = Listener(
        port=80, protocol="tcp", description="by hand", server_group_id="rsp-9", status="running",
        attributes={"BackendServerPort": had, "AclStatus": "off", "HealthCheckType": "tcp", "PersistenceTimeout": "0"},
    )  # fmt: skip
    told = [
        one for one in now_of(told_of("v1.9.3.239", a_service(), a_clb(listeners=(listener,)))) if "Listener" in one[0]
    ]
    again = [(call, "lb-1:80") for call in ("DeleteLoadBalancerListener", "CreateLoadBalancerTCPListener",
                                            "StartLoadBalancerListener")]  # fmt: skip
    assert told == (again if anew else [])


def test_v1_puts_its_defaults_back_and_stops_a_listener_before_it_goes() -> None:
    kept = Listener(
        port=80, protocol="tcp", description="k8s/80/web/prod/c1", server_group_id="rsp-1", status="running",
        attributes={"BackendServerPort": "30080", "AclStatus": "off", "HealthCheckType": "tcp",
                    "PersistenceTimeout": "1800"},
    )  # fmt: skip
    gone = Listener(port=443, protocol="tcp", description="k8s/443/web/prod/c1", status="running")
    told = told_of("v1.9.3.239", a_service(), a_clb(listeners=(kept, gone)))
    assert [(w.action, w.object) for w in told.writes if "Listener" in w.action] == [
        ("slb:StopLoadBalancerListener", "lb-1:443"),
        ("slb:DeleteLoadBalancerListener", "lb-1:443"),
        ("slb:SetLoadBalancerTCPListenerAttribute", "lb-1:80"),
    ]
    assert told.writes[-1].changes == {"PersistenceTimeout": ("1800", "0")}


@pytest.mark.parametrize(("version", "calls"), [("v2.3.0", 2), ("v2.10.0", 2), ("v2.11.2", 1)])
def test_ports_that_share_a_group_undo_each_other_until_v2_11(version: str, calls: int) -> None:
    ports = tuple(
        ServicePort(name=str(port), port=port, node_port=30000 + port, protocol="TCP", target_port=8080)
        for port in (80, 81)
    )
    group = ServerGroup(id="rsp-1", name="by hand", load_balancer_id="lb-1")
    lb = replace(a_clb(group), tags={"kubernetes.reused.by.user": "true"})
    service = a_service({"id": "lb-1", "vgroup-port": "rsp-1:80,rsp-1:81"}, ports=ports)
    told = told_of(version, service, lb)
    assert [call for call, group_id in now_of(told) if group_id == "rsp-1"] == ["AddVServerGroupBackendServers"] * calls
    # The next sync finds the backends of both, or those of the first, and takes out what one of them does not want.
    later = {one.action for one in told.writes if one.effect == "LATENT" and one.object == "rsp-1"}
    assert later >= {"slb:RemoveVServerGroupBackendServers", "slb:SetVServerGroupAttribute"}


@pytest.mark.parametrize("policy", ["Cluster", "Local"])
@pytest.mark.parametrize("version", ["v1.9.3.239", "v2.1.0", "v2.14.0"])
def test_endpoints_that_name_no_node_stop_the_port(version: str, policy: str) -> None:
    """Those of a Service without a selector: written by hand, they seldom say where a pod runs."""
    service = a_service(external_traffic_policy=policy)
    made = told_of(version, service, None, host=None)
    assert made.refusal is not None
    assert not [one for one in made.writes if "Listener" in one.action]


def test_a_listener_of_the_users_own_is_in_the_way_of_another_protocol() -> None:
    theirs = Listener(port=80, protocol="tcp", description="by-hand", status="running")
    service = a_service({"id": "lb-1", "force-override-listeners": "true", "protocol-port": "http:80"})
    lb = replace(a_clb(listeners=(theirs,)), tags={})
    assert any("port 80 has a listener already" in why.text for why in told_of("v2.14.0", service, lb).doubts)
    ours = replace(theirs, description="k8s/80/web/prod/c1")
    assert not told_of("v2.14.0", a_service({"protocol-port": "http:80"}), a_clb(listeners=(ours,))).doubts


def test_a_broken_node_label_is_only_seen_by_a_node_that_has_those_before_it() -> None:
    nodes = (a_node("n1", {"zone": "a"}), a_node("n2", {"zone": "b"}))
    told = {
        label: told_of("v2.14.0", a_service({"backend-label": label}), a_clb(), *nodes).refusal
        for label in ("zone=a,nonsense", "zone=c,nonsense")
    }
    assert told["zone=a,nonsense"] is not None
    assert "parse backend label: nonsense" in told["zone=a,nonsense"].message
    assert told["zone=c,nonsense"] is None


@pytest.mark.parametrize(("vswitch", "refused"), [("vsw-1", True), ("z1:vsw-1", False), ("vsw-1,z2:vsw-2", False)])
def test_from_v2_13_a_configured_vswitch_needs_its_zone(vswitch: str, refused: bool) -> None:
    config = {"vswitchid": vswitch}
    made = told_of("v2.13.0", a_service({"address-type": "intranet"}), None, config=config)
    assert (made.refusal is not None and "no vswitches found" in made.refusal.message) is refused
    assert bool(made.writes) is not refused
    for notes in ({"address-type": "intranet", "vswitch-id": "vsw-9"}, {}):
        assert told_of("v2.13.0", a_service(notes), None, config=config).refusal is None
    older = told_of("v2.12.4", a_service({"address-type": "intranet"}), None, config={"vswitchid": "vsw-1"})
    assert next(one.params for one in older.writes)["VSwitchId"] == "vsw-1"


def test_from_v2_12_a_tunnelled_service_is_never_heard_of() -> None:
    service = a_service({"tunnel-type": "x"})
    for version, heard in (("v2.11.2", True), ("v2.12.4", False)):
        made = told_of(version, service, a_clb())
        assert bool(made.finalizers or made.events) is heard
        assert made.left_behind == (() if heard else ("lb-1",))
    ended = replace(service, spec=replace(service.spec, type="ClusterIP"))
    assert not told_of("v2.14.0", ended, a_clb()).writes
    assert told_of("v2.11.2", ended, a_clb()).writes


@pytest.mark.parametrize(
    ("version", "gate", "kind", "lb"),
    [
        ("v2.14.0", "true", "nlb", "nlb"),
        ("v2.14.0", "true", "clb", None),
        ("v2.14.0", "false", "nlb", "clb"),
        ("v2.9.1", "true", "nlb", "clb"),
        ("v2.14.0", "true", "", "clb"),
    ],
)
def test_a_gate_makes_the_annotation_type_count(version: str, gate: str, kind: str, lb: str | None) -> None:
    service = a_service({"type": kind, "zone-maps": "z1:vsw-1,z2:vsw-2"} if kind else {})
    args = (f"--feature-gates=EndpointSlice=true,LoadBalancerTypeAnnotation={gate}",)
    assert told_of(version, service, None, args=args).lb == lb
