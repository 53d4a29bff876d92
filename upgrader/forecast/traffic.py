"""How traffic moves between the backends of a group: weights and shares, before and after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.clb import servers as clb
from upgrader.forecast.groups import DesiredGroup, contested, find_group
from upgrader.forecast.nlb import servers as nlb
from upgrader.forecast.world import World
from upgrader.model.cloud import Backend, LoadBalancer, ServerGroup
from upgrader.model.forecast import TrafficShift
from upgrader.model.kube import Service


class Weights(Struct, frozen=True):
    """The weights of one group's backends by name, as they are and as a sync leaves them."""

    group: str
    before: dict[str, int]
    after: dict[str, int]


def traffic_of(weights: Iterable[Weights]) -> tuple[TrafficShift, ...]:
    """Weight and share (percent) of each backend before and after, for groups in which some weight moves."""
    found: list[TrafficShift] = []
    for one in weights:
        if one.before == one.after:
            continue
        totals = sum(one.before.values()), sum(one.after.values())
        for backend in sorted({*one.before, *one.after}):
            pair = one.before.get(backend), one.after.get(backend)
            share = tuple(
                None if w is None else round(100 * w / t, 1) if t else 0.0 for w, t in zip(pair, totals, strict=True)
            )
            found.append(TrafficShift(group=one.group, backend=backend, weight=pair, share=(share[0], share[1])))
    return tuple(found)


def weights_of(
    world: World, service: Service, lb: LoadBalancer | None, groups: Iterable[DesiredGroup]
) -> Iterator[Weights]:
    """The weights of each group that is there already and whose backends could be told.

    Of one that two ports fill differently there is nothing to tell: it is another after each sync.
    """
    wanted = tuple(groups)
    moving = contested(world, wanted)
    for group in wanted:
        if (group.reused or group.name) in moving:
            continue
        remote = find_group(lb, group) if lb else None
        if lb is None or remote is None or group.wanted.unknown or group.wanted.error:
            continue
        if lb.kind != "nlb" or not _is_remade(remote, group.wanted.backends):
            own = {b for b in remote.backends if _is_users(world, service, lb, group, b)}
            named = _named(remote.backends, own, group.wanted.backends)
            before = {name: b.weight for name, b in named.items()}
            kept = {name for name, b in named.items() if b in own}
            yield Weights(remote.id, before, _after(world, service, group, remote.backends, before, kept))


def _named(remote: tuple[Backend, ...], own: set[Backend], wanted: tuple[Backend, ...]) -> dict[str, Backend]:
    """The backends by name: that of the server, with the port where the user has one of CCM's servers at another."""
    ports = {b.label: b.port for b in wanted}
    return {f"{b.label}:{b.port}" if b in own and ports.get(b.label, b.port) != b.port else b.label: b for b in remote}


def _after(
    world: World,
    service: Service,
    group: DesiredGroup,
    remote: tuple[Backend, ...],
    before: dict[str, int],
    own: set[str],
) -> dict[str, int]:
    """The wanted backends and the user's own; a pod without an ENI pauses all but adding."""
    wanted = {b.label: b.weight for b in group.wanted.backends}
    if group.wanted.invalid:
        return wanted | before
    if world.ways.backend_match == "server":
        # v1.9.3 sees a backend at another port as its own, and names one to the cloud that is not there.
        there = {(b.label, b.port) for b in remote}
        wanted |= {b.label: before[b.label] for b in group.wanted.backends if _elsewhere(b, before, there)}
    ignored = world.ways.ignore_weight_update and Annotations(service).is_on("ignore-weight-update")
    kept = {name: weight for name, weight in before.items() if (ignored if name in wanted else name in own)}
    return wanted | kept


def _elsewhere(backend: Backend, before: dict[str, int], there: set[tuple[str, int]]) -> bool:
    return backend.label in before and (backend.label, backend.port) not in there


def _is_users(world: World, service: Service, lb: LoadBalancer, group: DesiredGroup, backend: Backend) -> bool:
    if lb.kind == "nlb":
        return nlb.is_foreign(world, service, backend)
    return clb.is_foreign(world, service, backend, group.name)


def _is_remade(remote: ServerGroup, wanted: tuple[Backend, ...]) -> bool:
    """Whether an NLB group is of another type than its servers are to be: another one takes its place, it stays."""
    had = remote.attributes.get("ServerGroupType", "")
    return bool(had) and bool(wanted) and (had == "Ip") != (wanted[0].type == "Ip")
