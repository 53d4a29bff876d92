"""Server groups: what a version wants, against what is there. Backends are compared at every sync, hash or no hash.

Sources: `clbv1/vgroups.go` and `clbv1/model_applier.go`, `nlbv2/server_groups.go` and `nlbv2/model_applier.go`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from msgspec import Struct

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.backends import Wanted, is_eni, wanted_backends
from upgrader.forecast.weights import WeightWish
from upgrader.forecast.world import World
from upgrader.model.cloud import Backend, LbKind, LoadBalancer, ServerGroup
from upgrader.model.forecast import Write, WriteEffect
from upgrader.model.kube import Service, ServicePort

# How many backends CCM puts into one request (backend.MaxBackendNum).
BATCH = 39


class DesiredGroup(Struct, frozen=True, kw_only=True):
    """The group that a version wants for one port. `reused` is the id of a group that the user named instead."""

    name: str
    port: ServicePort
    wanted: Wanted
    protocol: str = ""
    reused: str = ""


class BackendDiff(Struct, frozen=True, kw_only=True):
    """What CCM would add, remove and rewrite in one group."""

    add: tuple[Backend, ...] = ()
    remove: tuple[Backend, ...] = ()
    update: tuple[Backend, ...] = ()


def group_name(world: World, service: Service, port: ServicePort, lb: LbKind, protocol: str = "") -> str:
    """The name of the server group of a port, which is also each backend's description."""
    target = port.target_port if port.target_port is not None else 0
    number = str(target) if is_eni(world, service) else str(port.node_port)
    metadata = service.metadata
    if lb == "clb":
        return f"k8s/{number}/{metadata.name}/{metadata.namespace}/{world.cluster_id}"
    return f"k8s.{number}.{protocol}.{metadata.name}.{metadata.namespace}.{world.cluster_id}"


def desired(world: World, service: Service, lb: LbKind) -> tuple[DesiredGroup, ...]:
    """One group a port, in the order of the Service."""
    notes = Annotations(service)
    reuse = _reused(notes) if notes.get("id") else {}
    wish = WeightWish(
        total=notes.percent("weight") if notes.get("id") and notes.get("vgroup-port") else None,
        default=notes.percent("default-weight"),
    )
    found = []
    for port in service.spec.ports or ():
        protocol = group_protocol(port) if lb == "nlb" else ""
        name = group_name(world, service, port, lb, protocol)
        by_ip = lb == "nlb" and notes.get("server-group-type").lower() == "ip"
        wanted = wanted_backends(world, service, port, name, lb, wish, by_ip=by_ip)
        found.append(
            DesiredGroup(name=name, port=port, wanted=wanted, protocol=protocol, reused=reuse.get(port.port, ""))
        )
    return tuple(found)


def group_protocol(port: ServicePort) -> str:
    """TCP or UDP: the protocol of an NLB group; TLS listeners have TCP groups."""
    return "UDP" if port.protocol == "UDP" else "TCP"


def _reused(notes: Annotations) -> dict[int, str]:
    """`vgroup-port`: group ids by port (`rsp-1:80,rsp-2:443`)."""
    found = {}
    for pair in notes.get("vgroup-port").split(","):
        name, _, port = pair.partition(":")
        if port.isdigit():
            found[int(port)] = name
    return found


def sync_groups(world: World, service: Service, lb: LoadBalancer, groups: Iterable[DesiredGroup]) -> Iterator[Write]:
    """The requests for groups and backends: sent at every sync, so always IMMEDIATE."""
    done: set[str] = set()
    ignore_weight = world.ways.ignore_weight_update and Annotations(service).is_on("ignore-weight-update")
    for group in groups:
        key = group.reused or group.name
        if key in done or group.wanted.error or group.wanted.unknown:
            continue
        remote = find_group(lb, group)
        wanted_type = Annotations(service).get("server-group-type") if lb.kind == "nlb" else ""
        if (
            remote is not None
            and wanted_type
            and wanted_type.lower() != remote.attributes.get("ServerGroupType", "").lower()
        ):
            remote = None
        done.add(key)
        if remote is None:
            yield from _created(lb, group)
            continue
        diff = diff_backends(world, service, remote, group.wanted, ignore_weight=ignore_weight)
        yield from _writes(lb.kind, remote, diff, paused=bool(group.wanted.invalid))


def find_group(lb: LoadBalancer, group: DesiredGroup) -> ServerGroup | None:
    """The group that is there, by the id that the user named or by its name."""
    for remote in lb.server_groups:
        if remote.id == group.reused if group.reused else remote.name == group.name:
            return remote
    return None


def is_mine(world: World, service: Service, description: str) -> bool:
    """Whether a backend's (or group's) name says that this Service of this cluster made it."""
    sign = "/" if description.startswith("k8s/") else "."
    parts = description.split(sign)
    metadata = service.metadata
    tail = [metadata.name, metadata.namespace, world.cluster_id]
    if sign == "/":
        return len(parts) == 5 and parts[0] == "k8s" and parts[2:] == tail
    return len(parts) >= 6 and parts[0] == "k8s" and description.endswith("." + ".".join(tail))


