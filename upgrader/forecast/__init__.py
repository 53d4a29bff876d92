"""What the target CCM will do at its first reconcile: each request, each event, each backend's share of traffic."""

from __future__ import annotations

from upgrader.forecast.select import CLB_FINALIZER, NLB_FINALIZER
from upgrader.forecast.service import forecast_service
from upgrader.forecast.world import World
from upgrader.matrix.model import Matrix
from upgrader.model.facts import ClusterFacts
from upgrader.model.forecast import Forecast
from upgrader.model.version import CcmVersion

__all__ = ["World", "forecast", "forecast_service"]


def forecast(facts: ClusterFacts, target: CcmVersion, matrix: Matrix, *, labels: bool = True) -> Forecast:
    """One entry for each LoadBalancer Service and each Service that still holds one of CCM's finalizers, by key.

    Without `labels` the hash labels that will be written are left out, which saves most of the time.
    """
    world = World.of(facts, target, matrix, labels=labels)
    ours = {CLB_FINALIZER, NLB_FINALIZER}
    wanted = [s for s in facts.services if s.spec.type == "LoadBalancer" or not ours.isdisjoint(s.metadata.finalizers)]
    wanted.sort(key=lambda s: f"{(place := s.metadata).namespace}/{place.name}")
    return Forecast(services=tuple([forecast_service(world, service) for service in wanted]))
