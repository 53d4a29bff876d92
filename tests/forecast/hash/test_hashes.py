"""The service hash: against what CCM's own functions computed, and the laws it keeps.

`hashes.json` holds Services and the values that the hash functions of CCM's source gave for them, each formula from
one of its versions (H1 v1.9.3.376, H2 v2.2.0, H3 v2.12.4, H4 v2.14.0), read as from a Kubernetes API.
"""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec import convert, to_builtins
from msgspec.json import Decoder
from msgspec.structs import replace

from upgrader.codec import decode_object
from upgrader.forecast.go_yaml import _compare, sorted_keys
from upgrader.forecast.hash import HASH_LABEL, OF_NOTHING, hash_by, long_text, plainest
from upgrader.forecast.hash_quick import quick_text
from upgrader.matrix.behaviour import HashFormula
from upgrader.model.kube import Service

FORMULAS: tuple[HashFormula, ...] = get_args(HashFormula)
CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "hashes.json").read_text())

# Control characters and noncharacters may make a Service unreadable to Go's YAML: its hash is then that of nothing.
readable = st.characters(exclude_categories=["Cc", "Cn", "Cs"], include_characters="\t\n")
texts = st.text(readable, max_size=8) | st.sampled_from(
    ["", "yes", "~", "0x1F", "1e3", "a: b", " a", "a\n", "2001-01-01"]
    # As kubectl apply leaves its annotation, and what only looks so.
    + [start + '{"apiVersion":"v1","kind":"Service","metadata":{},"spec":{}}' + end
       for start in ("", " ", "\t", "\\") for end in ("\n", " \n", "\n\n", "é\n", "")]
)  # fmt: skip
addresses = st.sampled_from(["172.16.0.5", "172.16.0.6", "None", "", "fd00::1", "1.2", "1.2.3.4\n", "1:20:30"])
keys = st.text(st.sampled_from("ab019.-_/"), min_size=1, max_size=12)
ports = st.fixed_dictionaries(
    {"port": st.integers(0, 65535)},
    optional={
        "name": texts, "protocol": st.sampled_from(["TCP", "UDP"]), "targetPort": texts | st.integers(0, 65535),
        "nodePort": st.integers(0, 65535), "appProtocol": texts,
    },
)  # fmt: skip
services = st.builds(
    lambda annotations, labels, spec: convert(
        {"metadata": {"name": "s", "annotations": annotations, "labels": labels}, "spec": spec}, Service
    ),
    st.dictionaries(keys, texts, max_size=3),
    st.dictionaries(keys, texts, max_size=2),
    st.fixed_dictionaries(
        {"ports": st.lists(ports, max_size=2)},
        optional={
            "type": st.sampled_from(["LoadBalancer", ""]),
            "externalTrafficPolicy": st.sampled_from(["Local", "Cluster"]),
            "loadBalancerClass": texts,
            "loadBalancerSourceRanges": st.lists(texts, max_size=2),
            "selector": st.dictionaries(keys, texts, max_size=2),
            "clusterIP": addresses,
            "clusterIPs": st.lists(addresses, max_size=2),
            "healthCheckNodePort": st.integers(0, 65535),
            "allocateLoadBalancerNodePorts": st.booleans(),
            "internalTrafficPolicy": st.sampled_from(["Cluster", ""]) | texts,
            "ipFamilies": st.lists(st.sampled_from(["IPv4", "IPv6", "off"]), max_size=2),
            "ipFamilyPolicy": texts,
            "sessionAffinity": st.sampled_from(["None", "ClientIP", ""]),
            "externalIPs": st.lists(addresses, max_size=1),
            "publishNotReadyAddresses": st.booleans(),
        },
    ),
)
formulas = st.sampled_from([formula for formula in FORMULAS if formula != "none"])

# A loaded machine draws a Service slowly.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.mark.parametrize("at", range(len(CASES)), ids=lambda at: f"{at}-{CASES[at]['what'].replace(' ', '-')}")
def test_as_the_real_functions_compute_it(at: int) -> None:
    service = decode_object(json.dumps(CASES[at]["service"]).encode(), Decoder(Service))
    found = {formula: hash_by(service, formula) for formula in FORMULAS if formula != "none"}
    assert found == CASES[at]["hashes"]


@unhurried
@given(services, formulas, st.randoms())
def test_the_order_of_keys_does_not_matter(service: Service, formula: HashFormula, random: Any) -> None:
    annotations = list(service.metadata.annotations.items())
    # yaml.v2's order can go round in a circle (9 < 10 < 1a < 9): there Go's own hash changes from run to run.
    assume(all(_compare(one, other) < 0 for one, other in combinations(sorted_keys(dict(annotations)), 2)))
    random.shuffle(annotations)
    shuffled = replace(service, metadata=replace(service.metadata, annotations=dict(annotations)))
    assert hash_by(shuffled, formula) == hash_by(service, formula)


@unhurried
@given(services, formulas)
def test_labels_and_status_do_not_matter(service: Service, formula: HashFormula) -> None:
    """CCM writes both itself: a hash that covered them would never be equal to the label."""
    labels = {**service.metadata.labels, HASH_LABEL: "x"}
    written = convert({**to_builtins(service), "status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}}, Service)
    written = replace(written, metadata=replace(written.metadata, labels=labels))
    assert hash_by(written, formula) == hash_by(service, formula)


@unhurried
@given(services, formulas)
def test_the_short_way_prints_what_the_long_one_does(service: Service, formula: HashFormula) -> None:
    assert quick_text(service, formula) in ("", long_text(service, formula))


@unhurried
@given(services)
def test_no_two_formulas_agree_on_a_load_balancer_service(service: Service) -> None:
    served = replace(service, spec=replace(service.spec, type="LoadBalancer"))
    hashes = {formula: hash_by(served, formula) for formula in {plainest(served, one) for one in FORMULAS} - {"none"}}
    told = [value for value in hashes.values() if value != OF_NOTHING]
    assert len(set(told)) == len(told)


@unhurried
@given(services, formulas, keys, st.text(min_size=1, max_size=10))
def test_a_changed_annotation_changes_the_hash(service: Service, formula: HashFormula, key: str, text: str) -> None:
    before, text = service.metadata.annotations, "value " + text.encode("unicode-escape").decode()
    after = {**before, key: text}
    changed = replace(service, metadata=replace(service.metadata, annotations=after))
    assert (hash_by(changed, formula) != hash_by(service, formula)) == (before.get(key) != text)