def diff_backends(
    world: World, service: Service, remote: ServerGroup, wanted: Wanted, *, ignore_weight: bool
) -> BackendDiff:
    """The difference as CCM computes it: a backend with a foreign description is never removed."""
    kind: LbKind = "nlb" if remote.attributes.get("ServerGroupType") else "clb"
    local = wanted.backends
    users = world.ways.user_backends
    remove = tuple(
        r
        for r in remote.backends
        if not (users and not is_mine(world, service, r.description))
        and not any(_same(kind, mine, r) for mine in local)
    )
    add = tuple(mine for mine in local if not any(_same(kind, mine, r) for r in remote.backends))
    update = []
    for mine in local:
        for r in remote.backends:
            if _same_server(kind, mine, r) and _differs(world, mine, r, ignore_weight=ignore_weight):
                update.append(mine)
                if kind == "clb":
                    break
    return BackendDiff(add=add, remove=remove, update=tuple(update))


def _same_server(kind: LbKind, local: Backend, remote: Backend) -> bool:
    """The same machine or ENI; an ENI whose id is not known is told by its address."""
    if kind == "nlb" and local.type.lower() != remote.type.lower():
        return False
    if local.type.lower() in ("eni", "ip"):
        return local.server_ip == remote.server_ip and local.server_id in ("", remote.server_id)
    return local.server_id == remote.server_id


def _same(kind: LbKind, local: Backend, remote: Backend) -> bool:
    return _same_server(kind, local, remote) and (kind == "nlb" or local.port == remote.port)


def _differs(world: World, local: Backend, remote: Backend, *, ignore_weight: bool) -> bool:
    return (
        local.port != remote.port
        or (not ignore_weight and local.weight != remote.weight)
        or (world.ways.describes_backends and local.description != remote.description)
    )


def _writes(kind: LbKind, remote: ServerGroup, diff: BackendDiff, *, paused: bool) -> Iterator[Write]:
    names = _CALLS[kind]
    yield from _batches(kind, names[0], remote.id, diff.add, remote)
    if not paused:
        yield from _batches(kind, names[1], remote.id, diff.remove, remote)
        yield from _batches(kind, names[2], remote.id, diff.update, remote)


_CALLS: dict[LbKind, tuple[str, str, str]] = {
    "clb": (
        "slb:AddVServerGroupBackendServers",
        "slb:RemoveVServerGroupBackendServers",
        "slb:SetVServerGroupAttribute",
    ),
    "nlb": ("nlb:AddServersToServerGroup", "nlb:RemoveServersFromServerGroup", "nlb:UpdateServerGroupServersAttribute"),
}


def _created(lb: LoadBalancer, group: DesiredGroup) -> Iterator[Write]:
    effect: WriteEffect = "IMMEDIATE"
    if lb.kind == "clb":
        yield Write(
            action="slb:CreateVServerGroup", object="", effect=effect,
            params={"LoadBalancerId": lb.id, "VServerGroupName": group.name},
        )  # fmt: skip
    else:
        yield Write(
            action="nlb:CreateServerGroup", object="", effect=effect,
            params={"ServerGroupName": group.name, "Protocol": group.protocol, "VpcId": lb.vpc_id},
        )  # fmt: skip
    yield from _batches(lb.kind, _CALLS[lb.kind][0], "", group.wanted.backends, None)


def _batches(
    kind: LbKind, action: str, group: str, backends: tuple[Backend, ...], remote: ServerGroup | None
) -> Iterator[Write]:
    before = {(b.server_id, b.server_ip): b for b in remote.backends} if remote else {}
    removing = "Remove" in action
    for start in range(0, len(backends), BATCH):
        batch = backends[start : start + BATCH]
        changes: dict[str, tuple[str | None, str | None]] = {}
        for backend in batch:
            old = before.get((backend.server_id, backend.server_ip))
            label = f"{backend.server_ip or backend.server_id}:{backend.port} weight"
            changes[label] = (str(old.weight) if old else None, None if removing else str(backend.weight))
        yield Write(action=action, object=group, changes=changes, params=_params(kind, group, batch))


def _params(kind: LbKind, group: str, batch: tuple[Backend, ...]) -> dict[str, str]:
    if kind == "clb":
        servers = [
            {"ServerId": b.server_id, "Port": str(b.port), "Weight": str(b.weight), "Type": b.type,
             "ServerIp": b.server_ip, "Description": b.description}
            for b in batch
        ]  # fmt: skip
        return {"VServerGroupId": group, "BackendServers": json.dumps(servers)}
    found = {"ServerGroupId": group}
    for number, b in enumerate(batch, 1):
        lead = f"Servers.{number}."
        found |= {lead + "ServerId": b.server_id, lead + "ServerType": b.type, lead + "ServerIp": b.server_ip}
        found |= {lead + "Port": str(b.port), lead + "Weight": str(b.weight), lead + "Description": b.description}
    return found
