"""What the target CCM will do at its first reconcile: each request, each event, each backend's share of traffic."""

from __future__ import annotations

from operator import itemgetter

from upgrader.forecast.select import CLB_FINALIZER, NLB_FINALIZER
from upgrader.forecast.service import forecast_service
from upgrader.forecast.shared import one_after_the_other
from upgrader.forecast.world import World
from upgrader.matrix.model import Matrix
from upgrader.model.facts import ClusterFacts
from upgrader.model.forecast import Forecast, ServiceForecast
from upgrader.model.kube import Service
from upgrader.model.version import CcmVersion

__all__ = ["World", "forecast", "forecast_service"]


def forecast(facts: ClusterFacts, target: CcmVersion, matrix: Matrix, *, labels: bool = True) -> Forecast:
    """One entry for each LoadBalancer Service and each Service that still holds one of CCM's finalizers, by key.

    What a version does that is newer than the data is not known, and not guessed: each entry says so.
    Without `labels` the hash labels that will be written are left out, which saves most of the time.
    """
    wanted = _wanted(facts)
    if matrix.is_beyond(target):
        why = f"{target} is newer than the data, which end with {matrix.newest}"
        blank = (ServiceForecast(namespace=s.metadata.namespace, name=s.metadata.name, unknown=(why,)) for s in wanted)
        return Forecast(services=tuple(blank))
    world = World.of(facts, target, matrix, labels=labels)
    return Forecast(services=one_after_the_other(world, wanted))


def _wanted(facts: ClusterFacts) -> list[Service]:
    """The Services that have a forecast, by key."""
    ours, found = {CLB_FINALIZER, NLB_FINALIZER}, list[tuple[str, Service]]()
    for service in facts.services:
        metadata = service.metadata
        if service.spec.type == "LoadBalancer" or not ours.isdisjoint(metadata.finalizers):
            found.append((f"{metadata.namespace}/{metadata.name}", service))
    found.sort(key=itemgetter(0))
    return [service for _, service in found]
