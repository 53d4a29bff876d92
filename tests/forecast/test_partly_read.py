"""A load balancer that was listed but not read in full: nothing is told of its writes, and that is said."""

from __future__ import annotations

from upgrader.forecast import forecast
from upgrader.matrix.load import load_matrix
from upgrader.model.cloud import LoadBalancer
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity
from upgrader.model.kube import Metadata, Service, ServicePort, ServiceSpec
from upgrader.model.version import parse_version


def _facts(*, detailed: bool) -> ClusterFacts:
    service = Service(
        metadata=Metadata(name="web", namespace="prod", uid="cc9ce2d4-9d38-4a3a-9d49-b1b4e9a4a8d1"),
        spec=ServiceSpec(type="LoadBalancer", ports=(ServicePort(port=80, node_port=30080, protocol="TCP"),)),
    )
    lb = LoadBalancer(
        kind="clb", id="lb-1", address_type="internet", detailed=detailed,
        tags={"kubernetes.do.not.delete": "acc9ce2d49d384a3a9d49b1b4e9a4a8d", "ack.aliyun.com": "c1"},
    )  # fmt: skip
    return ClusterFacts(
        identity=ClusterIdentity(id="c1"),
        ccm=CcmInstall(version="v2.10.0", cluster_id="c1"),
        services=(service,),
        load_balancers=(lb,),
    )


def test_writes_of_an_lb_that_was_not_read_are_unknown_and_not_invented() -> None:
    target, matrix = parse_version("v2.14.0"), load_matrix()
    (whole,) = forecast(_facts(detailed=True), target, matrix).services
    assert whole.load_balancer_id == "lb-1"
    assert whole.writes, "an empty CLB gets its listener"
    assert whole.unknown == ()
    (partly,) = forecast(_facts(detailed=False), target, matrix).services
    assert partly.writes == ()
    assert partly.unknown == ("lb-1 was not read in full",)
