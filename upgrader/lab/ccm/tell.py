"""Events, as the version sends them."""

from __future__ import annotations

from msgspec import Struct

from upgrader.lab.kube.local import Local
from upgrader.matrix.behaviour import behaviour
from upgrader.matrix.load import load_matrix
from upgrader.model.cloud import LbKind
from upgrader.model.forecast import ServiceForecast
from upgrader.model.kube import Service
from upgrader.model.version import CcmVersion, parse_version

_NAMED_SINCE = parse_version("v2.3.0")
_COMPONENTS: dict[LbKind | None, str] = {
    "nlb": "nlb-controller",
    "clb": "service-controller",
    None: "service-controller",
}


class Teller(Struct, kw_only=True):
    """Writes events on Services. Versions whose events never reach the API server write none."""

    local: Local

    def events(self, service: Service, found: ServiceForecast) -> None:
        """What the forecast announces."""
        for event in found.events:
            text = event.message or f"There are no available nodes for LoadBalancer {service.key}"
            self._write(service, found.lb, event.reason, text, warning=event.type == "Warning")

    def failed(self, service: Service, version: CcmVersion, found: ServiceForecast, why: str) -> None:
        """A sync that the cloud refused."""
        if not behaviour(version).service_events:
            return
        reasons = {e.when: e for e in load_matrix().events(version) if e.object == "Service"}
        event = reasons.get("a sync failed") or reasons.get("a sync or a deletion failed")
        if event is None:
            return
        named = f" [{found.load_balancer_id}]" if version >= _NAMED_SINCE else ""
        self._write(service, found.lb, event.reason, f"Error syncing load balancer{named}: {why}", warning=True)

    def refused_deletion(self, service: Service, version: CcmVersion, kind: LbKind, why: str) -> None:
        """A deletion that the cloud refused."""
        if not behaviour(version).service_events:
            return
        reasons = {e.when: e for e in load_matrix().events(version) if e.object == "Service"}
        event = reasons.get("a deletion failed") or reasons.get("a sync or a deletion failed")
        if event is not None:
            self._write(service, kind, event.reason, f"Error deleting load balancer: {why}", warning=True)

    def cleaned(self, service: Service, version: CcmVersion, kind: LbKind) -> None:
        """A load balancer that was deleted with its Service."""
        reasons = {e.when: e for e in load_matrix().events(version) if e.object == "Service"}
        event = next((one for when, one in reasons.items() if one.reason == "CleanLoadBalancer"), None)
        if behaviour(version).service_events and event is not None:
            self._write(service, kind, event.reason, "Clean load balancer")

    def _write(self, service: Service, kind: LbKind | None, reason: str, text: str, *, warning: bool = False) -> None:
        found = self.local.get("services", service.metadata.name, service.metadata.namespace)
        if found is not None:
            self.local.event(found, "Service", reason, text, warning=warning, component=_COMPONENTS[kind])
