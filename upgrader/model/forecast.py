"""Forecast: each request that the target CCM will send, and what it does to traffic."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from upgrader.model.cloud import LbKind

WriteEffect = Literal["IMMEDIATE", "LATENT"]
SyncReason = Literal["hash-formula-changed", "no-hash", "service-changed", "none"]


class Write(Struct, frozen=True, kw_only=True):
    """One request to the cloud. `action` is `product:Action`, `object` the id of what it changes.

    The object is the load balancer's id, the server group's id, `lb-…:<port>` for a CLB listener, the ListenerId for
    an NLB listener; empty (`""`) where the request creates it. `changes` maps a field to (before, after).
    `params` are the request's parameters as the OpenAPI spells them, complete enough to carry it out.
    """

    action: str
    object: str
    effect: WriteEffect = "IMMEDIATE"
    changes: dict[str, tuple[str | None, str | None]] = {}
    params: dict[str, str] = {}


class ExpectedEvent(Struct, frozen=True, kw_only=True):
    """An Event on the Service. `message` is the text as far as it is known, empty when it is not."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str = ""


class TrafficShift(Struct, frozen=True, kw_only=True):
    """Weight and share (percent 0–100) of one backend before and after; None where it is no backend."""

    group: str
    backend: str
    weight: tuple[int | None, int | None]
    share: tuple[float | None, float | None]


class Doubt(Struct, frozen=True, kw_only=True):
    """Why what is forecast may come otherwise, although all was read: `text` says it in words.

    `refused`: the cloud will refuse a request; `may-be-refused`: it may; `shared-port`: another Service writes the same
    listener; `shared-attribute`: another writes the same attributes or tags of the load balancer; `shared-group`: two
    ports, or another Service, want other backends in the same group. The writes stand in the forecast as if none of it
    were so.
    """

    kind: Literal["refused", "may-be-refused", "shared-port", "shared-attribute", "shared-group"]
    text: str


class Refusal(Struct, frozen=True, kw_only=True):
    """A Service that the target CCM will refuse to sync. `code` is a stable slug, `message` CCM's own words."""

    code: str
    message: str


class ServiceForecast(Struct, frozen=True, kw_only=True):
    """What the target CCM will do to one Service at its first reconcile.

    `labels`, `finalizers` and `status_cleared` are the writes to the Service object itself. `unknown` names what could
    not be judged and why; a forecast with `unknown` is never complete. `lb` is None when the target ignores it.
    """

    namespace: str
    name: str
    lb: LbKind | None = None
    load_balancer_id: str = ""
    full_sync: bool = False
    why: SyncReason = "none"
    writes: tuple[Write, ...] = ()
    events: tuple[ExpectedEvent, ...] = ()
    traffic: tuple[TrafficShift, ...] = ()
    refusal: Refusal | None = None
    labels: dict[str, tuple[str | None, str | None]] = {}
    finalizers: dict[str, Literal["added", "removed"]] = {}
    status_cleared: bool = False
    left_behind: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"


class Forecast(Struct, frozen=True, kw_only=True):
    """One entry for each LoadBalancer Service (and each Service that holds a CCM finalizer), sorted by key."""

    services: tuple[ServiceForecast, ...] = field(default=())
