"""Which RAM actions the target needs for what this cluster uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from upgrader.matrix.model import Matrix
from upgrader.model.cloud import LbKind
from upgrader.model.facts import ClusterFacts
from upgrader.model.kube import Service
from upgrader.model.version import CcmVersion, parse_version

NLB_BATCH_SINCE, NLB_ACTIONS = parse_version("v2.12.1"), ("nlb:ListAsynJobs",)
ROUTE_BATCH_SINCE, ROUTE_ACTIONS = parse_version("v2.11.2"), ("vpc:CreateRouteEntries", "vpc:DeleteRouteEntries")
"""The three actions that the Service FAQ asks for on every dedicated cluster, before anything uses them."""

_PREFIXES = (
    "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-",
    "service.beta.kubernetes.io/alicloud-loadbalancer-",
)
_NLB_CLASS = "alibabacloud.com/nlb"


def required_actions(facts: ClusterFacts, target: CcmVersion, matrix: Matrix) -> dict[str, str]:
    """Each needed action → what needs it. Documented ones come first."""
    needed: dict[str, str] = {}
    if target >= NLB_BATCH_SINCE:
        needed |= dict.fromkeys(NLB_ACTIONS, "NLBs are changed in batches (Service FAQ)")
    if target >= ROUTE_BATCH_SINCE and facts.identity.network != "terway":
        needed |= dict.fromkeys(ROUTE_ACTIONS, "Flannel's routes are written in batches (Service FAQ)")
    found = matrix.actions(
        target, network=facts.identity.network, kind=facts.identity.kind, lbs=tuple(sorted(_kinds_in_use(facts)))
    )
    for entry in found:
        if is_used(entry.required_when, facts):
            needed.setdefault(entry.action, entry.required_when or f"every {entry.feature} that CCM serves")
    return needed


UNCONDITIONAL = frozenset({"", "a node joins"})


def is_used(required_when: str, facts: ClusterFacts) -> bool:
    """Whether the cluster uses what needs the action; a condition that nobody taught us counts as met."""
    judge = CONDITIONS.get(required_when)
    return True if judge is None else judge(facts)


def _kinds_in_use(facts: ClusterFacts) -> set[LbKind]:
    """A cluster without any Service yet will have CLBs first."""
    return {"nlb" if s.spec.load_balancer_class == _NLB_CLASS else "clb" for s in facts.load_balancer_services} or {
        "clb"
    }


def _annotated(*shorts: str) -> Callable[[ClusterFacts], bool]:
    names = frozenset(prefix + short for prefix in _PREFIXES for short in shorts)
    return lambda facts: any(not names.isdisjoint(s.metadata.annotations) for s in facts.load_balancer_services)


def _some(test: Callable[[Service], bool]) -> Callable[[ClusterFacts], bool]:
    return lambda facts: any(test(service) for service in facts.load_balancer_services)


def _either(*tests: Callable[[ClusterFacts], bool]) -> Callable[[ClusterFacts], bool]:
    return lambda facts: any(test(facts) for test in tests)


def _speaks(*protocols: str) -> Callable[[Service], bool]:
    """The protocol-port annotation names one of the protocols (`https:443`)."""

    def test(service: Service) -> bool:
        values: Iterable[str] = (service.metadata.annotations.get(p + "protocol-port", "") for p in _PREFIXES)
        return any(protocol in value.lower() for value in values for protocol in protocols)

    return test


_SOURCE_RANGES = _some(lambda s: s.spec.load_balancer_class == _NLB_CLASS and bool(s.spec.load_balancer_source_ranges))
_ENI = _some(lambda s: s.metadata.annotations.get("service.beta.kubernetes.io/backend-type") == "eni")


def _has_eci(facts: ClusterFacts) -> bool:
    return any(node.metadata.labels.get("type") == "virtual-kubelet" for node in facts.nodes)


CONDITIONS: Mapping[str, Callable[[ClusterFacts], bool]] = {
    "an NLB Service has loadBalancerSourceRanges": _SOURCE_RANGES,
    "security-group-ids is annotated, or source ranges are set (v2.14.0 and later)": _either(
        _annotated("security-group-ids"), _SOURCE_RANGES
    ),
    "the route controller runs (Flannel)": lambda facts: facts.identity.network != "terway",
    "domain-extensions is annotated": _annotated("domain-extensions"),
    "external-ip-type is eip": _annotated("external-ip-type"),
    "additional-cert-ids is annotated": _annotated("additional-cert-ids"),
    "bandwidth-package-id is annotated": _annotated("bandwidth-package-id"),
    "ipv6-address-type is annotated": _annotated("ipv6-address-type"),
    "a Service has ENI or ECI backends": _either(_ENI, _has_eci),
    "the cluster has Lingjun nodes": lambda facts: any(
        n.metadata.labels.get("alibabacloud.com/lingjun-worker") == "true" for n in facts.nodes
    ),
    "an NLB Service is synced": lambda facts: "nlb" in _kinds_in_use(facts),
    "an NLB has a TCPSSL listener": _some(_speaks("tcpssl")),
    "a CLB has an HTTPS listener": _some(_speaks("https")),
    "cert-id is annotated": _annotated("cert-id"),
    "instance-charge-type is annotated": _annotated("instance-charge-type"),
    "additional-resource-tags is annotated (v2.10.0 and later)": _annotated("additional-resource-tags"),
    "cloud-config names a uid and an access key (service token)": lambda facts: bool(facts.ccm.cloud_config.get("uid")),
}
