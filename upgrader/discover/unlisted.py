"""Load balancers that Services point to and that no list told of: looked for as CCM does, by id, else by its own tag.

Mostly they are gone; but a list that tells nothing is no proof of that. Source: FindLoadBalancer and FindNLB in
`pkg/provider/alibaba`, which never list a whole region.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import partial

from upgrader.discover.ask import Questions
from upgrader.discover.related import is_served, named_ids, places
from upgrader.forecast.select import NLB_CLASS, NLB_FINALIZER
from upgrader.forecast.world import default_name
from upgrader.model.cloud import OWNER_TAG, LbKind, LoadBalancer, ServerGroup
from upgrader.model.errors import AbsentError
from upgrader.model.facts import ClusterFacts
from upgrader.model.kube import Service
from upgrader.ports.read import CloudSurvey

_CALLS: dict[LbKind, tuple[str, str]] = {
    "clb": ("slb:DescribeLoadBalancers", "slb:DescribeLoadBalancerAttribute"),
    "nlb": ("nlb:ListLoadBalancers", "nlb:GetLoadBalancerAttribute"),
}


def unlisted(
    facts: ClusterFacts, listed: Iterable[LoadBalancer], whole: Collection[LbKind], groups: Sequence[ServerGroup],
    cloud: CloudSurvey, questions: Questions,
) -> list[LoadBalancer]:  # fmt: skip
    """Those of the kinds whose list was read (`whole`) that are there after all, in full.

    One that is gone is no gap. One question for each id or Service that points nowhere, and one for each one found.
    `groups` are the region's NLB server groups.
    """
    region, known = facts.identity.region, list(listed)
    ids = {lb.id for lb in known}
    held = {(lb.kind, part) for lb in known for part in (lb.address, lb.name, lb.tags.get(OWNER_TAG, ""))}
    sought: dict[LbKind, dict[str, LoadBalancer]] = {"clb": {}, "nlb": {}}
    lost: dict[LbKind, list[str]] = {"clb": [], "nlb": []}
    for service in facts.services:
        if not is_served(service) or service.spec.load_balancer_class not in (None, "", NLB_CLASS):
            continue  # another controller's own
        named, kind = named_ids(service), _kind(service)
        for one in named - ids:
            of_its_name: LbKind = "nlb" if one.startswith("nlb-") else "clb" if one.startswith("lb-") else kind
            sought[of_its_name][one] = LoadBalancer(kind=of_its_name, id=one, detailed=False)
        pointed = {(kind, part) for part in (*places(service), default_name(service))}
        if not named and places(service) and pointed.isdisjoint(held):
            lost[kind].append(default_name(service))
    found: list[LoadBalancer | None] = []
    for kind in (one for one in _CALLS if one in whole):
        lists, attribute = _CALLS[kind]
        tagged = questions.each(kind, lists, partial(cloud.tagged, region, kind), [(one, one) for one in lost[kind]])
        candidates = sought[kind] | {lb.id: lb for some in tagged for lb in some or () if lb.id not in ids}
        about = [(lb, lb.id) for _, lb in sorted(candidates.items())]
        found += questions.each(kind, attribute, partial(_if_there, cloud, region, groups), about)
    return [lb for lb in found if lb is not None]


def _if_there(
    cloud: CloudSurvey, region: str, groups: Sequence[ServerGroup], lb: LoadBalancer
) -> LoadBalancer | None:  # fmt: skip
    try:
        return cloud.detail(region, lb, groups)
    except AbsentError:
        return None


def _kind(service: Service) -> LbKind:
    of_nlb = service.spec.load_balancer_class == NLB_CLASS or NLB_FINALIZER in service.metadata.finalizers
    return "nlb" if of_nlb else "clb"
