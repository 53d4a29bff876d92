"""A server group that a version wants, and which of those that are there it is.

Source: `clbv1/vgroups.go` (getVGroupNamedKey), `model_applier.go` of both kinds (by id first, then by name).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from upgrader.forecast.backends import Wanted, is_eni
from upgrader.forecast.world import World
from upgrader.model.cloud import LoadBalancer, ServerGroup
from upgrader.model.kube import Service, ServicePort


class DesiredGroup(Struct, frozen=True, kw_only=True):
    """The group that a version wants for one port. `reused` is the id of a group that the user named instead."""

    name: str
    port: ServicePort
    wanted: Wanted
    protocol: str = ""
    reused: str = ""


def group_name(world: World, service: Service, port: ServicePort) -> str:
    """The name of a CLB's server group for a port, which is also each backend's description."""
    target = port.target_port if port.target_port is not None else 0
    if world.ways.is_v1 and not isinstance(target, int):
        # v1.9.3 names a group by the number alone.
        target = 0
    number = str(target) if is_eni(world, service) else str(port.node_port)
    metadata = service.metadata
    return f"k8s/{number}/{metadata.name}/{metadata.namespace}/{world.cluster_id}"


def find_group(lb: LoadBalancer, group: DesiredGroup) -> ServerGroup | None:
    """The group that is there, by the id that the user named or by its name."""
    for remote in lb.server_groups:
        if remote.id == group.reused if group.reused else remote.name == group.name:
            return remote
    return None


def differ(world: World, ports: Sequence[DesiredGroup]) -> bool:
    """Whether ports that share a group want other backends in it, as the version tells them apart."""
    by_port = world.ways.backend_match == "server-port"
    wanted = {
        frozenset((one.server_id, one.server_ip, one.port if by_port else 0) for one in port.wanted.backends)
        for port in ports
    }
    return len(wanted) > 1


def contested(world: World, groups: Iterable[DesiredGroup]) -> dict[str, list[DesiredGroup]]:
    """The groups that two ports fill differently, by the id that the user named or by name."""
    found = dict[str, list[DesiredGroup]]()
    for group in groups:
        found.setdefault(group.reused or group.name, []).append(group)
    return {name: ports for name, ports in found.items() if len(ports) > 1 and differ(world, ports)}
