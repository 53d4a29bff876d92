"""The cloud's adapter against the lab's cloud, over real HTTP with checked signatures."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import pytest

from tests.adapters.labcloud import CLUSTER, DOCUMENT, KEY, REGION, ROLE, SECRET, VPC, asked, served, text_of, world
from tests.adapters.recorded import Recorder
from upgrader.adapters.aliyun import connect
from upgrader.adapters.aliyun.answers import listed
from upgrader.adapters.aliyun.call import Call, Transport
from upgrader.adapters.aliyun.client import SdkTransport
from upgrader.adapters.aliyun.cloud import AliyunCloud
from upgrader.adapters.aliyun.endpoint import parse_endpoint
from upgrader.adapters.aliyun.reader import AliyunReader
from upgrader.lab.cloud.cloud import Cloud
from upgrader.lab.cloud.nlb.model import NlbListener, ServerGroup
from upgrader.lab.cloud.slb.model import DomainExtension
from upgrader.lab.cloud.slb.model import Listener as ClbListener
from upgrader.lab.faults import Fault
from upgrader.lab.journal import is_write
from upgrader.model.cloud import ServerGroup as Group
from upgrader.model.errors import AbsentError, BugError, DeniedError, LockedError, RefusedError, TransientError
from upgrader.ports.clock import SystemClock


class Open:
    """A fence that lets everything through."""

    def check(self) -> None:
        return


class Shut:
    """A fence whose lock was lost."""

    def check(self) -> None:
        raise LockedError(what="the lock was lost")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)
    monkeypatch.delenv("ALIBABA_CLOUD_SECURITY_TOKEN", raising=False)
    # A proxy of the machine must not catch what goes to loopback.
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")


@pytest.fixture
def lab() -> Iterator[tuple[Cloud, AliyunCloud]]:
    with served(world()) as (cloud, url):
        yield cloud, connect(REGION, endpoint=url)


def test_a_clb_comes_whole(lab: tuple[Cloud, AliyunCloud]) -> None:
    lb = lab[1].reader.load_balancer("lb-000")
    assert (lb.kind, lb.address, lb.tags["ack.aliyun.com"], lb.detailed) == ("clb", "47.0.0.0", CLUSTER, True)
    [listener] = lb.listeners
    assert (listener.port, listener.protocol, listener.server_group_id) == (80, "tcp", "rsp-0")
    assert listener.attributes["Scheduler"] == "rr"
    assert [(b.server_id, b.weight) for b in lb.server_groups[0].backends] == [("i-1", 66), ("i-2", 33)]


def test_an_nlb_comes_with_the_groups_of_its_listeners_and_tag(lab: tuple[Cloud, AliyunCloud]) -> None:
    lb = lab[1].reader.load_balancer("nlb-1")
    assert [(one.port, one.protocol, one.server_group_id) for one in lb.listeners] == [(80, "TCP", "sgp-1")]
    assert [(group.id, [b.weight for b in group.backends]) for group in lb.server_groups] == [("sgp-1", [3])]


def lost_groups(reader: AliyunReader, named: Collection[str] = ()) -> tuple[Group, ...]:
    return reader.orphan_groups(REGION, CLUSTER, reader.nlbs(REGION, ""), reader.nlb_groups(REGION), named)


def test_tags_that_a_list_does_not_tell_are_asked_for_twenty_at_a_time() -> None:
    class Silent:
        """An endpoint whose lists tell no tags."""

        def __init__(self, transport: Transport) -> None:
            self._transport = transport

        def send(self, call: Call) -> dict[str, Any] | list[Any]:
            answer = self._transport.send(call)
            for one in listed(answer if isinstance(answer, dict) else {}, "LoadBalancers", "LoadBalancer"):
                del one["Tags"]
            return answer

    with served(world(230)) as (cloud, url):
        transport = Silent(SdkTransport(endpoint=parse_endpoint(url)))
        found = AliyunReader(transport, REGION).clbs(REGION)
        names = asked(cloud)
    assert len(found) == 230
    assert all(lb.tags for lb in found)
    assert names.count("slb:ListTagResources") == 12


def test_requests_grow_with_pages_and_wanted_load_balancers_only() -> None:
    with served(world(230)) as (cloud, url):
        found = connect(REGION, endpoint=url).reader.load_balancers(REGION, VPC, ["lb-007"])
        names = asked(cloud)
    assert len(found) == 231
    assert [lb.id for lb in found if lb.detailed] == ["lb-007"]
    assert all(lb.tags for lb in found)
    assert names.count("slb:DescribeLoadBalancers") == 3
    assert names.count("slb:ListTagResources") == 0
    assert names.count("slb:DescribeLoadBalancerListeners") == 1
    assert names.count("slb:DescribeVServerGroups") == 1
    assert names.count("slb:DescribeLoadBalancerAttribute") == 0  # the list tells what it would


def test_lost_groups_are_those_of_our_cluster_without_an_owner(lab: tuple[Cloud, AliyunCloud]) -> None:
    assert [group.id for group in lost_groups(lab[1].reader)] == ["sgp-lost"]


def test_groups_that_a_service_names_are_read_whoever_made_them(lab: tuple[Cloud, AliyunCloud]) -> None:
    lab[0].world.nlb.groups["sgp-hand"] = ServerGroup(id="sgp-hand", name="by-hand", region=REGION, vpc_id=VPC)
    found = lost_groups(lab[1].reader, {"sgp-hand", "sgp-nowhere"})
    assert [group.id for group in found] == ["sgp-hand", "sgp-lost"]


def test_certificates_beside_the_default_one(lab: tuple[Cloud, AliyunCloud]) -> None:
    cloud, connected = lab
    listener = NlbListener(
        id="lsn-1@443", load_balancer_id="nlb-1", region=REGION, port=443, protocol="TCPSSL", group_id="sgp-1",
        settings={"CertificateIds": ["default"]}, certificates=["b", "a"],
    )  # fmt: skip
    cloud.world.nlb.listeners[listener.id] = listener
    assert sorted(connected.reader.additional_certificates(REGION, listener.id)) == ["a", "b"]


def test_certificates_of_further_domains(lab: tuple[Cloud, AliyunCloud]) -> None:
    cloud, connected = lab
    lb = next(one for one in cloud.world.slb.load_balancers.values() if one.region == REGION)
    lb.listeners["https:8443"] = ClbListener(port=8443, protocol="https", status="running")
    for name, port in (("de-1", 8443), ("de-2", 9443)):
        lb.extensions[name] = DomainExtension(id=name, port=port, domain=f"{name}.example.com", certificate_id="cert-1")
    assert connected.reader.domain_extensions(REGION, lb.id, 8443) == ("de-1.example.com:cert-1:de-1",)


def test_the_cluster_its_addon_role_and_network(lab: tuple[Cloud, AliyunCloud]) -> None:
    reader = lab[1].reader
    cluster = reader.cluster(CLUSTER)
    assert (cluster.kind, cluster.network, cluster.vpc_id, cluster.region) == ("dedicated", "flannel", VPC, REGION)
    assert [one.id for one in reader.clusters()] == [CLUSTER]
    addon = reader.addon(CLUSTER, "cloud-controller-manager")
    assert (addon.version, addon.next_versions, addon.config) == ("v2.10.0", ("v2.14.0",), '{"a":1}')
    assert reader.master_role(CLUSTER) == ROLE
    [policy] = reader.ram(ROLE).policies or ()
    assert (policy.type, policy.default_version, policy.document, policy.versions) == (
        "Custom",
        "v1",
        DOCUMENT,
        ("v1",),
    )
    assert reader.vpc_cidrs(VPC) == ("10.0.0.0/8",)
    assert [(eni.id, eni.ip) for eni in reader.network_interfaces(VPC, ["10.0.0.9", "10.9.9.9"])] == [
        ("eni-1", "10.0.0.9")
    ]


def test_reading_never_writes(lab: tuple[Cloud, AliyunCloud], monkeypatch: pytest.MonkeyPatch) -> None:
    cloud, connected = lab
    reader = connected.reader
    reader.load_balancers(REGION, VPC, None)
    lost_groups(reader)
    reader.security_groups(REGION, VPC)
    reader.addon(CLUSTER, "cloud-controller-manager")
    reader.running_tasks(CLUSTER)
    reader.ram(ROLE)
    requests = cloud.journal.requests()
    assert requests
    assert not [request.action for request in requests if is_write(request.action)]


def test_a_read_only_transport_refuses_a_write_before_it_leaves(lab: tuple[Cloud, AliyunCloud]) -> None:
    recorder = Recorder(_Nowhere(), read_only=True)
    writer = AliyunCloud(recorder, region=REGION, clock=SystemClock()).writer(Open())
    with pytest.raises(BugError):
        writer.tag("lb-000", {"a": "b"})
    assert [call.name for call in recorder.calls] == ["slb:TagResources"]


def test_writes_land_and_return_their_request_id(lab: tuple[Cloud, AliyunCloud]) -> None:
    _cloud, connected = lab
    writer = connected.writer(Open())
    assert writer.tag("lb-001", {"k": "v"})
    assert connected.reader.load_balancer("lb-001").tags["k"] == "v"
    writer.untag("lb-001", ("k",))
    assert "k" not in connected.reader.load_balancer("lb-001").tags
    # Longer than an address may be: it has to travel in the body.
    document = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["a" * 40] * 60, "Resource": "*"}]}
    version, request_id = writer.create_policy_version("k8sMasterRolePolicy-Ccm-1", document)
    assert version == "v2"
    assert request_id
    [policy] = connected.reader.ram(ROLE).policies or ()
    assert (policy.default_version, policy.document, policy.versions) == ("v2", document, ("v1", "v2"))
    writer.set_default_policy_version("k8sMasterRolePolicy-Ccm-1", "v1")
    writer.delete_policy_version("k8sMasterRolePolicy-Ccm-1", "v2")
    task, _ = writer.upgrade_addon(CLUSTER, "cloud-controller-manager", "v2.10.0", "v2.14.0", '{"a":1}')
    assert connected.reader.task(task).state == "running"
    assert [one.id for one in connected.reader.running_tasks(CLUSTER)] == [task]
    writer.cancel_task(task)
    assert connected.reader.task(task).finished
    backends = '[{"ServerId":"i-1","Port":"30080","Weight":"5","Type":"ecs"}]'
    writer.send("slb:SetVServerGroupAttribute", REGION, {"VServerGroupId": "rsp-2", "BackendServers": backends})
    weights = {b.server_id: b.weight for b in connected.reader.load_balancer("lb-002").server_groups[0].backends}
    assert weights["i-1"] == 5


def test_a_lost_lock_stops_every_write_before_it_is_sent(lab: tuple[Cloud, AliyunCloud]) -> None:
    cloud, connected = lab
    writer = connected.writer(Shut())
    for write in (
        lambda: writer.tag("lb-000", {"a": "b"}),
        lambda: writer.create_policy_version("p", {}),
        lambda: writer.cancel_task("T-1"),
        lambda: writer.send("slb:SetVServerGroupAttribute", REGION, {}),
    ):
        with pytest.raises(LockedError):
            write()
    assert asked(cloud) == []


def test_a_throttled_read_is_asked_again_and_a_throttled_write_is_not(lab: tuple[Cloud, AliyunCloud]) -> None:
    cloud, connected = lab
    cloud.faults.add(Fault(action="DescribeLoadBalancerAttribute", code="Throttling.User", times=2))
    assert connected.reader.load_balancer("lb-000").id == "lb-000"
    assert asked(cloud).count("slb:DescribeLoadBalancerAttribute") == 3
    cloud.faults.add(Fault(action="TagResources", code="Throttling.User", times=1))
    with pytest.raises(TransientError) as caught:
        connected.writer(Open()).tag("lb-000", {"a": "b"})
    assert not caught.value.effect_unknown
    assert asked(cloud).count("slb:TagResources") == 1


def test_a_write_whose_answer_failed_is_of_unknown_effect(lab: tuple[Cloud, AliyunCloud]) -> None:
    cloud, connected = lab
    cloud.faults.add(Fault(kind="after", action="TagResources", code="ServiceUnavailable"))
    with pytest.raises(TransientError) as caught:
        connected.writer(Open()).tag("lb-000", {"a": "b"})
    assert caught.value.effect_unknown
    assert asked(cloud).count("slb:TagResources") == 1


def test_errors_are_ours_and_name_what_is_missing(lab: tuple[Cloud, AliyunCloud]) -> None:
    cloud, connected = lab
    with pytest.raises(AbsentError):
        connected.reader.cluster("c" + "9" * 32)
    with pytest.raises((AbsentError, RefusedError)):
        connected.reader.load_balancer("lb-none")
    cloud.faults.add(Fault(action="ListPoliciesForRole", code="NoPermission", status=403, times=None))
    with pytest.raises(DeniedError) as caught:
        connected.reader.ram(ROLE)
    assert caught.value.action == "ram:ListPoliciesForRole"


def test_a_wrong_secret_is_told_without_showing_any(
    lab: tuple[Cloud, AliyunCloud], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "another-secret-not-to-be-shown")
    _cloud, connected = lab
    with pytest.raises(DeniedError) as caught:
        connected.reader.cluster(CLUSTER)
    said = text_of(vars(caught.value)) + str(caught.value)
    assert "another-secret" not in said
    assert KEY not in said


def test_nobody_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = SdkTransport(endpoint=parse_endpoint("http://127.0.0.1:1"))
    cloud = AliyunCloud(transport, region=REGION, clock=_Hurried())
    with pytest.raises(TransientError, match="the connection was refused") as caught:
        cloud.reader.cluster(CLUSTER)
    assert "Signature" not in str(caught.value)
    with pytest.raises(TransientError) as caught:
        cloud.writer(Open()).tag("lb-1", {"a": "b"})
    assert not caught.value.effect_unknown


class _Nowhere:
    def send(self, call: object) -> dict[str, object]:
        raise AssertionError("nothing may get here")


class _Hurried(SystemClock):
    def sleep(self, seconds: float) -> None:
        return


def test_the_sdk_logs_no_answer(lab: tuple[Cloud, AliyunCloud], caplog: pytest.LogCaptureFixture) -> None:
    lab[0].world.cs.clusters[CLUSTER].kubeconfig = "users: [{token: kubeconfig-token}]"
    assert "kubeconfig-token" in lab[1].reader.kubeconfig(CLUSTER)
    lab[1].reader.master_role(CLUSTER)
    assert caplog.text == ""
