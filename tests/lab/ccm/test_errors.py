"""Errors that real CCMs were seen to tell, told by the simulated one in the same words."""

from __future__ import annotations

import pytest

from tests.lab.ccm.rig import Rig
from upgrader.lab.furnish import add_service
from upgrader.lab.scenario import ClusterSpec, ServiceSpec

ANNOTATION = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
NLB = "alibabacloud.com/nlb"
LEAD = "Error syncing load balancer"
PROTOCOL = (
    f"{LEAD} []: build lb local model error: builid lb listener error: build listener from servicePort 80 error: "
    "port protocol format must be either [http|https|tcp|udp], protocol not supported wit [bogus]\n"
)
ATTRIBUTE = f"{LEAD} []: build lb local model error: build nlb attribute error:"
ZONES = f"{ATTRIBUTE} ZoneMapping format error, expect [zone-a:vsw-id-1,zone-b:vsw-id-2], got bogus"
SEEN = {
    "a CLB that is not there": (
        ServiceSpec(name="e", annotations={f"{ANNOTATION}id": "lb-missing"}),
        f"{LEAD} [lb-missing]: Message: The specified LoadBalancerId does not exist.",
    ),
    "a protocol that is none": (
        ServiceSpec(name="e", annotations={f"{ANNOTATION}protocol-port": "bogus:80"}),
        PROTOCOL,
    ),
    "an NLB without zones": (
        ServiceSpec(name="e", class_=NLB),
        f"{ATTRIBUTE} ParameterMissing, zone mappings are required",
    ),
    "an NLB with broken zones": (
        ServiceSpec(name="e", class_=NLB, annotations={f"{ANNOTATION}zone-maps": "bogus"}),
        ZONES,
    ),
}


@pytest.mark.parametrize("case", SEEN)
def test_a_refusal_is_told_in_the_same_words(case: str) -> None:
    spec, said = SEEN[case]
    rig = Rig(ClusterSpec(name="errors", kind="managed", ccm="v2.10.0"))
    add_service(rig.cluster, spec)
    rig.work()
    assert rig.messages("e") == [said]
    assert rig.writes() == []


def test_without_pods_it_is_said_and_done() -> None:
    rig = Rig(ClusterSpec(name="empty", kind="managed", ccm="v2.10.0"))
    add_service(rig.cluster, ServiceSpec(name="e", pods=(0, 0, 0), local=True))
    rig.work()
    assert rig.reasons("e") == ["EnsuredLoadBalancer", "UnAvailableLoadBalancer"]


def test_a_foreign_class_is_left_alone() -> None:
    rig = Rig(ClusterSpec(name="class", kind="managed", ccm="v2.10.0"))
    add_service(rig.cluster, ServiceSpec(name="e", class_="example.com/other"))
    rig.work()
    assert (rig.messages("e"), rig.writes()) == ([], [])


@pytest.mark.parametrize(("version", "said"), [("v2.10.0", "Ensured load balancer"), ("v2.14.0", "AddressType once")])
def test_a_load_balancer_that_was_only_just_made_is_compared_by_newer_versions_alone(version: str, said: str) -> None:
    rig = Rig(ClusterSpec(name="errors", kind="managed", ccm=version))
    add_service(rig.cluster, ServiceSpec(name="e", annotations={f"{ANNOTATION}address-type": "bogus"}))
    rig.work()
    assert said in rig.messages("e")[-1]
