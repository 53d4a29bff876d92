"""vServer groups and their backends, and the backends of the load balancer itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.errors import CloudError, invalid
from upgrader.lab.cloud.slb import show
from upgrader.lab.cloud.slb.lookup import changeable, group, load_balancer
from upgrader.lab.cloud.slb.model import Backend, Group, LoadBalancer

MOST_PER_REQUEST = 40
"""Backends in one request."""
MOST_GROUPS = 100
TYPES = ("ecs", "eni", "eci")


def create(call: Call) -> Answer:
    """A new group, empty or with backends."""
    lb = changeable(call)
    mine = [one for one in call.world.slb.groups.values() if one.load_balancer_id == lb.id]
    if len(mine) >= MOST_GROUPS:
        raise CloudError("VServerGroupOverQuota", "The load balancer has too many vServer groups.")
    made = Group(
        id=call.world.new_bp1("rsp", 14),
        name=call.params.text("VServerGroupName", "Group Name"),
        load_balancer_id=lb.id,
        tags=call.params.tags(),
        created=call.stamp,
    )
    made.backends = _added(call, lb, [], _backends(call, "BackendServers"))
    call.world.slb.groups[made.id] = made
    return show.group_in_full(made)


def describe_all(call: Call) -> Answer:
    """The groups of a load balancer."""
    lb = load_balancer(call)
    listeners, rules = bool(call.params.flag("IncludeListener")), bool(call.params.flag("IncludeRule"))
    name = call.params.text("VServerGroupName")
    found = [
        show.group(call.world, one, listeners=listeners, rules=rules)
        for one in call.world.slb.groups.values()
        if one.load_balancer_id == lb.id and name in ("", one.name)
    ]
    return {"VServerGroups": {"VServerGroup": found}, "TotalCount": len(found)}


def describe(call: Call) -> Answer:
    """One group with its backends."""
    return show.group_in_full(group(call))


def delete(call: Call) -> Answer:
    """Delete a group that nothing sends traffic to."""
    one = group(call)
    lb = call.world.slb.load_balancers[one.load_balancer_id]
    in_use = bool(show.listeners_of(lb, one.id)) or any(rule.group_id == one.id for rule in lb.rules.values())
    if in_use:
        raise CloudError("RspoolVipExist", "there are vips associating with this vServer group.")
    del call.world.slb.groups[one.id]
    return {}


def add(call: Call) -> Answer:
    """Add backends; one that is there already keeps its weight."""
    one = group(call)
    one.backends = _added(call, _owner(call, one), one.backends, _backends(call, "BackendServers"))
    return show.group_in_full(one)


def remove(call: Call) -> Answer:
    """Remove backends; one that is gone already is no matter."""
    one = group(call)
    gone = {backend.key for backend in _backends(call, "BackendServers")}
    loose = {key[:1] + key[2:] for key in gone if not key[1]}
    one.backends = [
        backend
        for backend in one.backends
        if backend.key not in gone and (backend.server_id, backend.port) not in loose
    ]
    return show.group_in_full(one)


def set_attribute(call: Call) -> Answer:
    """Rename, and set weight and description of backends that are in the group."""
    one = group(call)
    one.name = call.params.text("VServerGroupName", one.name)
    for sent in _backends(call, "BackendServers"):
        for have in one.backends:
            ip_matters = have.type != "ecs" and sent.server_ip
            if (have.server_id, have.port) == (sent.server_id, sent.port) and not (
                ip_matters and sent.server_ip != have.server_ip
            ):
                have.weight = sent.weight
                have.description = sent.description or have.description
    return show.group_in_full(one)


def modify(call: Call) -> Answer:
    """Replace old backends by new ones, in one step."""
    one = group(call)
    old = {backend.key for backend in _backends(call, "OldBackendServers")}
    kept = [backend for backend in one.backends if backend.key not in old]
    one.backends = _added(call, _owner(call, one), kept, _backends(call, "NewBackendServers"))
    return show.group_in_full(one)


def _owner(call: Call, one: Group) -> LoadBalancer:
    return call.world.slb.load_balancers[one.load_balancer_id]


def _backends(call: Call, name: str) -> list[Backend]:
    sent = call.params.json_list(name)
    if len(sent) > MOST_PER_REQUEST:
        raise CloudError("TooManyBackendServers", f"More than {MOST_PER_REQUEST} backend servers in one request.")
    return [_backend(call, one) for one in sent]


def _backend(call: Call, sent: Any) -> Backend:
    """A backend off its JSON; clients write the names in either case, and numbers as numbers or text."""
    if not isinstance(sent, dict):
        raise invalid("BackendServers", "Each backend server is an object.")
    fields = {str(key).lower(): value for key, value in sent.items()}
    server_id = str(fields.get("serverid") or "")
    if not server_id:
        raise CloudError("MissingServerId", "ServerId is mandatory for each backend server.")
    weight, port = _number(fields.get("weight"), 100, "Weight"), _number(fields.get("port"), 0, "Port")
    if weight < 0 or (weight > 100 and call.world.rules.weights_to_100):
        raise CloudError("InvalidWeight.Malformed", "The weight of a backend server is a number from 0 to 100.")
    kind = str(fields.get("type") or "ecs").lower()
    if kind not in TYPES:
        raise invalid("BackendServers", f"The type {kind} of a backend server is invalid.")
    return Backend(
        server_id=server_id,
        port=port,
        weight=weight,
        type=kind,
        server_ip=str(fields.get("serverip") or ""),
        description=str(fields.get("description") or ""),
    )


def _number(value: Any, default: int, name: str) -> int:
    if value is None or value == "":
        return default
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise CloudError(f"Invalid{name}.Malformed", f"The {name} of a backend server is not a number.") from error


def _added(call: Call, lb: LoadBalancer, have: list[Backend], new: Iterable[Backend]) -> list[Backend]:
    result = list(have)
    keys = {backend.key for backend in have}
    for backend in new:
        if backend.key in keys:
            continue
        _check(call, lb, backend)
        keys.add(backend.key)
        result.append(backend)
    others = sum(len(one.backends) for one in call.world.slb.groups.values() if one.load_balancer_id == lb.id)
    if others - len(have) + len(result) > lb.backend_quota:
        raise CloudError(
            "InstanceBackendServerNumberOverLimit",
            "The backend server number has reached to the quota limit of this load balancers",
        )
    return result


def _check(call: Call, lb: LoadBalancer, backend: Backend) -> None:
    """Whether the backend is there, and in reach of the load balancer."""
    if backend.type == "eni" and not lb.guaranteed:
        raise CloudError(
            "OperationDenied.EniNotSupported", "The loadbalancer does not support backend servers of eni type"
        )
    if call.world.rules.adopt_unknown:
        return
    if backend.type == "ecs":
        instance = call.world.ecs.instances.get(backend.server_id)
        vpc_id = instance.vpc_id if instance else None
    else:
        interface = call.world.ecs.interfaces.get(backend.server_id)
        vpc_id = interface.vpc_id if interface else None
    if vpc_id is None:
        raise CloudError("ObtainIpFail", f"The backend server {backend.server_id} can't be found.")
    if lb.vpc_id and vpc_id != lb.vpc_id:
        raise CloudError("NetworkConflict", "The backend servers are in another network than the load balancer.")


def add_default(call: Call) -> Answer:
    """Add backends to the load balancer itself."""
    lb = changeable(call)
    lb.backends = _added(call, lb, lb.backends, _backends(call, "BackendServers"))
    return _default(lb)


def remove_default(call: Call) -> Answer:
    """Remove backends from the load balancer itself; the first generation sends ids, or objects."""
    lb = changeable(call)
    gone = {
        str(one.get("ServerId") or one.get("serverId")) if isinstance(one, dict) else str(one)
        for one in call.params.json_list("BackendServers")
    }
    lb.backends = [backend for backend in lb.backends if backend.server_id not in gone]
    return _default(lb)


def set_default(call: Call) -> Answer:
    """Set the weights of backends of the load balancer itself."""
    lb = changeable(call)
    weights = {backend.server_id: backend.weight for backend in _backends(call, "BackendServers")}
    for backend in lb.backends:
        backend.weight = weights.get(backend.server_id, backend.weight)
    return _default(lb)


def describe_health(call: Call) -> Answer:
    """Every backend of every listener, healthy."""
    lb = load_balancer(call)
    found = []
    for one in lb.listeners.values():
        pool = call.world.slb.groups.get(str(one.settings.get("VServerGroupId", "")))
        for backend in pool.backends if pool else lb.backends:
            found.append({
                "ListenerPort": one.port, "Protocol": one.protocol, "ServerId": backend.server_id,
                "Port": backend.port, "ServerHealthStatus": "normal", "Type": backend.type,
            })  # fmt: skip
    return {"BackendServers": {"BackendServer": found}}


def _default(lb: LoadBalancer) -> Answer:
    shown = [show.default_backend(backend) for backend in lb.backends]
    return {"LoadBalancerId": lb.id, "BackendServers": {"BackendServer": shown}}


ACTIONS: Actions = {
    "CreateVServerGroup": create,
    "DescribeVServerGroups": describe_all,
    "DescribeVServerGroupAttribute": describe,
    "DeleteVServerGroup": delete,
    "AddVServerGroupBackendServers": add,
    "RemoveVServerGroupBackendServers": remove,
    "SetVServerGroupAttribute": set_attribute,
    "ModifyVServerGroupBackendServers": modify,
    "AddBackendServers": add_default,
    "RemoveBackendServers": remove_default,
    "SetBackendServers": set_default,
    "DescribeHealthStatus": describe_health,
}
