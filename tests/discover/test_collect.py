"""A whole cluster with its cloud read live: facts, gaps, no write, no secret."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from msgspec.structs import replace

from tests.adapters.kubeserver import Answer, Server, listed, ok
from tests.adapters.labcloud import CLUSTER, KEY, REGION, ROLE, SECRET, VPC, asked, served, world
from tests.adapters.recorded import Recorder
from upgrader import codec
from upgrader.adapters.aliyun import connect
from upgrader.adapters.aliyun.client import SdkTransport
from upgrader.adapters.aliyun.cloud import AliyunCloud
from upgrader.adapters.aliyun.endpoint import parse_endpoint
from upgrader.adapters.aliyun.retry import AT_ONCE
from upgrader.discover.collect import discover
from upgrader.discover.said import Said
from upgrader.lab.cloud.slb.model import DomainExtension, Listener
from upgrader.lab.faults import Fault
from upgrader.lab.journal import is_write
from upgrader.model.cloud import DOMAIN_EXTENSIONS
from upgrader.model.errors import DeniedError, TransientError
from upgrader.model.facts import ClusterFacts
from upgrader.ports.clock import SystemClock

CONFIG_SECRET = "cloud-config-secret-not-to-be-kept"
IMAGE = "registry.cn-hangzhou.aliyuncs.com/acs/cloud-controller-manager-amd64:v2.9.1"


def _objects() -> dict[str, list[dict[str, Any]]]:
    container = {"name": "ccm", "image": IMAGE, "args": ["--v=5", f"--secret={CONFIG_SECRET}"]}
    return {
        "/api/v1/services": [
            {"metadata": {"name": "web", "namespace": "default", "uid": "1-2"}, "spec": {"type": "LoadBalancer"},
             "status": {"loadBalancer": {"ingress": [{"ip": "47.0.0.1"}]}}},
        ],
        "/api/v1/nodes": [
            {"metadata": {"name": "n1", "labels": {"node-role.kubernetes.io/master": ""}},
             "spec": {"providerID": f"{REGION}.i-1"}},
        ],
        "/apis/apps/v1/daemonsets": [
            {"metadata": {"name": "cloud-controller-manager", "namespace": "kube-system"},
             "spec": {"template": {"spec": {"containers": [container], "serviceAccountName": "ccm"}}},
             "status": {"numberReady": 3, "desiredNumberScheduled": 3}},
            {"metadata": {"name": "kube-flannel-ds", "namespace": "kube-system"}},
        ],
    }  # fmt: skip


def _config() -> dict[str, Any]:
    text = {"Global": {"clusterID": CLUSTER, "accessKeyID": KEY, "accessKeySecret": CONFIG_SECRET, "vpcid": VPC}}
    return {"metadata": {"name": "cloud-config"}, "data": {"cloud-config.conf": json.dumps(text)}}


def _rule(denied: tuple[str, ...] = (), notes: dict[str, str] | None = None) -> Any:
    objects = _objects()
    objects["/api/v1/services"][0]["metadata"]["annotations"] = notes or {}

    def rule(method: str, path: str, query: dict[str, str], body: Any) -> Answer | None:
        if path in denied:
            return 403, {"reason": "Forbidden", "message": "no"}, {}
        if path == "/version":
            return ok({"gitVersion": "v1.28.3-aliyun.1"})
        if path.endswith("/configmaps/cloud-config"):
            return ok(_config())
        if path.endswith("/endpoints/ccm"):
            return None
        return listed(*objects.get(path, ()))

    return rule


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)
    monkeypatch.delenv("ALIBABA_CLOUD_SECURITY_TOKEN", raising=False)


def _look(*, denied: tuple[str, ...] = (), faults: tuple[Fault, ...] = ()) -> tuple[ClusterFacts, list[str]]:
    with served(world()) as (cloud, url), Server(_rule(denied)).served() as cluster:
        for fault in faults:
            cloud.faults.add(fault)
        facts = discover(cluster, connect(endpoint=url), Said(), SystemClock())
        names = asked(cloud)
        assert not [r.action for r in cloud.journal.requests() if is_write(r.action)]
        return facts, names


def test_a_dedicated_cluster_is_read_whole() -> None:
    facts, _ = _look()
    assert facts.gaps == ()
    identity, ccm = facts.identity, facts.ccm
    assert (identity.id, identity.name, identity.kind, identity.region) == (CLUSTER, "shop", "dedicated", REGION)
    assert (identity.network, identity.vpc_id, identity.vpc_cidrs) == ("flannel", VPC, ("10.0.0.0/8",))
    assert identity.kubernetes == "v1.28.3-aliyun.1"
    assert (ccm.version, ccm.managed_by, ccm.addon_version, ccm.addon_next) == (
        "v2.9.1", "ack", "v2.10.0", ("v2.14.0",))  # fmt: skip
    # The image and the add-on disagree: both are kept.
    assert [d.values for d in ccm.disagreements if d.fact == "version"] == [{"image": "v2.9.1", "add-on": "v2.10.0"}]
    assert facts.ram.role == ROLE
    assert [policy.name for policy in facts.ram.policies or ()] == ["k8sMasterRolePolicy-Ccm-1"]
    lbs = {lb.id: lb for lb in facts.load_balancers or ()}
    assert lbs["lb-001"].detailed
    assert lbs["lb-001"].server_groups
    assert [group.id for group in facts.orphan_groups] == ["sgp-lost"]


def test_the_same_world_gives_the_same_bytes() -> None:
    first, second = _look()[0], _look()[0]
    assert codec.encode(first).replace(first.taken_at.encode(), b"") == codec.encode(second).replace(
        second.taken_at.encode(), b""
    )


def test_no_secret_is_kept() -> None:
    facts, _ = _look()
    text = codec.encode(facts).decode()
    for secret in (CONFIG_SECRET, SECRET, KEY, "kube-token-not-to-be-shown"):
        assert secret not in text


def test_each_failure_is_a_gap_and_the_rest_is_read() -> None:
    faults = (
        Fault(action="ListPoliciesForRole", code="NoPermission", status=403, times=None),
        Fault(action="DescribeVServerGroups", match={"LoadBalancerId": "lb-002"}, code="OperationFailed", times=None),
        Fault(action="ListLoadBalancers", code="Forbidden.RAM", status=403, times=None),
    )  # fmt: skip
    facts, _ = _look(denied=("/api/v1/nodes", "/apis/discovery.k8s.io/v1/endpointslices"), faults=faults)
    why = {(gap.area, gap.subject): gap.why for gap in facts.gaps}
    assert why[("nodes", "")] == "denied"
    assert why[("endpoints", "")] == "denied"
    assert why[("ram", "")] == "denied"
    assert why[("nlb", "")] == "denied"
    assert why[("clb", "lb-002")] == "failed"
    lbs = {lb.id: lb for lb in facts.load_balancers or ()}
    assert lbs["lb-001"].detailed
    assert not lbs["lb-002"].detailed


def test_a_cluster_that_cs_does_not_know_needs_no_cs() -> None:
    with served(world()) as (cloud, url), Server(_rule()).served() as cluster:
        cloud.world.cs.clusters.clear()
        facts = discover(cluster, connect(endpoint=url), Said(), SystemClock())
    assert facts.identity.kind == "self-managed"
    assert (facts.ccm.version, facts.ccm.managed_by) == ("v2.9.1", "manifest")
    assert not [gap for gap in facts.gaps if gap.area in ("identity", "addon")]


def test_requests_grow_with_pages_and_with_the_load_balancers_of_this_cluster_alone() -> None:
    state = world(1000)
    for number, lb in enumerate(state.slb.load_balancers.values()):
        if number >= 10:
            lb.tags = {"owner": "somebody else"}
    with served(state) as (cloud, url), Server(_rule()).served() as cluster:
        facts = discover(cluster, connect(endpoint=url), Said(), SystemClock())
        count = Counter(asked(cloud))
    assert len(facts.load_balancers or ()) == 1001
    assert sum(1 for lb in facts.load_balancers or () if lb.detailed) == 11
    assert count["slb:DescribeLoadBalancers"] == 10
    assert count["slb:ListTagResources"] == 0  # the list tells them
    assert (count["slb:DescribeLoadBalancerAttribute"], count["slb:DescribeLoadBalancerListeners"]) == (0, 1)
    for call in ("slb:DescribeVServerGroups", "slb:DescribeVServerGroupAttribute"):
        assert count[call] == 10
    assert count.total() < 70


@pytest.mark.parametrize("listed_by", ["", "id"])
def test_certificates_of_further_domains_are_asked_for_where_a_service_lists_some(listed_by: str) -> None:
    note, state = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-", world()
    for name, lb in state.slb.load_balancers.items():
        lb.listeners["https:443"] = Listener(port=443, protocol="https", status="running")
        lb.extensions["de-1"] = DomainExtension(id="de-1", port=443, domain="a.example.com", certificate_id=name)
    notes = {note + "id": "lb-001", note + "domain-extensions": "a.example.com:cert-1"} if listed_by else None
    with served(state) as (cloud, url), Server(_rule(notes=notes)).served() as cluster:
        facts = discover(cluster, connect(endpoint=url), Said(), SystemClock())
        count = Counter(asked(cloud))
    told = {
        lb.id: one.attributes[DOMAIN_EXTENSIONS]
        for lb in facts.load_balancers or ()
        for one in lb.listeners
        if DOMAIN_EXTENSIONS in one.attributes
    }
    assert told == ({"lb-001": "a.example.com:lb-001:de-1"} if listed_by else {})
    assert count["slb:DescribeDomainExtensions"] == len(told)


def test_twice_the_load_balancers_of_others_cost_pages_and_twice_ours_their_groups_alone() -> None:
    """The law of requests: lists by pages, groups by what is ours; how many others there are changes nothing else."""

    def asked_for(ours: int, others: int) -> Counter[str]:
        state = world(ours + others)
        for lb in list(state.slb.load_balancers.values())[ours:]:
            lb.tags = {"owner": "somebody else"}
        with served(state) as (cloud, url), Server(_rule()).served() as cluster:
            facts = discover(cluster, connect(endpoint=url), Said(), SystemClock())
            assert facts.gaps == ()
            assert sum(lb.detailed for lb in facts.load_balancers or ()) == ours + 1
            return Counter(asked(cloud))

    once = asked_for(10, 90)
    assert asked_for(10, 190) - once == {"slb:DescribeLoadBalancers": 1}
    groups = dict.fromkeys(("slb:DescribeVServerGroups", "slb:DescribeVServerGroupAttribute"), 10)
    assert asked_for(20, 80) - once == {"slb:DescribeLoadBalancerListeners": 1, **groups}


def test_under_flow_control_the_facts_are_the_same() -> None:
    calm, _ = _look()
    throttled, names = _look(faults=(Fault(action="*", code="Throttling.User", over_per_s=15, times=None),))
    assert throttled.gaps == ()
    assert codec.encode(replace(throttled, taken_at="")) == codec.encode(replace(calm, taken_at=""))
    assert Counter(names).total() < 120


def test_a_bounded_number_of_questions_is_on_its_way() -> None:
    with served(world(20)) as (cloud, url), Server(_rule()).served() as cluster:
        cloud.faults.add(Fault(kind="slow", action="*", delay_s=0.005, times=None))
        counted = Recorder(SdkTransport(endpoint=parse_endpoint(url)), read_only=True)
        discover(cluster, AliyunCloud(counted, region=REGION, clock=SystemClock()), Said(), SystemClock())
    assert 1 < counted.most_at_once <= AT_ONCE


def test_throttled_reads_are_asked_again_until_they_are_answered() -> None:
    faults = tuple(
        Fault(action=action, code="Throttling.User", status=400, times=2)
        for action in ("DescribeLoadBalancers", "DescribeLoadBalancerAttribute", "ListServerGroups")
    )
    facts, names = _look(faults=faults)
    assert facts.gaps == ()
    assert names.count("slb:DescribeLoadBalancers") == 3


def test_without_a_cloud_its_areas_are_gaps() -> None:
    with Server(_rule()).served() as cluster:
        facts = discover(cluster, None, Said(), SystemClock())
    assert facts.load_balancers is None
    assert {gap.area for gap in facts.gaps} >= {"clb", "nlb", "ram"}


def test_the_cloud_is_read_beside_a_dump() -> None:
    with Server(_rule()).served() as cluster:
        base = discover(cluster, None, Said(), SystemClock())
    with served(world()) as (_, url):
        facts = discover(None, connect(endpoint=url), Said(), SystemClock(), base=base)
    assert facts.services == base.services
    assert facts.load_balancers
    assert not facts.has_gap("clb")


def test_a_cluster_that_cannot_be_reached_or_does_not_know_us_is_an_error() -> None:
    with Server(lambda *_: (401, {}, {})).served() as cluster, pytest.raises(DeniedError):
        discover(cluster, None, Said(), SystemClock())
    with Server(lambda *_: (503, {}, {})).served() as cluster, pytest.raises(TransientError):
        discover(cluster, None, Said(), SystemClock())
