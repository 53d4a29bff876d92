"""Until v2.11 surplus groups are deleted at every sync, also one that a listener still uses: the cloud refuses that.

Source: `nlbv2/model_applier.go` (Apply: cleanup without listeners where the hash is the same) of v2.5.0 … v2.11.2;
observed where v2.11.2 took over from v2.14.0, and v2.12.4 from v2.5.1.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from upgrader.forecast import World
from upgrader.forecast.hash import HASH_LABEL, service_hash
from upgrader.forecast.service import forecast_service
from upgrader.forecast.world import CLUSTER_TAG, OWN_TAG, default_name
from upgrader.matrix.load import load_matrix
from upgrader.model.cloud import Listener, LoadBalancer, ServerGroup
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity
from upgrader.model.forecast import ServiceForecast
from upgrader.model.kube import Metadata, Service, ServicePort, ServiceSpec
from upgrader.model.version import parse_version

NLB = "alibabacloud.com/nlb"
PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"


def _told(version: str, used: str, **notes: str) -> ServiceForecast:
    """A Service with its group, and an older group of its own; the listener forwards to `used`. Full with `notes`."""
    target = parse_version(version)
    metadata = Metadata(
        name="web", namespace="prod", uid="cc9ce2d4-9d38-4a3a-9d49-b1b4e9a4a8d1",
        annotations={PREFIX + "zone-maps": "z1:vsw-1,z2:vsw-2"}, finalizers=("service.k8s.alibaba/nlb",),
    )  # fmt: skip
    port = ServicePort(port=80, node_port=30080, protocol="TCP", target_port=8080)
    spec = ServiceSpec(type="LoadBalancer", ports=(port,), load_balancer_class=NLB, external_traffic_policy="Cluster")
    service = Service(metadata=metadata, spec=spec)
    label = {HASH_LABEL: service_hash(service, target) or ""}
    annotations = {**metadata.annotations, **{PREFIX + key.replace("_", "-"): text for key, text in notes.items()}}
    service = replace(service, metadata=replace(metadata, labels=label, annotations=annotations))
    tags = {OWN_TAG: default_name(service), CLUSTER_TAG: "c1"}
    groups = tuple(
        ServerGroup(id=name, name=f"k8s.{port}.TCP.web.prod.c1", tags=tags, attributes={"ServerGroupType": "Instance"})
        for name, port in (("sgp-now", 30080), ("sgp-old", 30081))
    )
    listener = Listener(
        id="lsn-1@80", port=80, protocol="TCP", status="Running", server_group_id=used,
        description="k8s.80.TCP.web.prod.c1",
    )  # fmt: skip
    lb = LoadBalancer(
        kind="nlb", id="nlb-1", name="x", tags=tags, listeners=(listener,), server_groups=groups,
        attributes={"ZoneMappings": "z1:vsw-1,z2:vsw-2"},
    )  # fmt: skip
    facts = ClusterFacts(
        identity=ClusterIdentity(), ccm=CcmInstall(cluster_id="c1"), services=(service,), load_balancers=(lb,)
    )
    return forecast_service(World.of(facts, target, load_matrix()), service)


@pytest.mark.parametrize("version", ["v2.5.1", "v2.10.0", "v2.11.2"])
def test_a_group_in_use_ends_the_sync(version: str) -> None:
    told = _told(version, "sgp-old")
    now = [(write.action, write.object) for write in told.writes if write.effect == "IMMEDIATE"]
    assert now == [("nlb:DeleteServerGroup", "sgp-old")]
    assert told.refusal is not None
    assert told.refusal.code == "group-in-use"
    assert [(event.type, event.reason) for event in told.events][-1] == ("Warning", "SyncLoadBalancerFailed")


@pytest.mark.parametrize("version", ["v2.5.1", "v2.11.2"])
def test_a_group_that_nothing_uses_goes(version: str) -> None:
    told = _told(version, "sgp-now")
    assert [write.object for write in told.writes if write.effect == "IMMEDIATE"] == ["sgp-old"]
    assert told.refusal is None


@pytest.mark.parametrize("version", ["v2.12.4", "v2.14.0"])
def test_from_v2_12_a_group_of_another_type_never_gets_the_listener(version: str) -> None:
    """The listener's group was looked up before the new one was made, and the old one can't go under it."""
    told = _told(version, "sgp-now", server_group_type="Ip")
    now = [write.action for write in told.writes]
    assert "nlb:CreateServerGroup" in now
    assert "nlb:DeleteServerGroup" in now
    assert told.refusal is not None
    assert told.refusal.code == "group-in-use"
    assert not told.labels


def test_until_v2_11_the_listener_is_moved_first() -> None:
    told = _told("v2.11.2", "sgp-now", server_group_type="Ip")
    assert [w.action for w in told.writes if "ServerGroupId" in w.changes] == ["nlb:UpdateListenerAttribute"]
    assert told.refusal is None


def test_from_v2_12_groups_are_left_alone_until_the_next_full_sync() -> None:
    told = _told("v2.14.0", "sgp-old")
    assert not [write for write in told.writes if write.effect == "IMMEDIATE"]
    assert told.refusal is None
