"""The servers of an NLB server group: compared at every sync, and sent in batches.

Source: `nlbv2/server_groups.go` (diff, isServerEqual, updateServerGroupServers, BatchAddServers),
`reconcile/backend/backend.go` (Batch) and `provider/alibaba/nlb/servergroup.go`, each tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from upgrader.forecast.backends import Wanted
from upgrader.forecast.world import World
from upgrader.model.cloud import Backend, ServerGroup
from upgrader.model.forecast import Write
from upgrader.model.kube import Service

ADD, REMOVE = "AddServersToServerGroup", "RemoveServersFromServerGroup"
UPDATE = "UpdateServerGroupServersAttribute"
_BATCH_FLAG = re.compile(r"--sg-batch-size[= ](\d+)")


class Diff(Struct, frozen=True, kw_only=True):
    """What is added, removed and rewritten."""

    add: tuple[Backend, ...] = ()
    remove: tuple[Backend, ...] = ()
    update: tuple[Backend, ...] = ()


def is_mine(world: World, service: Service, name: str) -> bool:
    """Whether a group's name, or a server's description, says that this Service of this cluster made it."""
    parts = name.split(".")
    metadata = service.metadata
    return len(parts) == 6 and parts[0] == "k8s" and parts[3:] == [metadata.name, metadata.namespace, world.cluster_id]


def is_foreign(world: World, service: Service, server: Backend) -> bool:
    """Whether the version takes a server for the user's own, which it never removes."""
    return world.ways.nlb_user_servers and not is_mine(world, service, server.description)


def diff_servers(world: World, service: Service, remote: ServerGroup, wanted: Wanted, *, ignore_weight: bool) -> Diff:
    """The difference as CCM computes it: a server is told by type, id and address, not by its port."""
    local = wanted.backends
    removable = [r for r in remote.backends if not is_foreign(world, service, r)]
    return Diff(
        add=tuple(one for one in local if not any(same(one, r) for r in remote.backends)),
        remove=tuple(r for r in removable if not any(same(one, r) for one in local)),
        update=tuple(
            one
            for one in local
            for r in remote.backends
            if same(one, r) and _differs(one, r, ignore_weight=ignore_weight)
        ),
    )


def same(local: Backend, remote: Backend) -> bool:
    """The same server; an ENI whose id is not known is told by its address."""
    if local.type != remote.type:
        return False
    if local.type == "Ecs":
        return local.server_id == remote.server_id
    return local.server_ip == remote.server_ip and local.server_id in ("", remote.server_id)


def _differs(local: Backend, remote: Backend, *, ignore_weight: bool) -> bool:
    moved = not ignore_weight and local.weight != remote.weight
    return moved or local.port != remote.port or local.description != remote.description


def server_writes(world: World, group: ServerGroup, diff: Diff, *, paused: bool) -> Iterator[Write]:
    """The requests; `paused` where some pod has no known ENI: then nothing is removed or rewritten."""
    yield from batches(world, ADD, group.id, diff.add, group.backends)
    if not paused:
        yield from batches(world, REMOVE, group.id, diff.remove, group.backends)
        yield from batches(world, UPDATE, group.id, diff.update, group.backends)


def batches(
    world: World, call: str, group: str, servers: Sequence[Backend], before: Sequence[Backend] = ()
) -> Iterator[Write]:
    """One request for so many servers as CCM puts into one."""
    size = batch_size(world)
    had = {b.label: b for b in before}
    for start in range(0, len(servers), size):
        batch = servers[start : start + size]
        changes: dict[str, tuple[str | None, str | None]] = {}
        for one in batch:
            old = had.get(one.label) if call != ADD else None
            changes[f"{one.label}:{one.port} weight"] = (
                str(old.weight) if old else None,
                None if call == REMOVE else str(one.weight),
            )
        yield Write(action=f"nlb:{call}", object=group, changes=changes, params=_params(call, group, batch))


def batch_size(world: World) -> int:
    """How many servers go into one request: the version's own number, or what the flag says."""
    if world.ways.batch_flag:
        found = _BATCH_FLAG.search(" ".join(world.facts.ccm.args))
        if found and int(found[1]) > 0:
            return int(found[1])
    return world.ways.batch_size


def _params(call: str, group: str, batch: Sequence[Backend]) -> dict[str, str]:
    found = {"ServerGroupId": group} if group else {}
    for number, one in enumerate(batch, 1):
        lead = f"Servers.{number}."
        found |= {lead + "ServerId": one.server_id, lead + "ServerType": one.type, lead + "Port": str(one.port)}
        if call != REMOVE:
            found |= {lead + "Weight": str(one.weight), lead + "Description": one.description}
        if one.server_ip:
            found[lead + "ServerIp"] = one.server_ip
    return found
