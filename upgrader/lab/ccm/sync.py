"""One Service brought to where a version wants it: cloud, finalizer, status, labels, events."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from upgrader.forecast import forecast_service
from upgrader.forecast.annotations import Annotations
from upgrader.forecast.select import CLB_FINALIZER, NLB_FINALIZER
from upgrader.forecast.world import World, default_name
from upgrader.lab.ccm.carry import Hands
from upgrader.lab.ccm.tell import Teller
from upgrader.lab.ccm.view import View
from upgrader.lab.cloud.errors import CloudError
from upgrader.lab.kube.local import Local
from upgrader.matrix.load import load_matrix
from upgrader.model.cloud import LoadBalancer
from upgrader.model.forecast import ServiceForecast
from upgrader.model.kube import Service
from upgrader.model.version import CcmVersion

ROUNDS = 8
"""How often a sync looks again: what it makes in one round has an id in the next."""


class Sync(Struct, kw_only=True):
    """Syncs by one version. `run` returns whether the Service needs to be tried again later."""

    version: CcmVersion
    view: View
    local: Local
    tell: Teller

    def run(self, service: Service, hands: Hands) -> bool:
        """One reconcile as a leader does it. True: it failed and is to be tried again."""
        world = self._world(service)
        first = forecast_service(world, service)
        if first.lb is None:
            self._drop(service, first)
            return False
        self._hold(service, first)
        try:
            hands.look_for(first.lb, default_name(service), Annotations(service).get("id"))
            world, last = self._carry(service, world, first, hands)
        except CloudError as error:
            self.tell.failed(service, first, error)
            return True
        self.tell.events(service, last)
        if last.refusal is not None:
            return True
        self._settle(service, world, last)
        return False

    def _world(self, service: Service, *, made_now: bool = False) -> World:
        return World.of(self.view.facts(service, self.version), self.version, load_matrix(), made_now=made_now)

    def _carry(
        self, service: Service, world: World, first: ServiceForecast, hands: Hands
    ) -> tuple[World, ServiceForecast]:
        """Send what the forecast says, look again, until nothing is left or nothing moves."""
        found = first
        for _ in range(ROUNDS):
            due = [write for write in found.writes if write.effect == "IMMEDIATE"]
            if not hands.carry(due):
                break
            world = self._world(service, made_now=not first.load_balancer_id)
            found = forecast_service(world, service)
        return world, found

    def _hold(self, service: Service, found: ServiceForecast) -> None:
        """The finalizer comes before the first request."""
        added = [name for name, what in found.finalizers.items() if what == "added"]
        if added:
            self._patch(service, {"metadata": {"finalizers": [*self._finalizers(service), *added]}})

    def _drop(self, service: Service, found: ServiceForecast) -> None:
        """What a version does with a Service that it serves no more: its marks go, the load balancer stays."""
        gone = {name for name, what in found.finalizers.items() if what == "removed"}
        labels = {name: after for name, (_, after) in found.labels.items()}
        if gone or labels:
            kept = [one for one in self._finalizers(service) if one not in gone]
            self._patch(service, {"metadata": {"finalizers": kept or None, "labels": labels}})
        if found.status_cleared:
            self._patch(service, {"status": {"loadBalancer": {"ingress": None}}}, "status")
        self.tell.events(service, found)

    def _settle(self, service: Service, world: World, found: ServiceForecast) -> None:
        lbs = world.find(service, found.lb) if found.lb else ()
        if lbs:
            ingress = [_ingress(service, lbs[0])]
            now = [
                {"ip": one.ip} if one.ip else {"hostname": one.hostname} for one in service.status.load_balancer.ingress
            ]
            if now != ingress:
                self._patch(service, {"status": {"loadBalancer": {"ingress": ingress}}}, "status")
        labels = {name: after for name, (_, after) in found.labels.items()}
        if labels:
            self._patch(service, {"metadata": {"labels": labels}})
        gone = {name for name, what in found.finalizers.items() if what == "removed"}
        if gone:
            held = [*self._finalizers(service), *(n for n, what in found.finalizers.items() if what == "added")]
            self._patch(service, {"metadata": {"finalizers": [one for one in held if one not in gone] or None}})

    def _finalizers(self, service: Service) -> list[str]:
        return list(service.metadata.finalizers)

    def _patch(self, service: Service, patch: dict[str, Any], subresource: str = "") -> None:
        metadata = service.metadata
        self.local.merge("services", metadata.name, metadata.namespace, patch, subresource=subresource)


def _ingress(service: Service, lb: LoadBalancer) -> dict[str, str]:
    """What clients are told to connect to."""
    hostname = Annotations(service).get("hostname")
    if hostname:
        return {"hostname": hostname}
    return {"hostname": lb.address} if lb.kind == "nlb" else {"ip": lb.address}


def finalizer_of(kind: str) -> str:
    """The finalizer by which CCM holds a Service."""
    return NLB_FINALIZER if kind == "nlb" else CLB_FINALIZER
