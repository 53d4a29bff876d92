"""The forecast for one Service: who serves it, what is written, which events follow, how traffic moves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from upgrader.forecast.full_sync import full_sync_writes
from upgrader.forecast.groups import DesiredGroup, desired, find_group, sync_groups
from upgrader.forecast.hash import HASH_LABEL
from upgrader.forecast.nlb.sync import sync_nlb
from upgrader.forecast.refusal import fixed_once_made, refusal_of
from upgrader.forecast.select import CLB_FINALIZER, ID_LABEL, NLB_FINALIZER, Selection, select
from upgrader.forecast.world import World
from upgrader.model.cloud import LbKind, LoadBalancer
from upgrader.model.forecast import ExpectedEvent, Refusal, ServiceForecast, TrafficShift, Write
from upgrader.model.kube import Service
from upgrader.model.version import parse_version

_UNREAD: dict[str, tuple[str]] = {
    kind: (f"the {kind.upper()}s were not read: what is written to them can't be told",) for kind in ("clb", "nlb")
}
_NAMED_IN_EVENTS_SINCE = parse_version("v2.3.0")


def forecast_service(world: World, service: Service) -> ServiceForecast:
    """What the target will do to this Service at its first reconcile."""
    chosen = select(world, service)
    namespace, name = service.metadata.namespace, service.metadata.name
    if chosen.lb is None:
        return _unserved(world, service, chosen)
    kind = chosen.lb
    if world.facts.load_balancers is None or world.facts.has_gap(kind):
        return ServiceForecast(
            namespace=namespace, name=name, lb=kind, full_sync=chosen.full_sync, why=chosen.why,
            labels=_labels(world, service, chosen, ""), finalizers=_finalizers(world, service, kind),
            unknown=_UNREAD[kind],
        )  # fmt: skip
    if kind == "nlb":
        return _nlb(world, service, chosen)
    found = world.find(service, kind)
    lb = found[0] if found else None
    groups = desired(world, service, kind)
    refusal = refusal_of(world, service, kind, found, full_sync=chosen.full_sync)
    unknown = _unknown(lb, groups)
    if refusal is None:
        refusal = next((Refusal(code="backends", message=g.wanted.error) for g in groups if g.wanted.error), None)
    writes: list[Write] = []
    if refusal is None and chosen.full_sync:
        writes += full_sync_writes(world, service, lb, groups)
        if lb is not None and kind == "clb":
            refusal = fixed_once_made(world, service, lb)
    if lb is not None and not lb.detailed:
        writes = []  # What was not read can't be compared: `unknown` says so.
    elif lb is not None and (refusal is None or refusal.code == "fixed-once-made"):
        writes += sync_groups(world, service, lb, groups)
        if not chosen.full_sync:
            writes += [_late(w) for w in full_sync_writes(world, service, lb, groups)]
    lb_id = lb.id if lb else ""
    return ServiceForecast(
        namespace=namespace,
        name=name,
        lb=kind,
        load_balancer_id=lb_id,
        full_sync=chosen.full_sync,
        why=chosen.why,
        writes=tuple(writes),
        events=_events(world, lb_id, refusal, groups),
        traffic=_traffic(lb, groups) if refusal is None else (),
        refusal=refusal,
        labels=_labels(world, service, chosen, lb_id) if refusal is None else {},
        finalizers=_finalizers(world, service, kind),
        unknown=unknown,
    )


def _nlb(world: World, service: Service, chosen: Selection) -> ServiceForecast:
    """The same for an NLB Service, whose sync is told step by step in `nlb.sync`."""
    synced = sync_nlb(world, service, full_sync=chosen.full_sync)
    lb, refusal = synced.load_balancer, synced.refusal
    lb_id = lb.id if lb else ""
    unread = lb is not None and not lb.detailed
    labels = _labels(world, service, chosen, lb_id)
    labels |= {name: (service.metadata.labels.get(name), value) for name, value in synced.labels.items()}
    ended = () if synced.silent else _ended(world, synced.named, refusal)
    return ServiceForecast(
        namespace=service.metadata.namespace,
        name=service.metadata.name,
        lb="nlb",
        load_balancer_id=lb_id,
        full_sync=chosen.full_sync,
        why=chosen.why,
        writes=() if unread else synced.writes,
        events=(*synced.events, *ended) if world.ways.service_events else (),
        traffic=_traffic(lb, synced.groups) if refusal is None and not unread else (),
        refusal=refusal,
        labels=labels if refusal is None else {},
        finalizers=_finalizers(world, service, "nlb"),
        notes=synced.notes,
        unknown=(*synced.unknown, *((f"{lb_id} was not read in full",) if unread else ())),
    )


def _late(write: Write) -> Write:
    from msgspec.structs import replace

    return replace(write, effect="LATENT")


def _unserved(world: World, service: Service, chosen: Selection) -> ServiceForecast:
    """A Service that the target leaves alone, or drops: its CLB is then left behind in the cloud."""
    namespace, name = service.metadata.namespace, service.metadata.name
    left = tuple(lb.id for lb in world.find(service, "clb")) if service.is_load_balancer else ()
    running_serves = bool(left) or bool(service.status.load_balancer.ingress)
    if not chosen.clean_up:
        return ServiceForecast(namespace=namespace, name=name, left_behind=left if running_serves else ())
    labels: dict[str, tuple[str | None, str | None]] = {
        label: (value, None)
        for label in (HASH_LABEL, ID_LABEL)
        if (value := service.metadata.labels.get(label)) is not None
    }
    return ServiceForecast(
        namespace=namespace, name=name, left_behind=left, labels=labels, finalizers={CLB_FINALIZER: "removed"},
        status_cleared=bool(service.status.load_balancer.ingress),
        events=(ExpectedEvent(type="Normal", reason="CleanLoadBalancer", message="Clean load balancer"),),
    )  # fmt: skip


def _unknown(lb: LoadBalancer | None, groups: Iterable[DesiredGroup]) -> tuple[str, ...]:
    found = [f"port {g.port.port}: {g.wanted.unknown}" for g in groups if g.wanted.unknown]
    if lb is not None and not lb.detailed:
        found.append(f"{lb.id} was not read in full")
    return tuple(found)


def _labels(world: World, service: Service, chosen: Selection, lb_id: str) -> dict[str, tuple[str | None, str | None]]:
    """Labels that the target rewrites: the hash, and the load balancer's id where it knows one."""
    have, found = service.metadata.labels.get, dict[str, tuple[str | None, str | None]]()
    if chosen.hash is not None and have(HASH_LABEL) != chosen.hash:
        found[HASH_LABEL] = (have(HASH_LABEL), chosen.hash)
    if world.ways.id_label and lb_id and have(ID_LABEL) != lb_id:
        found[ID_LABEL] = (have(ID_LABEL), lb_id)
    return found


