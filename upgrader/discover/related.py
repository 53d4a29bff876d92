"""Which load balancers and addresses of an account concern a cluster. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from msgspec.structs import replace

from upgrader.forecast.annotations import BACKEND_TYPE
from upgrader.forecast.direct import direct_by_default
from upgrader.forecast.nodes import is_virtual
from upgrader.forecast.world import default_name
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG, LoadBalancer
from upgrader.model.facts import ClusterFacts
from upgrader.model.kube import Service

_PREFIXES = (
    "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-",
    "service.beta.kubernetes.io/alicloud-loadbalancer-",
)
_ID_LABEL = "service.k8s.alibaba/loadbalancer-id"
_FINALIZERS = "service.k8s.alibaba/"
_BACKEND_TYPES = (BACKEND_TYPE, *(f"{prefix}backend-type" for prefix in _PREFIXES))


def is_served(service: Service) -> bool:
    """Whether CCM may have a load balancer for it.

    A Service of another type counts while it holds a finalizer of CCM's: its load balancer will go.
    """
    return service.is_load_balancer or any(name.startswith(_FINALIZERS) for name in service.metadata.finalizers)


def named_ids(service: Service) -> frozenset[str]:
    """The ids of load balancers that its annotations and its label name."""
    metadata = service.metadata
    named = {metadata.annotations.get(f"{prefix}id", "") for prefix in _PREFIXES}
    return frozenset(named | {metadata.labels.get(_ID_LABEL, "")}) - {""}


def places(service: Service) -> frozenset[str]:
    """The addresses and host names in its status."""
    return frozenset(part for one in service.status.load_balancer.ingress for part in (one.ip, one.hostname)) - {""}


def related_ids(facts: ClusterFacts, listed: Iterable[LoadBalancer]) -> frozenset[str]:
    """The ids of load balancers that a Service names, points to or owns, or that carry the cluster's tag."""
    served = list(filter(is_served, facts.services))
    ids = {one for service in served for one in named_ids(service)}
    addresses = {one for service in served for one in places(service)}
    owners = set(map(default_name, served))
    clusters = {facts.ccm.cluster_id, facts.identity.id} - {""}
    return frozenset(
        lb.id
        for lb in listed
        if lb.id in ids
        or lb.address in addresses
        or lb.name in owners
        or lb.tags.get(OWNER_TAG) in owners
        or lb.tags.get(CLUSTER_TAG) in clusters
    )


def named_groups(facts: ClusterFacts) -> frozenset[str]:
    """The server groups that Services name themselves (`vgroup-port`: `sgp-1:80,sgp-2:443`)."""
    found = set()
    for service in filter(is_served, facts.services):
        texts = [service.metadata.annotations.get(f"{prefix}vgroup-port", "") for prefix in _PREFIXES]
        found |= {pair.partition(":")[0] for text in texts for pair in text.split(",")}
    return frozenset(found - {""})


def lists_certificates(facts: ClusterFacts, short: str = "additional-cert-ids") -> ClusterFacts:
    """The facts with only those Services that list certificates beside a listener's default one, of no cluster.

    So to them alone load balancers are related, and not to the cluster as a whole.
    """
    names = [prefix + short for prefix in _PREFIXES]
    kept = [one for one in facts.services if any(name in one.metadata.annotations for name in names)]
    ccm, identity = replace(facts.ccm, cluster_id=""), replace(facts.identity, id="")
    return replace(facts, services=tuple(kept), ccm=ccm, identity=identity)


def asks_for_eni(facts: ClusterFacts) -> bool:
    """True where some Service's backends may be pods: on Terway, by annotation, by CCM's own setting, on ECI."""
    if direct_by_default(facts.ccm) or any(map(is_virtual, facts.nodes)):
        return True
    return facts.identity.network == "terway" or any(
        service.metadata.annotations.get(name) == "eni"
        for service in facts.load_balancer_services
        for name in _BACKEND_TYPES
    )


def pod_ips_of(facts: ClusterFacts) -> tuple[str, ...]:
    """The pod addresses behind Services of type LoadBalancer, IPv4 only: what ENIs are looked up by."""
    keys = {service.key for service in facts.load_balancer_services}
    found = {
        address
        for one in facts.endpoint_slices
        if one.service_key in keys
        for endpoint in one.endpoints
        for address in endpoint.addresses
    }
    found |= {
        address.ip
        for one in facts.endpoints
        if f"{one.metadata.namespace}/{one.metadata.name}" in keys
        for subset in one.subsets
        for address in (*subset.addresses, *subset.not_ready_addresses)
    }
    return tuple(sorted(address for address in found if _is_ipv4(address)))


def _is_ipv4(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).version == 4
    except ValueError:
        return False
