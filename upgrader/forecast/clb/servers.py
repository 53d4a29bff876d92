"""vServer groups and their backends: compared at every sync, hash or no hash.

Source: `clbv1/vgroups.go` (diff, UpdateVServerGroup, DescribeVServerGroups) and `clbv1/model_applier.go`
(applyVGroups, cleanup), each tag.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.groups import DesiredGroup, differ, find_group
from upgrader.forecast.nlb.go_errors import atoi
from upgrader.forecast.nlb.servers import batch_size
from upgrader.forecast.world import World
from upgrader.model.cloud import Backend, LoadBalancer, ServerGroup
from upgrader.model.forecast import Write
from upgrader.model.kube import Service

ADD, REMOVE = "AddVServerGroupBackendServers", "RemoveVServerGroupBackendServers"
UPDATE = "SetVServerGroupAttribute"


def is_mine(world: World, service: Service, name: str) -> bool:
    """Whether a group's name, or a backend's description, says that this Service of this cluster made it."""
    parts, metadata = name.split("/"), service.metadata
    return len(parts) == 5 and parts[0] == "k8s" and parts[2:] == [metadata.name, metadata.namespace, world.cluster_id]


def group_writes(
    world: World, service: Service, lb: LoadBalancer, groups: Iterable[DesiredGroup], fresh: bool = False
) -> Iterator[Write]:
    """The requests for wanted groups. `fresh`: the CLB is only being made.

    Ports that share a group each bring it to their own backends. Where these differ, so does what the next sync finds:
    what it sends besides is LATENT.
    """
    shared = dict[str, list[DesiredGroup]]()
    for group in groups:
        if not group.wanted.unknown:
            shared.setdefault(group.reused or group.name, []).append(group)
    for ports in shared.values():
        remote = None if fresh else find_group(lb, ports[0])
        first, after = _one_sync(world, service, lb.id, ports, remote)
        yield from first
        if after is not None and differ(world, ports):
            sent = {one.action for one in first}
            again, _ = _one_sync(world, service, lb.id, ports, after)
            yield from (replace(one, effect="LATENT") for one in again if one.action not in sent)


def _one_sync(
    world: World, service: Service, lb_id: str, ports: Sequence[DesiredGroup], remote: ServerGroup | None
) -> tuple[list[Write], ServerGroup | None]:
    """What one sync sends for a group, and the group after it.

    Each port compares with the group as it was when the sync began, or as the port before it made it; v1.9.3 reads it
    anew for each. From v2.11.1 on only the first port that has to change it is looked at.
    """
    found, begun, after = list[Write](), remote, remote
    for group in ports:
        if begun is None:
            found += _created(world, lb_id, group)
            begun = after = ServerGroup(id="", name=group.name, backends=group.wanted.backends)
            if world.ways.same_group_once:
                break
            continue
        added, removed, updated = _changes(world, service, group, begun)
        had = _known(world, service, begun, group)
        writes = [
            *_batches(world, ADD, begun.id, added, had),
            *_batches(world, REMOVE, begun.id, removed, had),
            *_batches(world, UPDATE, begun.id, updated, had),
        ]
        if writes:
            found += writes
            after = replace(begun, backends=applied((after or begun).backends, added, removed, updated))
            if world.ways.same_group_once:
                break
            if world.ways.is_v1:
                begun = after
    return found, after


def _created(world: World, lb_id: str, group: DesiredGroup) -> Iterator[Write]:
    params = {"LoadBalancerId": lb_id, "VServerGroupName": group.name}
    changes: dict[str, tuple[str | None, str | None]] = {"VServerGroupName": (None, group.name)}
    # v1.9.3 makes a group with its first backend.
    at_once = 1 if world.ways.is_v1 else 0
    for first in _batches(world, ADD, "", group.wanted.backends[:at_once], ()):
        params["BackendServers"] = first.params["BackendServers"]
    yield Write(action="slb:CreateVServerGroup", object="", changes=changes, params=params)
    yield from _batches(world, ADD, "", group.wanted.backends[at_once:], ())


def applied(
    have: Sequence[Backend], added: Sequence[Backend], removed: Sequence[Backend], updated: Sequence[Backend]
) -> tuple[Backend, ...]:
    """The backends after such requests: one is told by its server and port."""
    kept = [
        next((new for new in updated if _same(new, one)), one)
        for one in have
        if not any(_same(one, gone) for gone in removed)
    ]
    return (*kept, *(one for one in added if not any(_same(one, had) for had in kept)))


def _changes(
    world: World, service: Service, group: DesiredGroup, remote: ServerGroup
) -> tuple[list[Backend], list[Backend], list[Backend]]:
    """What one port adds, removes and updates."""
    local, have = group.wanted.backends, _known(world, service, remote, group)
    ignore_weight = world.ways.ignore_weight_update and Annotations(service).is_on("ignore-weight-update")
    same = _same_server if world.ways.backend_match == "server" else _same
    add = [mine for mine in local if not any(same(mine, r) for r in have)]
    if group.wanted.invalid:
        return add, [], []
    remove = [
        r for r in have if not is_foreign(world, service, r, group.name) and not any(same(mine, r) for mine in local)
    ]
    update = [
        mine
        for mine in local
        if any(_same_server(mine, r) and _differs(world, mine, r, ignore_weight=ignore_weight) for r in have)
    ]
    return add, remove, update


def _known(world: World, service: Service, remote: ServerGroup, group: DesiredGroup) -> tuple[Backend, ...]:
    """The backends of a group as far as the version reads them."""
    if world.ways.group_backends == "all" or group.reused == remote.id or is_mine(world, service, remote.name):
        return remote.backends
    return ()


def is_foreign(world: World, service: Service, backend: Backend, group_name: str) -> bool:
    """Whether the version takes a backend for the user's own, which it never removes."""
    if not world.ways.user_backends:
        return False
    if world.ways.group_backends == "all":
        return backend.description != group_name
    return not is_mine(world, service, backend.description)