def _finalizers(world: World, service: Service, kind: LbKind) -> dict[str, Literal["added", "removed"]]:
    finalizer = CLB_FINALIZER if kind == "clb" else NLB_FINALIZER
    return {finalizer: "added"} if world.ways.finalizer and finalizer not in service.metadata.finalizers else {}


def _events(
    world: World, lb_id: str, refusal: Refusal | None, groups: Iterable[DesiredGroup]
) -> tuple[ExpectedEvent, ...]:
    """Events of one sync; none for versions whose Service events never reach the API server."""
    if not world.ways.service_events:
        return ()
    reasons = {e.when: e for e in world.matrix.events(world.target) if e.object == "Service"}
    found = []
    if any(not g.wanted.backends and not g.wanted.error and not g.wanted.unknown for g in groups):
        empty = reasons.get("a server group has no backend")
        if empty is not None:
            found.append(ExpectedEvent(type=empty.type, reason=empty.reason))
    return (*found, *_ended(world, lb_id, refusal))


def _ended(world: World, lb_id: str, refusal: Refusal | None) -> tuple[ExpectedEvent, ...]:
    """The event of success or failure; `lb_id` as the event names it."""
    named = f" [{lb_id}]" if world.target >= _NAMED_IN_EVENTS_SINCE else ""
    reasons = {e.when: e for e in world.matrix.events(world.target) if e.object == "Service"}
    done = reasons.get("a sync failed" if refusal else "a sync succeeded") or reasons.get("a sync or a deletion failed")
    found: list[ExpectedEvent] = []
    if done is not None and refusal is None:
        found.append(ExpectedEvent(type=done.type, reason=done.reason, message=f"Ensured load balancer{named}"))
    elif done is not None and refusal is not None:
        text = f"Error syncing load balancer{named}: {refusal.message}"
        found.append(ExpectedEvent(type=done.type, reason=done.reason, message=text))
    return tuple(found)


def _traffic(lb: LoadBalancer | None, groups: Iterable[DesiredGroup]) -> tuple[TrafficShift, ...]:
    """Weight and share of each backend before and after, for groups in which some weight moves."""
    found: list[TrafficShift] = []
    for group in groups:
        remote = find_group(lb, group) if lb else None
        if remote is None or group.wanted.unknown or group.wanted.error:
            continue
        before = {(b.server_ip or b.server_id): b.weight for b in remote.backends}
        after = {(b.server_ip or b.server_id): b.weight for b in group.wanted.backends}
        if before == after:
            continue
        totals = sum(before.values()), sum(after.values())
        for backend in sorted({*before, *after}):
            weights = before.get(backend), after.get(backend)
            share = tuple(
                None if w is None else round(100 * w / t, 1) if t else 0.0 for w, t in zip(weights, totals, strict=True)
            )
            found.append(TrafficShift(group=remote.id, backend=backend, weight=weights, share=(share[0], share[1])))
    return tuple(found)
