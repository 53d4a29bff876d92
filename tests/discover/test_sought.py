"""What no list tells of is looked for as CCM does, and the cluster's id is read off what CCM made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.adapters.labcloud import KEY, REGION, SECRET
from tests.adapters.sloppy import CLB, Body, Way, clbs, sloppy
from upgrader.adapters.aliyun import connect
from upgrader.discover.collect import discover
from upgrader.discover.own_id import with_own_id
from upgrader.discover.said import Said
from upgrader.model.cloud import LoadBalancer, ServerGroup
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity, Disagreement
from upgrader.model.kube import Ingress, LoadBalancerStatus, Metadata, Service, ServiceSpec, ServiceStatus
from upgrader.ports.clock import SystemClock

OWNER = {"kubernetes.do.not.delete": "a1"}
GONE: tuple[int, Body] = (400, {"Code": "InvalidLoadBalancerId.NotFound", "Message": "no"})
LABEL = {"service.k8s.alibaba/loadbalancer-id": "lb-1"}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)


def facts(address: str = "", **metadata: Any) -> ClusterFacts:
    """One Service, whose UID makes `a1` the tag of its load balancer."""
    ingress = (Ingress(ip=address),) if address else ()
    service = Service(
        metadata=Metadata(name="web", namespace="default", uid="1", **metadata),
        spec=ServiceSpec(type="LoadBalancer"),
        status=ServiceStatus(load_balancer=LoadBalancerStatus(ingress=ingress)),
    )
    identity = ClusterIdentity(region=REGION, kind="self-managed", said=("kind",))
    return ClusterFacts(identity=identity, ccm=CcmInstall(), services=(service,))


def found(url: str, base: ClusterFacts) -> ClusterFacts:
    """The facts completed by the cloud at this address."""
    return discover(None, connect(REGION, endpoint=url), Said(), SystemClock(), base=base)


def by_filter_alone(asked: Mapping[str, str]) -> Body:
    """A list that tells something only where something is looked for."""
    return clbs(CLB) if "a1" in asked.get("Tags", "") else clbs()


@pytest.mark.parametrize("base", [facts(labels=LABEL), facts("47.0.0.1")], ids=["by its id", "by CCM's tag"])
def test_a_load_balancer_that_no_list_tells_of_is_found(base: ClusterFacts) -> None:
    with sloppy({"DescribeLoadBalancers": by_filter_alone}) as (url, _):
        after = found(url, base)
    (lb,) = [lb for lb in after.load_balancers or () if lb.kind == "clb"]
    assert (lb.id, lb.detailed, lb.tags["ack.aliyun.com"]) == ("lb-1", True, "c1")
    assert not [gap for gap in after.gaps if gap.area == "clb"]


@pytest.mark.parametrize(
    ("answer", "gaps"),
    [(GONE, 0), ((400, {"Code": "Odd"}), 1)],
    ids=["one that is gone is no gap", "one that can't be read is one"],
)
def test_what_is_not_there_and_what_is_not_told(answer: tuple[int, Body], gaps: int) -> None:
    ways: dict[str, Way] = {"DescribeLoadBalancers": lambda asked: clbs(),
                            "DescribeLoadBalancerAttribute": lambda asked: answer}  # fmt: skip
    with sloppy(ways) as (url, _):
        after = found(url, facts(labels=LABEL))
    assert not [lb for lb in after.load_balancers or () if lb.kind == "clb"]
    assert len([gap for gap in after.gaps if gap.area == "clb"]) == gaps


def test_where_the_list_was_not_read_nobody_is_looked_for() -> None:
    with sloppy({"DescribeLoadBalancers": lambda asked: (400, {"Code": "Odd"})}) as (url, asked):
        found(url, facts(labels=LABEL))
    assert asked["DescribeLoadBalancerAttribute"] == 0


def test_a_service_without_a_load_balancer_yet_costs_no_request() -> None:
    with sloppy({"DescribeLoadBalancers": lambda asked: clbs()}) as (url, asked):
        found(url, facts())
    assert (asked["DescribeLoadBalancers"], asked["DescribeLoadBalancerAttribute"]) == (1, 0)


def test_a_tag_filter_that_is_not_heeded_finds_nobody_elses() -> None:
    other = {**CLB, "LoadBalancerId": "lb-9", "LoadBalancerName": "x", "Address": "47.0.0.9",
             "Tags": {"Tag": [{"TagKey": "k", "TagValue": "v"}]}}  # fmt: skip
    with sloppy({"DescribeLoadBalancers": lambda asked: clbs(other)}) as (url, _):
        after = found(url, facts("47.0.0.1"))
    assert [(lb.id, lb.detailed) for lb in after.load_balancers or () if lb.kind == "clb"] == [("lb-9", False)]


def made(*groups: str, **tags: str) -> LoadBalancer:
    """The CLB that CCM made for the Service."""
    named = tuple(ServerGroup(id=name, name=name) for name in groups)
    return LoadBalancer(kind="clb", id="lb-1", tags=OWNER | {k.replace("_", "."): v for k, v in tags.items()},
                        server_groups=named)  # fmt: skip


@pytest.mark.parametrize(
    ("lbs", "expected"),
    [
        ([made(ack_aliyun_com="c1")], "c1"),
        ([made("k8s/30080/web/default/c2", "by-hand", "k8s/30080/other/default/c9")], "c2"),
        ([made("k8s/30080/web/default/c2", ack_aliyun_com="c1")], ""),
        ([LoadBalancer(kind="clb", id="lb-9", tags={"ack.aliyun.com": "c9"})], ""),
        ([], ""),
    ],
)
def test_the_id_is_that_on_what_was_made_for_the_services(lbs: list[LoadBalancer], expected: str) -> None:
    assert with_own_id(facts(), lbs).ccm.cluster_id == expected


def test_the_id_of_an_nlb_is_in_its_groups_names() -> None:
    nlb = LoadBalancer(kind="nlb", id="nlb-1", tags=OWNER,
                       server_groups=(ServerGroup(id="g", name="k8s.80.TCP.web.default.c3"),))  # fmt: skip
    assert with_own_id(facts(), [nlb]).ccm.cluster_id == "c3"


@pytest.mark.parametrize(("said", "kept"), [(("id",), "c1"), ((), "c0")])
def test_an_id_that_was_only_said_gives_way_and_both_are_told(said: tuple[str, ...], kept: str) -> None:
    before = ClusterFacts(
        identity=ClusterIdentity(id="c0", said=said), ccm=CcmInstall(cluster_id="c0"), services=facts().services
    )
    after = with_own_id(with_own_id(before, [made(ack_aliyun_com="c1")]), [made(ack_aliyun_com="c1")])
    source = "said" if said else "read"
    assert after.ccm.cluster_id == kept
    assert after.ccm.disagreements == (Disagreement(fact="id", values={source: "c0", "load balancers": "c1"}),)
