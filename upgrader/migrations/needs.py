"""Which RAM actions the target needs for what this cluster uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from upgrader.forecast.annotations import BACKEND_TYPE
from upgrader.forecast.direct import direct_by_default
from upgrader.forecast.nodes import is_virtual
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

UNCONDITIONAL = frozenset({"", "a node joins"})


class Usage(Struct, frozen=True, kw_only=True):
    """What of CCM a cluster uses: annotations by their short names, protocols, kinds of load balancer and nodes."""

    annotations: frozenset[str]
    protocols: frozenset[str]
    kinds: frozenset[LbKind]
    source_ranges: bool
    eni_or_eci: bool
    lingjun: bool
    vpc_routes: bool
    service_token: bool

    @classmethod
    def of(cls, facts: ClusterFacts, annotated: Mapping[str, Iterable[Service]]) -> Usage:
        """The usage in these facts, with the Services by annotation. A cluster without any Service has CLBs first."""
        services = facts.load_balancer_services
        nlbs = [service for service in services if service.spec.load_balancer_class == _NLB_CLASS]
        kinds: set[LbKind] = {"nlb"} if nlbs else set()
        if len(nlbs) < len(services) or not services:
            kinds.add("clb")
        spoken = (
            s.metadata.annotations[p + "protocol-port"]
            for p in _PREFIXES
            for s in annotated.get(p + "protocol-port", ())
        )
        labels = [node.metadata.labels for node in facts.nodes]
        eni = direct_by_default(facts.ccm) or any(
            s.metadata.annotations[BACKEND_TYPE] == "eni" for s in annotated.get(BACKEND_TYPE, ())
        )
        return cls(
            annotations=frozenset(name.removeprefix(p) for name in annotated for p in _PREFIXES if name.startswith(p)),
            protocols=frozenset(part.partition(":")[0].strip().lower() for text in spoken for part in text.split(",")),
            kinds=frozenset(kinds),
            source_ranges=any(service.spec.load_balancer_source_ranges for service in nlbs),
            eni_or_eci=eni or any(map(is_virtual, facts.nodes)),
            lingjun=any(one.get("alibabacloud.com/lingjun-worker") == "true" for one in labels),
            vpc_routes=facts.identity.network != "terway",
            service_token=bool(facts.ccm.cloud_config.get("uid")),
        )


def required_actions(facts: ClusterFacts, usage: Usage, target: CcmVersion, matrix: Matrix) -> dict[str, str]:
    """Each needed action → what needs it. Documented ones come first."""
    needed: dict[str, str] = {}
    if target >= NLB_BATCH_SINCE:
        needed |= dict.fromkeys(NLB_ACTIONS, "NLBs are changed in batches (Service FAQ)")
    if target >= ROUTE_BATCH_SINCE and usage.vpc_routes:
        needed |= dict.fromkeys(ROUTE_ACTIONS, "Flannel's routes are written in batches (Service FAQ)")
    identity = facts.identity
    found = matrix.actions(target, network=identity.network, kind=identity.kind, lbs=tuple(sorted(usage.kinds)))
    for entry in found:
        if is_used(entry.required_when, usage):
            needed.setdefault(entry.action, entry.required_when or f"every {entry.feature} that CCM serves")
    return needed


def is_used(required_when: str, usage: Usage) -> bool:
    """Whether the cluster uses what needs the action; a condition that nobody taught us counts as met."""
    judge = CONDITIONS.get(required_when)
    return True if judge is None else judge(usage)


def _annotated(short: str) -> Callable[[Usage], bool]:
    return lambda usage: short in usage.annotations


CONDITIONS: Mapping[str, Callable[[Usage], bool]] = {
    "an NLB Service has loadBalancerSourceRanges": lambda usage: usage.source_ranges,
    "security-group-ids is annotated, or source ranges are set (v2.14.0 and later)": lambda usage: (
        usage.source_ranges or "security-group-ids" in usage.annotations
    ),
    "the route controller runs (Flannel)": lambda usage: usage.vpc_routes,
    "domain-extensions is annotated": _annotated("domain-extensions"),
    "external-ip-type is eip": _annotated("external-ip-type"),
    "additional-cert-ids is annotated": _annotated("additional-cert-ids"),
    "bandwidth-package-id is annotated": _annotated("bandwidth-package-id"),
    "ipv6-address-type is annotated": _annotated("ipv6-address-type"),
    "a Service has ENI or ECI backends": lambda usage: usage.eni_or_eci,
    "the cluster has Lingjun nodes": lambda usage: usage.lingjun,
    "an NLB Service is synced": lambda usage: "nlb" in usage.kinds,
    "an NLB has a TCPSSL listener": lambda usage: "tcpssl" in usage.protocols,
    "a CLB has an HTTPS listener": lambda usage: "https" in usage.protocols,
    "cert-id is annotated": _annotated("cert-id"),
    "instance-charge-type is annotated": _annotated("instance-charge-type"),
    "additional-resource-tags is annotated (v2.10.0 and later)": _annotated("additional-resource-tags"),
    "additional-resource-tags or preserve-lb-on-delete takes tags away": lambda usage: (
        not usage.annotations.isdisjoint({"additional-resource-tags", "preserve-lb-on-delete"})
    ),
    "cloud-config names a uid and an access key (service token)": lambda usage: usage.service_token,
}
