"""Every message of the FAQ, provoked in the lab, seen through the adapters, and told with evidence and cure."""

from __future__ import annotations

import re
from functools import lru_cache

import pytest

from upgrader.adapters.aliyun import connect as connect_cloud
from upgrader.adapters.kube import connect
from upgrader.diagnose.diagnose import diagnose
from upgrader.diagnose.model import Diagnosis
from upgrader.discover.collect import discover
from upgrader.discover.said import Said
from upgrader.lab.lab import Lab
from upgrader.lab.scenario import all_scenarios, load_scenario
from upgrader.matrix.load import load_matrix
from upgrader.model.facts import ClusterFacts
from upgrader.ports.clock import SystemClock

TOLD = {one.name: one.expect.errors for one in all_scenarios() if one.expect.errors}
KNOWN_HERE = {"NAMESPACE", "SERVICE", "PREFIX", "REGION", "VPC_ID", "LB_ID", "VERSION", "PORT", "ROLE"}
"""Words of the catalogue that the cluster itself can fill in; others only a person knows."""

SHOWS = {
    "faq-lb-lost": "it is gone",
    "faq-clcu-and-spec": "is billed by PayByCLCU",
    "faq-eni-not-found": "the network plug-in is flannel",
    "faq-fixed-address-type": "has AddressType internet",
    "faq-fixed-resource-group": "has ResourceGroupId rg-default",
    "faq-group-in-use": "listener 8443",
    "faq-lb-network-conflict": "is in vpc-elsewhere, the cluster in",
    "faq-lb-reuse-bound": "the Service's address 47.96.0.3 is that of",
    "faq-lb-reuse-made-by-ccm": "is tagged kubernetes.do.not.delete",
    "faq-named-target-port": "targetPort by name: 80",
    "faq-no-backends": "no ready endpoint has the selector app=web",
    "faq-ram-denied": "a Deny in its policies forbids slb:DeleteLoadBalancerListener",
    "faq-throttled": "default/web (1)",
    "faq-vswitch-unknown": 'vswitch-id is "vsw-gone"',
    "faq-arrears": "Services without an address: default/web",
}


@lru_cache
def seen(name: str) -> ClusterFacts:
    patch = pytest.MonkeyPatch()
    with Lab(load_scenario(name)) as lab, patch.context() as environment:
        lab.cloud.faults.clear()
        for variable, value in lab.environment.items():
            environment.setenv(variable, value)
        cloud = connect_cloud(region="cn-hangzhou", endpoint=lab.url)
        return discover(connect(kubeconfig=lab.kubeconfig), cloud, Said(), SystemClock())


def told(name: str, service: str, error: str) -> Diagnosis:
    found = [one for one in diagnose(seen(name), load_matrix()) if one.id == error and one.subject.name == service]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("name", TOLD)
def test_the_message_is_told_with_evidence_and_cure(name: str) -> None:
    for service, error in TOLD[name].items():
        one = told(name, service, error)
        assert not one.settled
        assert one.outcome in ("FAIL", "WARN")
        assert one.evidence
        assert one.fix
        assert any(SHOWS.get(name, "") in text for text in one.evidence), one.evidence
        for text in one.fix:
            assert not KNOWN_HERE & set(re.findall(r"\b[A-Z][A-Z_]+\b", text)), text


def test_a_failure_is_over_after_a_success() -> None:
    facts = seen("managed-terway")
    assert [one for one in diagnose(facts, load_matrix()) if not one.settled and one.outcome in ("FAIL", "WARN")] == []


def test_one_trouble_is_told_once() -> None:
    for name in TOLD:
        found = diagnose(seen(name), load_matrix())
        keys = [(one.id, one.subject, one.seen) for one in found]
        assert len(keys) == len(set(keys))
