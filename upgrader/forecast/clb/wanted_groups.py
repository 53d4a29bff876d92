"""The server groups that a version wants for a CLB Service: one a port, or those that the Service names itself.

Source: BuildLocalModel of `clbv1/vgroups.go`, each tag.
"""

from __future__ import annotations

from upgrader.forecast.backends import wanted_backends
from upgrader.forecast.clb.notes import Notes
from upgrader.forecast.groups import DesiredGroup, group_name
from upgrader.forecast.nlb.go_errors import atoi
from upgrader.forecast.nlb.wanted import RefusedByCcmError
from upgrader.forecast.weights import WeightWish
from upgrader.forecast.world import World
from upgrader.model.kube import Service, ServicePort


def wanted_groups(world: World, service: Service, notes: Notes) -> tuple[tuple[DesiredGroup, ...], tuple[str, ...]]:
    """The groups, and the names of those that a version leaves out for their errors. Raises `RefusedByCcmError`."""
    found, broken = list[DesiredGroup](), list[str]()
    for port in service.spec.ports or ():
        try:
            found.append(wanted_group(world, service, notes, port))
        except RefusedByCcmError as error:
            text = str(error)
            if text.startswith(("get nodes error", "can not find eniid")):
                raise RefusedByCcmError(f"build vserver groups error: {text}") from error
            if world.ways.clb_group_errors == "refuse":
                lead = f"build vserver groups error: build vgroup for port {port.port} error: "
                raise RefusedByCcmError(lead + text) from error
            broken.append(group_name(world, service, port))
    return tuple(found), tuple(broken)


def wanted_group(world: World, service: Service, notes: Notes, port: ServicePort) -> DesiredGroup:
    """The group of one port. Raises `RefusedByCcmError`."""
    reused, total = "", None
    if notes.get("id") and notes.get("vgroup-port"):
        reused = named_group(notes, port, "vgroupid parse error: ")
        if reused:
            _check_reused(world, notes, reused)
        total = _percent(notes, "weight", "weight")
    default = _percent(notes, "default-weight", "default weight")
    name = group_name(world, service, port)
    wanted = wanted_backends(world, service, port, name, "clb", WeightWish(total=total, default=default))
    if wanted.error:
        raise RefusedByCcmError(wanted.error)
    return DesiredGroup(name=name, port=port, wanted=wanted, reused=reused)


def named_group(notes: Notes, port: ServicePort, lead: str = "") -> str:
    """The group that the Service names for a port (`vgroup-port`), or none. Raises `RefusedByCcmError`."""
    for pair in notes.get("vgroup-port").split(","):
        parts = pair.split(":")
        if len(parts) < 2:
            text = "vgroupid and protocol format must be like 'vsp-xxx:443' with colon separated."
            raise RefusedByCcmError(f"{lead}{text} got=[[{parts[0]}]]")
        if parts[1] == str(port.port):
            return parts[0]
    return ""


def _check_reused(world: World, notes: Notes, group_id: str) -> None:
    """A group that the user named must be there; only what was read can be judged."""
    lb_id = notes.get("id")
    lb = world.by_id.get(lb_id)
    if world.ways.reused_group_of == "anybody":
        if all(one.id != group_id for known in world.by_id.values() for one in known.server_groups):
            text = "Message: The specified VServerGroupId does not exist."
            raise RefusedByCcmError(f"cannot find vgroup by vgroupId {group_id} error: {text}")
        return
    if lb is None or lb.kind != "clb":
        text = "Message: The specified LoadBalancerId does not exist."
        raise RefusedByCcmError(f"find vgroupId {group_id} of lb {lb_id} error: {text}")
    if not lb.detailed:
        return
    group = next((one for one in lb.server_groups if one.id == group_id), None)
    if group is None:
        raise RefusedByCcmError(f"can not find vgroupId {group_id} in lb {lb.id}")
    if world.ways.reused_group_checked and len(group.name.split("/")) == 5 and group.name.startswith("k8s/"):
        raise RefusedByCcmError(f"cannot reuse a ccm created vgroup {group_id} for slb {lb.id}")


def _percent(notes: Notes, short: str, words: str) -> int | None:
    text = notes.get(short)
    if not text:
        return None
    value, error = atoi(text)
    if error or not 0 <= value <= 100:
        raise RefusedByCcmError(f"{words} must be integer in range [0,100] , got [{text}]")
    return value
