"""What is so without any event, on small clusters built by hand: one thing is sick in each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from upgrader.diagnose.diagnose import Selection, diagnose
from upgrader.forecast.world import default_name
from upgrader.matrix.load import load_matrix
from upgrader.migrations.context import PREFIX
from upgrader.model.cloud import OWNER_TAG, Listener, LoadBalancer
from upgrader.model.errors import InputError
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity, Gap
from upgrader.model.kube import (
    Endpoint,
    EndpointSlice,
    Event,
    EventMetadata,
    EventSource,
    Ingress,
    LoadBalancerStatus,
    Metadata,
    Node,
    NodeSpec,
    ObjectReference,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
)

UID = "0a8d9b4e-0000-4000-8000-000000000001"


def service(annotations: dict[str, str] | None = None, address: str = "47.0.0.1", **spec: Any) -> Service:
    wanted: dict[str, Any] = {
        "type": "LoadBalancer",
        "ports": (ServicePort(port=80, protocol="TCP"),),
        "selector": {"app": "web"},
    }
    return Service(
        metadata=Metadata(name="web", namespace="prod", uid=UID, annotations=annotations or {}),
        spec=ServiceSpec(**(wanted | spec)),
        status=ServiceStatus(load_balancer=LoadBalancerStatus(ingress=(Ingress(ip=address),) if address else ())),
    )


def clb(**more: Any) -> LoadBalancer:
    own = {OWNER_TAG: default_name(service())}
    return LoadBalancer(**({"kind": "clb", "id": "lb-1", "address": "47.0.0.1", "tags": own} | more))


def facts(
    one: Service | None = None,
    lbs: tuple[LoadBalancer, ...] | None = (clb(),),
    version: str = "v2.10.0",
    **more: object,
) -> ClusterFacts:
    nodes = tuple(
        Node(metadata=Metadata(name=n), spec=NodeSpec(provider_id=f"cn-hangzhou.i-{n}")) for n in ("n1", "n2")
    )
    ready = EndpointSlice(
        metadata=Metadata(name="web-1", namespace="prod", labels={"kubernetes.io/service-name": "web"}),
        endpoints=(Endpoint(addresses=("10.0.0.1",), node_name="n1"),),
    )
    base = ClusterFacts(
        identity=ClusterIdentity(id="c1", region="cn-hangzhou", kind="dedicated", network="flannel", vpc_id="vpc-1"),
        ccm=CcmInstall(version=version, ready=1, desired=1),
        services=(one or service(),),
        endpoint_slices=(ready,),
        nodes=nodes,
        load_balancers=lbs,
    )
    return replace(base, **more)


def ids(cluster: ClusterFacts, selection: Selection | None = None) -> set[str]:
    """What is found; the forecast of a load balancer that was not read in detail keeps out of it."""
    return {one.id for one in diagnose(cluster, load_matrix(), selection) if not one.settled}


Make = Callable[[], ClusterFacts]
SICK: dict[str, tuple[str, Make]] = {
    "pending, and the version is mute": (
        "pending-without-events", lambda: facts(service(address=""), lbs=(), version="v1.9.3.239")),
    "pending, and another controller's": (
        "pending-without-events", lambda: facts(service(address="", load_balancer_class="example.com/other"), lbs=())),
    "pending, and CCM is down": (
        "pending-without-events",
        lambda: facts(service(address=""), lbs=(), ccm=CcmInstall(version="v2.10.0", ready=0, desired=3))),
    "deleted by accident": ("load-balancer-gone", lambda: facts(lbs=())),
    "Local, from inside": ("local-address-inside", lambda: facts(service(external_traffic_policy="Local"))),
    "private, by host name": (
        "private-address-inside",
        lambda: facts(
            replace(service(), status=ServiceStatus(
                load_balancer=LoadBalancerStatus(ingress=(Ingress(hostname="web.example.com"),)))),
            lbs=(clb(address_type="intranet", listeners=(Listener(port=80, protocol="tcp"),)),))),
    "a typo": ("annotation-without-effect", lambda: facts(service({PREFIX + "bandwith": "5"}))),
    "too new an annotation": (
        "annotation-without-effect",
        lambda: facts(service({PREFIX + "preserve-lb-on-delete": "true"}), version="v2.3.0")),
    "no LoadBalancer at all": (
        "annotation-without-effect", lambda: facts(service({PREFIX + "spec": "x"}, type="NodePort"))),
    "drain without time": ("connection-drain", lambda: facts(service({PREFIX + "connection-drain": "on"}))),
    "drain of HTTP": (
        "connection-drain",
        lambda: facts(
            service({PREFIX + "connection-drain": "on", PREFIX + "connection-drain-timeout": "30"}),
            lbs=(clb(listeners=(Listener(port=80, protocol="http"),)),))),
    "moved to a reused one": (
        "load-balancer-orphaned",
        lambda: facts(service({PREFIX + "id": "lb-2"}, address="47.0.0.2"),
                      lbs=(clb(), clb(id="lb-2", address="47.0.0.2", tags={})))),
    "nobody behind it": ("without-backends", lambda: facts(endpoint_slices=())),
    "the API server's": (
        "cluster-load-balancers",
        lambda: facts(lbs=(clb(), clb(id="lb-api", address="10.1.1.1", tags={"ack.aliyun.com": "c1"},
                                      listeners=(Listener(port=6443, protocol="tcp"),))))),
    "node ports overlap": (
        "CCM074", lambda: facts(node_port_range=(30000, 40000), local_port_range=(32768, 60999))),
    "made by CCM, untagged": ("CCM002", lambda: facts(lbs=(clb(tags={}, name="mine"),))),
    "reuses the API server's": (
        "CCM021",
        lambda: facts(service({PREFIX + "id": "lb-api"}),
                      lbs=(clb(id="lb-api", tags={"ack.aliyun.com": "c1"},
                               listeners=(Listener(port=6443, protocol="tcp"),)),))),
}  # fmt: skip


@pytest.mark.parametrize("name", SICK)
def test_it_is_found_and_only_where_it_is(name: str) -> None:
    wanted, make = SICK[name]
    assert wanted in ids(make())
    assert wanted not in ids(facts())


def test_a_healthy_cluster_has_nothing() -> None:
    assert ids(facts()) - {"hand-edits"} == set()


@pytest.mark.parametrize("ccm", [{"cloud_config": {"serviceBackendType": "eni"}}, {"force_eni": "true"}])
def test_pods_that_are_backends_themselves_may_be_clients_of_their_clb(ccm: dict[str, Any]) -> None:
    wanted, make = SICK["private, by host name"]
    direct = CcmInstall(version="v2.10.0", ready=3, desired=3, **ccm)
    assert wanted not in ids(replace(make(), ccm=direct))


def test_what_could_not_be_read_is_not_taken_for_gone() -> None:
    unread = facts(lbs=None, gaps=(Gap(area="clb", call="DescribeLoadBalancers", why="denied"),))
    assert "load-balancer-gone" not in ids(unread)
    assert "without-backends" not in ids(
        facts(endpoint_slices=(), gaps=(Gap(area="endpoints", call="list", why="denied"),))
    )


def event(reason: str, message: str, at: str, kind: str = "Warning", version: str = "1") -> Event:
    return Event(
        metadata=EventMetadata(namespace="prod", resource_version=version), type=kind, reason=reason, message=message,
        involved_object=ObjectReference(kind="Service", namespace="prod", name="web"), last_timestamp=at,
        source=EventSource(component="service-controller"),
    )  # fmt: skip


FAILED = event(
    "SyncLoadBalancerFailed", "Error syncing load balancer []: Code: Throttling.User", "2026-01-01T10:00:00Z"
)


@pytest.mark.parametrize(
    ("at", "version", "over"),
    [("2026-01-01T10:00:01Z", "2", True), ("2026-01-01T09:59:59Z", "2", False), ("2026-01-01T10:00:00Z", "2", True),
     ("2026-01-01T10:00:00Z", "0", False)],
)  # fmt: skip
def test_a_failure_is_over_only_after_a_later_success(at: str, version: str, over: bool) -> None:
    success = event("EnsuredLoadBalancer", "Ensured load balancer [lb-1]", at, "Normal", version)
    (one,) = [d for d in diagnose(facts(events=(FAILED, success)), load_matrix()) if d.id == "throttled"]
    assert bool(one.settled) is over


def test_the_latest_of_many_speaks() -> None:
    later = replace(FAILED, last_timestamp="2026-01-01T11:00:00Z", count=7)
    found = [d for d in diagnose(facts(events=(later, FAILED)), load_matrix()) if d.id == "throttled"]
    assert [(d.count, d.last) for d in found] == [(7, "2026-01-01T11:00:00Z")]


def test_events_of_a_deleted_service_are_history() -> None:
    other = replace(FAILED, involved_object=ObjectReference(kind="Service", namespace="prod", name="old"))
    (one,) = [d for d in diagnose(facts(events=(other,)), load_matrix()) if d.id == "throttled"]
    assert one.settled == "the Service is not there any more"


REQUEST = "8E2B1C44-0000-4F3A-9C1D-1234567890AB"


@pytest.mark.parametrize(
    ("reason", "message", "told"),
    [
        ("SyncLoadBalancerFailed", "Error syncing load balancer []: a wholly new thing", "unknown-message"),
        ("CleanLoadBalancerFailed", "Error deleting load balancer [lb-1]: Message: new", "CleanLoadBalancerFailed"),
        ("SyncLoadBalancerFailed", "Error syncing load balancer []: update lb attribute error: new", "lb-attribute"),
        (
            "NeverSeen",
            f"[SDKError] API: A, ErrorCode: Brand.New, RequestId: {REQUEST}, Message: new",
            "unknown-message",
        ),
    ],
)
def test_what_nobody_knows_is_unknown_and_never_guessed(reason: str, message: str, told: str) -> None:
    (one,) = [d for d in diagnose(facts(events=(event(reason, message, "t"),)), load_matrix()) if d.seen]
    assert (one.id, one.outcome, one.seen) == (told, "UNKNOWN", message)
    assert one.fix
    if "Brand.New" in message:
        assert any("q=Brand.New" in text for text in one.fix)
        assert any(REQUEST in text for text in one.fix)


def test_a_warning_of_others_is_not_told() -> None:
    foreign = replace(
        event("Odd", "of another controller", "2026-01-01T10:00:00Z"), source=EventSource(component="ingress")
    )
    assert not [d for d in diagnose(facts(events=(foreign,)), load_matrix()) if "another controller" in d.seen]


def test_one_service_can_be_asked_for() -> None:
    cluster = facts(endpoint_slices=(), node_port_range=(30000, 40000), local_port_range=(32768, 60999))
    assert "CCM074" not in ids(cluster, Selection(namespace="prod", name="web"))
    assert "without-backends" in ids(cluster, Selection(name="web"))
    assert ids(cluster, Selection(namespace="other")) == set()
    with pytest.raises(InputError, match="there is no Service prod/nobody"):
        diagnose(cluster, load_matrix(), Selection(namespace="prod", name="nobody"))


def test_a_hostile_value_never_becomes_a_command() -> None:
    hostile = facts(
        service({PREFIX + "id": "lb-x"}, address="47.0.0.9"),
        lbs=(clb(id="lb;rm -rf /", address="47.0.0.9"),),
        events=(event("SyncLoadBalancerFailed", "The specified LoadBalancerId does not exist", "t"),),
    )
    fixes = [text for one in diagnose(hostile, load_matrix()) for text in one.fix]
    assert any("lb;rm -rf /" in text for text in fixes)
    assert not any("lb;rm" in text and "'lb;rm -rf /'" not in text for text in fixes)


@pytest.mark.parametrize("version", ["", "v9.9.9"])
def test_an_unknown_version_judges_what_it_can(version: str) -> None:
    found = ids(facts(service(address=""), lbs=(), version=version))
    assert "pending-without-events" in found
    assert "hand-edits" not in found
