"""A cluster judged in parts is judged as a whole: wherever its Services are divided, the assessment is the same."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from upgrader import codec, pipeline
from upgrader.assess.assess import Part
from upgrader.assess.registry import CHECKS
from upgrader.assess.tally import NAMED, Holders, added
from upgrader.discover.files import CLOUD_AREAS
from upgrader.matrix.load import load_matrix
from upgrader.migrations.context import LEGACY_PREFIX, PREFIX
from upgrader.model.facts import CcmInstall, ClusterFacts, ClusterIdentity, Gap
from upgrader.model.kube import Service
from upgrader.model.version import parse_version

VERSIONS = ("v1.9.3.239", "v1.9.3.378", "v2.1.0", "v2.5.1", "v2.10.0", "v2.12.4", "v2.14.0")
_SHORT = ("id", "spec", "backend-type", "instance-charge-type", "weight", "protocol-port", "addressType", "scheduler")
NAMES = st.sampled_from(
    [one.name for one in load_matrix().annotations] + [prefix + s for prefix in (PREFIX, LEGACY_PREFIX) for s in _SHORT]
)
VALUES = st.sampled_from(["eni", "on", "true", "lb-1", "PayBySpec", "https:443", "50", "-1", "x", ""])
PORTS = st.fixed_dictionaries({
    "name": st.sampled_from(["http", ""]), "port": st.sampled_from([80, 443]), "protocol": st.just("TCP"),
    "targetPort": st.sampled_from([8080, "http"]), "nodePort": st.sampled_from([0, 30080, 40000]),
})  # fmt: skip
BODIES = st.fixed_dictionaries({
    "metadata": st.fixed_dictionaries({
        "annotations": st.dictionaries(NAMES, VALUES, max_size=4),
        "labels": st.sampled_from([{}, {"service.beta.kubernetes.io/hash": "0" * 56}]),
        "finalizers": st.sampled_from([[], ["service.k8s.alibaba/resources"], ["service.k8s.alibaba/nlb"]]),
    }),
    "spec": st.fixed_dictionaries({
        "type": st.sampled_from(["LoadBalancer", "LoadBalancer", "ClusterIP"]), "ports": st.lists(PORTS, max_size=2),
        "loadBalancerClass": st.sampled_from([None, None, "alibabacloud.com/nlb", "other"]),
        "loadBalancerSourceRanges": st.sampled_from([None, ["10.0.0.0/8"]]),
    }),
    "status": st.sampled_from([{}, {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}]),
})  # fmt: skip


def facts_of(services: list[Service], running: str, **more: Any) -> ClusterFacts:
    """What a file of Services tells, in the order of files."""
    gaps = tuple(Gap(area=area, call="cloud", why="not-asked") for area in CLOUD_AREAS)
    return ClusterFacts(
        identity=ClusterIdentity(**more), ccm=CcmInstall(version=running), services=tuple(services), gaps=gaps,
        local_port_range=(32768, 60999), node_port_range=(30000, 32767),
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    bodies=st.lists(BODIES, max_size=30), cuts=st.sets(st.integers(0, 30), max_size=4),
    running=st.sampled_from(VERSIONS), target=st.sampled_from(VERSIONS), network=st.sampled_from([None, "flannel"]),
)  # fmt: skip
def test_the_parts_make_the_whole(
    bodies: list[dict[str, Any]], cuts: set[int], running: str, target: str, network: Any
) -> None:
    services = [
        msgspec.convert({**body, "metadata": {**body["metadata"], "name": f"s{n:02}", "namespace": "shop"}}, Service)
        for n, body in enumerate(bodies)
    ]
    matrix, version = load_matrix(), parse_version(target)
    facts = facts_of(services, running, network=network)
    whole = pipeline.check(facts, version, matrix)
    # What the coverage counts by: each Service that asks for a load balancer has its forecast.
    told = {one.key for one in pipeline.look(facts, version, matrix).forecast.services}
    assert {service.key for service in services if service.is_load_balancer} <= told
    ends = sorted({*(cut for cut in cuts if cut < len(services)), len(services)})
    pieces = [services[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
    parts = [
        pipeline.check_part(facts_of(piece, running, network=network), version, matrix, CHECKS) for piece in pieces
    ]
    # As they come from another process.
    parts = [msgspec.msgpack.decode(msgspec.msgpack.encode(part), type=Part) for part in parts]
    together = pipeline.check(facts_of([], running, network=network), version, matrix, parts=parts)
    assert codec.encode(together) == codec.encode(whole)


@given(st.lists(st.text("ab", min_size=1, max_size=9), unique=True), st.integers(0, 40))
def test_tallies_add_up(keys: list[str], cut: int) -> None:
    whole = Holders.of(keys)
    assert Holders.of(keys[:cut]) + Holders.of(keys[cut:]) == whole
    assert (whole.count, whole.keys) == (len(keys), tuple(sorted(keys)[:NAMED]))
    assert added([{"a": whole}, {}, {"b": whole}]) == {"a": whole, "b": whole}


def test_of_many_the_first_are_named() -> None:
    keys = [f"s{n:03}" for n in range(250)]
    halves = Holders.of(keys[::2]) + Holders.of(keys[1::2])
    assert halves == Holders(250, tuple(keys[:NAMED]))