def clean_up_writes(
    world: World, service: Service, lb: LoadBalancer, groups: Iterable[DesiredGroup]
) -> Iterator[Write]:
    """Groups of this Service that no port uses any more are deleted; foreign ones only lose this Service's backends."""
    wanted = list(groups)
    if world.ways.is_v1:
        yield from _clean_up_v1(world, service, lb, wanted)
        return
    used = {found.id for group in wanted if (found := find_group(lb, group)) is not None}
    named = {pair.partition(":")[0] for pair in Annotations(service).get("vgroup-port").split(",") if ":" in pair}
    for remote in lb.server_groups:
        if remote.id in used:
            continue
        mine = is_mine(world, service, remote.name)
        read = world.ways.group_backends == "all" or mine or remote.id in named
        own = [b for b in remote.backends if is_mine(world, service, b.description)] if read else []
        foreign = world.ways.group_backends == "own" and len(own) < len(remote.backends)
        if mine and not foreign:
            yield Write(action="slb:DeleteVServerGroup", object=remote.id, params={"VServerGroupId": remote.id})
        else:
            yield from _batches(world, REMOVE, remote.id, own, remote.backends)


def _clean_up_v1(world: World, service: Service, lb: LoadBalancer, wanted: list[DesiredGroup]) -> Iterator[Write]:
    """v1.9.3 goes by the port in a group's name, knows numbers alone there, and asks for nobody's backends."""
    ports = {_port_in(group.name) for group in wanted}
    for remote in lb.server_groups:
        if is_mine(world, service, remote.name) and (port := _port_in(remote.name)) is not None and port not in ports:
            yield Write(action="slb:DeleteVServerGroup", object=remote.id, params={"VServerGroupId": remote.id})


def _port_in(name: str) -> int | None:
    """The number in a group's name (LoadNamedKey); None where a named target port stands there."""
    port, error = atoi(name.split("/")[1])
    return None if error else port


def _same_server(local: Backend, remote: Backend) -> bool:
    """The same machine or ENI; an ENI whose id is not known is told by its address."""
    if local.type == "eni":
        return local.server_ip == remote.server_ip and local.server_id in ("", remote.server_id)
    return local.server_id == remote.server_id


def _same(local: Backend, remote: Backend) -> bool:
    return _same_server(local, remote) and local.port == remote.port


def _differs(world: World, local: Backend, remote: Backend, *, ignore_weight: bool) -> bool:
    return (
        (world.ways.backend_match == "server-port" and local.port != remote.port)
        or (not ignore_weight and local.weight != remote.weight)
        or (world.ways.describes_backends and local.description != remote.description)
    )


def _batches(
    world: World, action: str, group: str, backends: Sequence[Backend], have: Sequence[Backend]
) -> Iterator[Write]:
    before = {(b.label, b.port): b for b in have}
    size = batch_size(world)
    for start in range(0, len(backends), size):
        batch = backends[start : start + size]
        changes: dict[str, tuple[str | None, str | None]] = {}
        for one in batch:
            old = before.get((one.label, one.port))
            after = None if action == REMOVE else str(one.weight)
            changes[f"{one.label}:{one.port} weight"] = (str(old.weight) if old else None, after)
        servers = [
            {"ServerId": b.server_id, "Port": str(b.port), "Weight": str(b.weight), "Type": b.type,
             "ServerIp": b.server_ip, "Description": b.description}
            for b in batch
        ]  # fmt: skip
        params = {"VServerGroupId": group, "BackendServers": json.dumps(servers, ensure_ascii=False)}
        yield Write(action=f"slb:{action}", object=group, changes=changes, params=params)
