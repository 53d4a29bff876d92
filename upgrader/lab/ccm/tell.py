"""Events, as the version sends them."""

from __future__ import annotations

from msgspec import Struct

from upgrader.forecast.annotations import Annotations
from upgrader.lab.cloud.errors import CloudError
from upgrader.lab.kube.local import Local
from upgrader.lab.kube.store import Object
from upgrader.matrix.behaviour import behaviour
from upgrader.matrix.load import load_matrix
from upgrader.matrix.model import EventKind
from upgrader.model.cloud import LbKind
from upgrader.model.forecast import ServiceForecast
from upgrader.model.kube import Service
from upgrader.model.version import CcmVersion, parse_version

_V2 = parse_version("v2.0.0")
_NAMED_SINCE = parse_version("v2.3.0")
_COMPONENTS: dict[LbKind | None, str] = {"nlb": "nlb-controller", None: "service-controller"}
# What an edit is told as: the first part that differs decides.
_EDITS = {
    "annotations": ("annotations were edited", "the annotations has been changed"),
    "spec": ("the spec was edited", "the spec has been changed"),
    "deletionTimestamp": ("deletion was asked for", "the delete timestamp has been changed"),
}


class Teller(Struct, kw_only=True):
    """Writes events on Services. Versions whose events never reach the API server write none."""

    local: Local
    version: CcmVersion

    def edited(self, before: Object, after: Object, kind: LbKind | None) -> None:
        """Somebody edited a Service, and CCM has seen it."""
        old, new = before["metadata"], after["metadata"]
        moved = {
            "annotations": old.get("annotations") != new.get("annotations"),
            "spec": before.get("spec") != after.get("spec"),
            "deletionTimestamp": old.get("deletionTimestamp") != new.get("deletionTimestamp"),
        }
        part = next((name for name, differs in moved.items() if differs), "")
        if (before.get("spec") or {}).get("type") != (after.get("spec") or {}).get("type") or not part:
            return
        when, what = _EDITS[part]
        name = (new.get("namespace", ""), new["name"])
        self._write(name, kind, (when,), f"The service will be updated because {what}.")

    def events(self, service: Service, found: ServiceForecast) -> None:
        """What the forecast announces."""
        for event in found.events:
            text = event.message or f"There are no available nodes for LoadBalancer {service.key}"
            self._event(_name(service), found.lb, event.reason, text, warning=event.type == "Warning")

    def failed(self, service: Service, found: ServiceForecast, error: CloudError) -> None:
        """A sync that the cloud refused."""
        lb_id = found.load_balancer_id or Annotations(service).get("id")
        named = f" [{lb_id}]" if self.version >= _NAMED_SINCE else ""
        whens = ("a sync failed", "a sync or a deletion failed")
        self._write(_name(service), found.lb, whens, f"Error syncing load balancer{named}: {self._why(error)}")

    def not_cleaned(self, service: Service, kind: LbKind, error: CloudError) -> None:
        """A deletion that the cloud refused."""
        whens = ("the load balancer could not be given up", "a deletion failed", "a sync or a deletion failed")
        self._write(_name(service), kind, whens, f"Error deleting load balancer: {self._why(error)}")

    def _why(self, error: CloudError) -> str:
        """The cloud's error as events quote it: v2 keeps the message alone (GetLogMessage), v1 the whole."""
        if self.version >= _V2:
            return f"Message: {error.message}"
        return f"Aliyun API Error: Status Code: {error.status} Code: {error.code} Message: {error.message}"

    def cleaned(self, service: Service, kind: LbKind) -> None:
        """A load balancer that was deleted with its Service."""
        whens = ("the load balancer was given up or deleted", "the load balancer was deleted")
        self._write(_name(service), kind, whens, "Clean load balancer")

    def _write(self, name: tuple[str, str], kind: LbKind | None, whens: tuple[str, ...], text: str) -> None:
        event = self._kind(whens)
        if event is not None:
            self._event(name, kind, event.reason, text, warning=event.type == "Warning")

    def _kind(self, whens: tuple[str, ...]) -> EventKind | None:
        """The first of these events that the version sends."""
        if not behaviour(self.version).service_events:
            return None
        known = {one.when: one for one in load_matrix().events(self.version) if one.object == "Service"}
        return next((known[when] for when in whens if when in known), None)

    def _event(self, name: tuple[str, str], kind: LbKind | None, reason: str, text: str, *, warning: bool) -> None:
        found = self.local.get("services", name[1], name[0])
        if found is not None:
            component = _COMPONENTS.get(kind, _COMPONENTS[None])
            self.local.event(found, "Service", reason, text, warning=warning, component=component)


def _name(service: Service) -> tuple[str, str]:
    return service.metadata.namespace, service.metadata.name
