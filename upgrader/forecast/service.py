"""The forecast for one Service: who serves it, what is written, which events follow, how traffic moves."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from upgrader.forecast.contested import contest_doubts
from upgrader.forecast.hash import HASH_LABEL
from upgrader.forecast.readiness import lost_event, lost_pods
from upgrader.forecast.select import CLB_FINALIZER, ID_LABEL, NLB_FINALIZER, Selection, select
from upgrader.forecast.synced import NO_EIP, Synced
from upgrader.forecast.traffic import Weights, traffic_of, weights_of
from upgrader.forecast.unaccepted import unaccepted
from upgrader.forecast.world import World
from upgrader.model.cloud import LbKind
from upgrader.model.forecast import ExpectedEvent, ServiceForecast
from upgrader.model.kube import LoadBalancerStatus, Service
from upgrader.model.version import parse_version

_NOTHING: dict[str, tuple[str | None, str | None]] = {}
_UNREAD: dict[str, tuple[str]] = {
    kind: (f"the {kind.upper()}s were not read: what is written to them can't be told",) for kind in ("clb", "nlb")
}
# What is not there needs no cleaning (cleanupLoadBalancerResources).
_NOT_THERE = "LoadBalancerId does not exist"
_NAMED_IN_EVENTS_SINCE = parse_version("v2.3.0")


def forecast_service(world: World, service: Service) -> ServiceForecast:
    """What the target will do to this Service at its first reconcile."""
    chosen = select(world, service)
    namespace, name = (metadata := service.metadata).namespace, metadata.name
    if chosen.lb is None:
        return _unserved(world, service, chosen)
    kind = chosen.lb
    if chosen.beside is not None:
        return _by_both(world, service, chosen.beside, full_sync=chosen.full_sync)
    if world.facts.load_balancers is None or world.facts.has_gap(kind):
        return ServiceForecast(
            namespace=namespace, name=name, lb=kind, full_sync=chosen.full_sync, why=chosen.why,
            labels=_NOTHING if chosen.hash in (None, metadata.labels.get(HASH_LABEL)) else
            _labels(world, service, chosen, ""),
            finalizers=_finalizers(world, service, kind), unknown=_UNREAD[kind],
        )  # fmt: skip
    synced = _sync(world, service, kind, full_sync=chosen.full_sync)
    return _synced(world, service, chosen, kind, synced)


def expected_weights(world: World, service: Service, kind: LbKind) -> tuple[Weights, ...]:
    """The weights that the target wants now, group by group, beside those that are there."""
    synced = _sync(world, service, kind, full_sync=False)
    return tuple(weights_of(world, service, synced.load_balancer, synced.groups))


def _sync(world: World, service: Service, kind: LbKind, *, full_sync: bool) -> Synced:
    # Here, because a dump without the cloud never comes so far: a tenth of the start-up is saved.
    from upgrader.forecast.clb.sync import sync_clb
    from upgrader.forecast.nlb.sync import sync_nlb

    return (sync_nlb if kind == "nlb" else sync_clb)(world, service, full_sync=full_sync)


def _synced(world: World, service: Service, chosen: Selection, kind: LbKind, synced: Synced) -> ServiceForecast:
    """What one sync comes to for the Service, its labels and its events."""
    lb, refusal = synced.load_balancer, synced.refusal
    lb_id = lb.id if lb else ""
    unread = lb is not None and not lb.detailed
    labels = _labels(world, service, chosen, lb_id)
    labels |= {name: (service.metadata.labels.get(name), value) for name, value in synced.labels.items()}
    ended = () if synced.silent else _ended(world, synced)
    lost = lost_pods(world, service) if refusal is None and not unread else None
    if lost is not None:
        # No status is written then, so that no EIP is looked for.
        synced = replace(synced, events=tuple(one for one in synced.events if one.reason != NO_EIP))
        refusal, ended = lost, (lost_event(lost),)
    served = not unread and refusal in (None, lost)
    return ServiceForecast(
        namespace=service.metadata.namespace,
        name=service.metadata.name,
        lb=kind,
        load_balancer_id=lb_id,
        full_sync=chosen.full_sync,
        why=chosen.why,
        writes=() if unread else synced.writes,
        events=(*synced.events, *ended) if world.ways.service_events else (),
        traffic=traffic_of(weights_of(world, service, lb, synced.groups)) if served else (),
        refusal=refusal,
        labels=labels if refusal is None else {},
        finalizers=_finalizers(world, service, kind),
        notes=synced.notes,
        unknown=(*synced.unknown, *((f"{lb_id} was not read in full",) if unread else ())),
        doubts=()
        if unread
        else (*unaccepted(world, kind, lb, synced.writes), *contest_doubts(world, synced.groups, synced.writes)),
    )


def _by_both(world: World, service: Service, clb: Selection, *, full_sync: bool) -> ServiceForecast:
    """A Service of the NLB class that had a CLB: both controllers see it, that of the CLBs through its finalizer.

    The first drops it (from v2.10 on), or syncs it as ever; the second finds "can not find loadbalancer, but it's
    defined in service" until the first is done, then goes by the labels and the status that it left.
    """
    if clb.lb is None:
        first = _unserved(world, service, clb)
    else:
        first = _synced(world, service, clb, "clb", _sync(world, service, "clb", full_sync=clb.full_sync))
    metadata, done = service.metadata, first.refusal is None and not first.unknown
    labels = {**metadata.labels, **{name: new or "" for name, (_, new) in first.labels.items()}}
    after = replace(
        service,
        metadata=replace(
            metadata, labels={name: value for name, value in labels.items() if value},
            finalizers=tuple(one for one in metadata.finalizers if one != CLB_FINALIZER),
        ),
        status=replace(service.status, load_balancer=LoadBalancerStatus()) if first.status_cleared else service.status,
    )  # fmt: skip
    then = forecast_service(world, after)
    if first.refusal is not None and clb.lb is None and clb.full_sync:
        first, then = _dropped_at_last(world, service, clb, first, then)
    early = _sync(world, service, "nlb", full_sync=True) if done and full_sync else Synced()
    failed = _ended(world, early) if early.refusal is not None else ()
    return replace(
        then, full_sync=True, why="service-changed", load_balancer_id=then.load_balancer_id or first.load_balancer_id,
        writes=(*first.writes, *then.writes), traffic=(*first.traffic, *then.traffic),
        events=tuple({(one.type, one.reason): one for one in (*first.events, *failed, *then.events)}.values()),
        labels=first.labels | {name: (metadata.labels.get(name), new) for name, (_, new) in then.labels.items()},
        finalizers={**first.finalizers, **then.finalizers}, status_cleared=first.status_cleared,
        left_behind=first.left_behind, refusal=first.refusal or then.refusal, unknown=(*first.unknown, *then.unknown),
        doubts=(*first.doubts, *then.doubts),
    )  # fmt: skip


def _dropped_at_last(
    world: World, service: Service, clb: Selection, first: ServiceForecast, then: ServiceForecast
) -> tuple[ServiceForecast, ServiceForecast]:
    """Where the CLB's controller is refused in its full sync: the NLB's writes the hash label (IsServiceHashChanged).

    With it the next try is no full sync any more, and drops what the other has just written: both forecasts after it.
    """
    label = then.labels.get(HASH_LABEL, (None, None))[1]
    if label is None or then.refusal is not None or then.unknown:
        return first, then
    metadata = service.metadata
    hashed = replace(service, metadata=replace(metadata, labels={**metadata.labels, HASH_LABEL: label}))
    again = _unserved(world, hashed, replace(clb, full_sync=False, why="none"))
    if again.refusal is not None:
        return first, then
    own = (HASH_LABEL, ID_LABEL)
    lost = {name: (old, None) for name in own if (old := metadata.labels.get(name)) is not None}
    now = tuple(write for write in again.writes if write.effect == "IMMEDIATE")
    first = replace(
        again, writes=(*first.writes, *now), events=(*first.events, *again.events), left_behind=first.left_behind,
        doubts=first.doubts, labels={},
    )  # fmt: skip
    kept = {name: change for name, change in then.labels.items() if name not in own}
    return first, replace(then, labels={**kept, **lost})


def _ended_by_both(clb: ServiceForecast, nlb: ServiceForecast) -> ServiceForecast:
    """A Service that ends and holds the finalizers of both controllers: each cleans up its own."""
    return replace(
        nlb, load_balancer_id=nlb.load_balancer_id or clb.load_balancer_id, writes=(*clb.writes, *nlb.writes),
        events=tuple({(one.type, one.reason): one for one in (*clb.events, *nlb.events)}.values()),
        labels=clb.labels | nlb.labels, finalizers={**clb.finalizers, **nlb.finalizers},
        status_cleared=clb.status_cleared or nlb.status_cleared, refusal=clb.refusal or nlb.refusal,
        unknown=(*clb.unknown, *nlb.unknown), doubts=(*clb.doubts, *nlb.doubts),
    )  # fmt: skip


def _unserved(world: World, service: Service, chosen: Selection) -> ServiceForecast:
    """A Service that the target leaves alone, or drops: a classed one's CLB is then left behind in the cloud."""
    if chosen.beside is not None:
        return _ended_by_both(
            _unserved(world, service, chosen.beside), _unserved(world, service, replace(chosen, beside=None))
        )
    namespace, name = service.metadata.namespace, service.metadata.name
    left = tuple(lb.id for lb in world.find(service, "clb")) if service.is_load_balancer else ()
    running_serves = bool(left) or bool(service.status.load_balancer.ingress)
    if not chosen.clean_up:
        return ServiceForecast(namespace=namespace, name=name, left_behind=left if running_serves else ())
    from upgrader.forecast.clb.sync import end_clb, sync_clb
    from upgrader.forecast.nlb.end import end_nlb

    if world.facts.load_balancers is None or world.facts.has_gap(chosen.kind):
        synced = Synced(unknown=_UNREAD[chosen.kind])
    elif chosen.kind == "nlb":
        synced = end_nlb(world, service)
    elif chosen.ends:
        synced = end_clb(world, service)
    else:
        synced = sync_clb(world, service, full_sync=chosen.full_sync)
    labels: dict[str, tuple[str | None, str | None]] = {
        label: (value, None)
        for label in (HASH_LABEL, ID_LABEL)
        if (value := service.metadata.labels.get(label)) is not None
    }
    if not world.ways.id_label:
        labels.pop(ID_LABEL, None)
    labels |= {name: (service.metadata.labels.get(name), value) for name, value in synced.labels.items()}
    lb, refusal = synced.load_balancer, synced.refusal
    if refusal is not None and _NOT_THERE in refusal.message:
        refusal = None
    unread = (f"{lb.id} was not read in full",) if lb is not None and not lb.detailed else ()
    base = ServiceForecast(
        namespace=namespace, name=name, load_balancer_id=lb.id if lb else "", full_sync=chosen.full_sync or chosen.ends,
        why=chosen.why, writes=() if unread else synced.writes, left_behind=() if chosen.ends else left,
        refusal=refusal, unknown=(*synced.unknown, *unread),
        doubts=() if unread else unaccepted(world, chosen.kind, lb, synced.writes),
    )  # fmt: skip
    if not world.ways.finalizer:
        return replace(base, status_cleared=bool(service.status.load_balancer.ingress))
    ended = ExpectedEvent(type="Normal", reason="CleanLoadBalancer", message="Clean load balancer")
    if refusal is not None:
        text = _failure(world, replace(synced, refusal=refusal), "deleting")
        failed = ExpectedEvent(type="Warning", reason="CleanLoadBalancerFailed", message=text)
        return replace(base, events=(*synced.events, failed))
    # No status is written, so that no EIP is looked for.
    kept = tuple(one for one in synced.events if one.reason not in (ended.reason, NO_EIP))
    return replace(
        base, labels=labels, finalizers={NLB_FINALIZER if chosen.kind == "nlb" else CLB_FINALIZER: "removed"},
        status_cleared=bool(service.status.load_balancer.ingress), events=(*kept, ended),
    )  # fmt: skip


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


