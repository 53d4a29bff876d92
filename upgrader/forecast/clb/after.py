"""A CLB as requests leave it, as far as another Service that names it looks at that: itself, listeners, backends."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from upgrader.forecast.clb.servers import ADD, REMOVE, UPDATE, applied
from upgrader.model.cloud import Backend, Listener, LoadBalancer, ServerGroup
from upgrader.model.forecast import Write


def after(lb: LoadBalancer, writes: Iterable[Write]) -> LoadBalancer:
    """The CLB after what is sent at once; groups that are only made now, which have no id yet, stay out."""
    for one in writes:
        call = one.action.removeprefix("slb:")
        if one.effect != "IMMEDIATE":
            continue
        if "Listener" in call:
            lb = replace(lb, listeners=_listeners(lb.listeners, call, one))
        elif call in (ADD, REMOVE, UPDATE):
            lb = replace(
                lb,
                server_groups=tuple(
                    _group(had, call, one) if had.id == one.object else had for had in lb.server_groups
                ),
            )
        elif one.object == lb.id:
            lb = _itself(lb, one)
    return lb


def _itself(lb: LoadBalancer, write: Write) -> LoadBalancer:
    tags, attributes, name = dict(lb.tags), dict(lb.attributes), lb.name
    for field, (_, new) in write.changes.items():
        tag = field.removeprefix("tag ")
        if field == "LoadBalancerName":
            name = new or name
        elif tag == field:
            attributes[field] = new or ""
        elif new is None:
            tags.pop(tag, None)
        else:
            tags[tag] = new
    return replace(lb, name=name, tags=tags, attributes=attributes)


def _listeners(have: Sequence[Listener], call: str, write: Write) -> tuple[Listener, ...]:
    port = int(write.params.get("ListenerPort") or 0)
    if call.startswith("Delete"):
        gone = write.changes.get("listener", ("", ""))[0]
        return tuple(one for one in have if f"{one.protocol}:{one.port}" != gone)
    if call.startswith("Create"):
        made = Listener(
            port=port, protocol=call.removeprefix("CreateLoadBalancer").removesuffix("Listener").lower(),
            description=write.params.get("Description", ""), server_group_id=write.params.get("VServerGroupId", ""),
            status="stopped", attributes=dict(write.params),
        )  # fmt: skip
        return (*have, made)
    if call.startswith(("Start", "Stop")):
        protocol, status = write.params.get("ListenerProtocol"), "running" if call.startswith("Start") else "stopped"
        return tuple(
            replace(one, status=status) if one.port == port and protocol in (None, one.protocol) else one
            for one in have
        )
    protocol = call.removeprefix("SetLoadBalancer").removesuffix("ListenerAttribute").lower()
    return tuple(_set(one, write) if (one.port, one.protocol) == (port, protocol) else one for one in have)


def _set(listener: Listener, write: Write) -> Listener:
    new = {field: value or "" for field, (_, value) in write.changes.items()}
    return replace(
        listener, description=new.get("Description", listener.description),
        server_group_id=new.get("VServerGroupId", listener.server_group_id), attributes={**listener.attributes, **new},
    )  # fmt: skip


def _group(group: ServerGroup, call: str, write: Write) -> ServerGroup:
    named = [
        Backend(
            server_id=one["ServerId"], port=int(one["Port"]), weight=int(one["Weight"]), type=one["Type"],
            server_ip=one["ServerIp"], description=one["Description"],
        )
        for one in json.loads(write.params["BackendServers"])
    ]  # fmt: skip
    added, removed, updated = (named if call == wanted else [] for wanted in (ADD, REMOVE, UPDATE))
    return replace(group, backends=applied(group.backends, added, removed, updated))
