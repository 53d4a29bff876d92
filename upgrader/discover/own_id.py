"""The cluster's id as CCM wrote it on what it made: for where nobody says it and cloud-config is not at hand. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from upgrader.discover.related import is_served
from upgrader.forecast.world import default_name
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG, LoadBalancer
from upgrader.model.facts import ClusterFacts, Disagreement


def with_own_id(facts: ClusterFacts, lbs: Iterable[LoadBalancer]) -> ClusterFacts:
    """The facts with the id that load balancers made for this cluster's Services carry, if they carry one only.

    One that was read elsewhere stays, one that was only said does not; where they differ both are kept as a
    disagreement: CCM takes nothing for its own that carries another id.
    """
    ids, ccm = _carried(facts, lbs), facts.ccm
    if len(ids) != 1 or ids == {ccm.cluster_id}:
        return facts
    (carried,) = ids
    identity = facts.identity
    said = "id" in identity.said and not ccm.cloud_config.get("clusterID") and not identity.name
    if ccm.cluster_id:
        clash = Disagreement(fact="id", values={"said" if said else "read": ccm.cluster_id, "load balancers": carried})
        others = tuple(one for one in ccm.disagreements if one != clash)
        ccm = replace(ccm, disagreements=(*others, clash))
    return replace(facts, ccm=ccm if ccm.cluster_id and not said else replace(ccm, cluster_id=carried))


def _carried(facts: ClusterFacts, lbs: Iterable[LoadBalancer]) -> set[str]:
    served = {default_name(one): one.metadata for one in facts.services if is_served(one)}
    found = set()
    for lb in lbs:
        # Only a load balancer that CCM made for a Service of this very cluster: the tag holds the Service's UID.
        metadata = served.get(lb.tags.get(OWNER_TAG, ""))
        if metadata is not None:
            found |= {lb.tags.get(CLUSTER_TAG, ""), *_in_names(lb, metadata.namespace, metadata.name)}
    return found - {""}


def _in_names(lb: LoadBalancer, namespace: str, name: str) -> Iterator[str]:
    """What ends the names of groups: `k8s/30080/web/shop/ID` of a CLB, `k8s.30080.TCP.web.shop.ID` of an NLB."""
    middle, sign = (f".{name}.{namespace}.", ".") if lb.kind == "nlb" else (f"/{name}/{namespace}/", "/")
    for group in lb.server_groups:
        head, found, tail = group.name.partition(middle)
        if found and head.startswith(f"k8s{sign}") and sign not in tail:
            yield tail