def _ended(world: World, synced: Synced) -> tuple[ExpectedEvent, ...]:
    """The event of success or failure. The id of a load balancer that is only being made is not known yet."""
    lb_id, refusal = synced.named, synced.refusal
    reasons = {e.when: e for e in world.matrix.events(world.target) if e.object == "Service"}
    done = reasons.get("a sync failed" if refusal else "a sync succeeded") or reasons.get("a sync or a deletion failed")
    if done is None:
        return ()
    if refusal is not None:
        return (ExpectedEvent(type=done.type, reason=done.reason, message=_failure(world, synced, "syncing")),)
    named = f" [{lb_id}]" if world.target >= _NAMED_IN_EVENTS_SINCE else ""
    text = f"Ensured load balancer{named}" if lb_id or not named else ""
    return (ExpectedEvent(type=done.type, reason=done.reason, message=text),)


def _failure(world: World, synced: Synced, doing: str) -> str:
    """The event's text of a sync or a clean-up that fails; empty where it names what is only being made."""
    named = f" [{synced.named}]" if world.target >= _NAMED_IN_EVENTS_SINCE else ""
    new = any(one.action.endswith(":CreateLoadBalancer") and one.effect == "IMMEDIATE" for one in synced.writes)
    if synced.refusal is None or (new and named == " []" and world.ways.id_label):
        return ""
    # v2.3 has no load balancer any more where a sync failed. Of the cloud's own errors all show the message alone.
    named = " [not found]" if named and not world.ways.id_label else named
    message = synced.refusal.message
    return f"Error {doing} load balancer{named}: {message[max(message.rfind('Message: '), 0) :]}"
