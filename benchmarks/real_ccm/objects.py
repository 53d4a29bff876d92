"""The Service objects as the new CCM left them against the forecast: finalizers, status, labels besides the hash."""

from __future__ import annotations

from collections.abc import Iterator

from upgrader.forecast.nlb.security_groups import LABEL
from upgrader.forecast.select import ID_LABEL
from upgrader.model.facts import ClusterFacts
from upgrader.model.forecast import Forecast, ServiceForecast
from upgrader.model.kube import Service


def object_differences(made: Forecast, before: ClusterFacts, after: ClusterFacts) -> list[str]:
    """Each disagreement by Service; the ids of what is only made meanwhile are nothing that can be told."""
    was, now = ({one.key: one for one in facts.services} for facts in (before, after))
    ids = {lb.id for lb in before.load_balancers or ()} | {one.id for one in before.security_groups or ()}
    both = [one for one in made.services if one.key in was and one.key in now]
    return [text for one in both for text in _differences(one, was[one.key], now[one.key], ids)]


def _differences(one: ServiceForecast, was: Service, now: Service, ids: set[str]) -> Iterator[str]:
    for name in (ID_LABEL, LABEL):
        had, has = was.metadata.labels.get(name), now.metadata.labels.get(name)
        told = one.labels.get(name, (None, had))[1]
        if told != has and (has is None or has in ids):
            yield f"{one.key}: {name} forecast {told}, is {has}, was {had}"
    told_of = set(was.metadata.finalizers) | {name for name, how in one.finalizers.items() if how == "added"}
    told_of -= {name for name, how in one.finalizers.items() if how == "removed"}
    if told_of != set(now.metadata.finalizers):
        yield f"{one.key}: finalizers forecast {sorted(told_of)}, are {sorted(now.metadata.finalizers)}"
    if was.status.load_balancer.ingress and not now.status.load_balancer.ingress and not one.status_cleared:
        yield f"{one.key}: the status is cleared, which was not forecast"
