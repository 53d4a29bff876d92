"""Server groups that a version wants: their names, and the backends with their weights.

Sources: `clbv1/vgroups.go` (getVGroupNamedKey, buildVGroupForServicePort), `nlbv2/server_groups.go`.
"""

from __future__ import annotations

from msgspec import Struct

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.backends import Wanted, is_eni, wanted_backends
from upgrader.forecast.weights import WeightWish
from upgrader.forecast.world import World
from upgrader.model.cloud import LbKind, LoadBalancer, ServerGroup
from upgrader.model.kube import Service, ServicePort


class DesiredGroup(Struct, frozen=True, kw_only=True):
    """The group that a version wants for one port. `reused` is the id of a group that the user named instead."""

    name: str
    port: ServicePort
    wanted: Wanted
    protocol: str = ""
    reused: str = ""


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
    by_ip = lb == "nlb" and world.reads("server-group-type", lb) and notes.get("server-group-type").lower() == "ip"
    found = []
    for port in service.spec.ports or ():
        protocol = group_protocol(port) if lb == "nlb" else ""
        name = group_name(world, service, port, lb, protocol)
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


def find_group(lb: LoadBalancer, group: DesiredGroup) -> ServerGroup | None:
    """The group that is there, by the id that the user named or by its name."""
    for remote in lb.server_groups:
        if remote.id == group.reused if group.reused else remote.name == group.name:
            return remote
    return None
