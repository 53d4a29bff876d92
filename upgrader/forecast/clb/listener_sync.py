"""CLB listeners at a full sync: created, started, rewritten, deleted.

Source: `clbv1/listeners.go` (buildActionsForListeners, isNeedUpdate, tcp/udp/http/https Create and Update), each tag.
An attribute is compared only where its annotation is set; description, server group and certificate always.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from upgrader.forecast.clb.domains import created_domain, domain_writes
from upgrader.forecast.clb.listener_v1 import changes_v1, created_v1, made_anew, stuck_at
from upgrader.forecast.clb.rules import L4, L7, RULES, Rule
from upgrader.forecast.clb.servers import is_mine
from upgrader.forecast.clb.wanted import ClbListener
from upgrader.forecast.world import World
from upgrader.model.cloud import Listener, LoadBalancer
from upgrader.model.forecast import Write
from upgrader.model.kube import Service

Changes = dict[str, tuple[str | None, str | None]]


def listener_writes(
    world: World, service: Service, lb: LoadBalancer, listeners: Sequence[ClbListener], group_ids: dict[str, str]
) -> Iterator[Write]:
    """The requests, deletions first. `group_ids` are the ids of the groups that are there, by name."""
    gone = [one for one in lb.listeners if _goes(world, service, one, listeners)]
    for remote in gone:
        if world.ways.is_v1:
            yield stop_listener(lb.id, remote)
        yield delete_listener(world, lb.id, remote)
    stuck, lost = stuck_at(world, listeners, lb.listeners), set[int]()
    for wanted in listeners:
        # Where v1.9.3 gets stuck, the next try makes the other one.
        if not _is_there(world, wanted, lb.listeners) or wanted.port == stuck:
            yield from create_listener(world, lb.id, wanted, group_ids)
    for remote in lb.listeners if stuck is None else sorted(lb.listeners, key=lambda one: one.protocol != "https"):
        if remote.port == stuck:
            return
        for wanted in listeners if remote.port not in lost else ():
            if (wanted.port, wanted.protocol) != (remote.port, remote.protocol):
                continue
            changed = tuple(_update(world, lb.id, wanted, remote, group_ids))
            yield from changed
            if remote in gone and any("Attribute" in one.action for one in changed):
                # It is not there any more, which ends the sync; the next try makes it in the other's place.
                lost.add(remote.port)
                yield from create_listener(world, lb.id, wanted, group_ids)


def _goes(world: World, service: Service, remote: Listener, listeners: Sequence[ClbListener]) -> bool:
    same_port = [one for one in listeners if one.port == remote.port]
    if world.ways.clb_listener_match == "port" and same_port:
        return any(one.protocol != remote.protocol for one in same_port)
    if any(one.protocol == remote.protocol for one in same_port):
        return False
    return is_mine(world, service, remote.description) and remote.description.split("/")[1].isdigit()


def _is_there(world: World, wanted: ClbListener, remote: Sequence[Listener]) -> bool:
    for one in remote:
        if one.port != wanted.port:
            continue
        if one.protocol == wanted.protocol:
            return True
        if world.ways.clb_listener_match == "port":
            return False
    return False


def _object(lb_id: str, port: int) -> str:
    return f"{lb_id}:{port}" if lb_id else ""


def _at_port(world: World, lb_id: str, port: int, protocol: str) -> dict[str, str]:
    """Until v2.5 the protocol is not said: the cloud then refuses where two listeners share the port."""
    named = {"ListenerProtocol": protocol} if world.ways.clb_listener_match == "port-protocol" else {}
    return {"LoadBalancerId": lb_id, "ListenerPort": str(port), **named}


def delete_listener(world: World, lb_id: str, listener: Listener) -> Write:
    """The listener goes."""
    return Write(
        action="slb:DeleteLoadBalancerListener", object=_object(lb_id, listener.port),
        changes={"listener": (f"{listener.protocol}:{listener.port}", None)},
        params=_at_port(world, lb_id, listener.port, listener.protocol),
    )  # fmt: skip


def stop_listener(lb_id: str, listener: Listener) -> Write:
    """The listener stops: v1.9.3 does so before it deletes one."""
    return Write(
        action="slb:StopLoadBalancerListener", object=_object(lb_id, listener.port),
        changes={"Status": (listener.status or None, "stopped")},
        params={"LoadBalancerId": lb_id, "ListenerPort": str(listener.port)},
    )  # fmt: skip


def _start(world: World, lb_id: str, port: int, protocol: str) -> Write:
    return Write(
        action="slb:StartLoadBalancerListener", object=_object(lb_id, port), changes={"Status": ("stopped", "running")},
        params=_at_port(world, lb_id, port, protocol),
    )  # fmt: skip


def create_listener(
    world: World, lb_id: str, wanted: ClbListener, group_ids: dict[str, str], forward: str = ""
) -> Iterator[Write]:
    """Create and start one listener; the cloud's defaults hold for what is not said."""
    sent = {"Description": wanted.name, "Scheduler": "rr"}
    if wanted.protocol != "http":
        sent["Bandwidth"] = "-1"
    if wanted.protocol in L7:
        sent |= {"HealthCheck": "off", "StickySession": "off"}
    sent |= {k: v for k, v in wanted.attributes.items() if _sent_for(k, wanted.protocol)}
    if wanted.protocol == "https":
        sent["ServerCertificateId"] = wanted.certificate
    if wanted.backend_port:
        sent["BackendServerPort"] = str(wanted.backend_port)
    if wanted.forward_port:
        sent |= {"ListenerForward": "on", "ForwardPort": str(wanted.forward_port)}
    elif forward:
        sent["ListenerForward"] = forward
    if world.ways.is_v1:
        sent = created_v1(wanted, sent)
    changes: Changes = {k: (None, v) for k, v in sent.items() if v}
    group = wanted.group_id or group_ids.get(wanted.group, "")
    params = {k: v for k, v in sent.items() if v} | {"LoadBalancerId": lb_id, "ListenerPort": str(wanted.port)}
    if group:
        params["VServerGroupId"] = group
    call = f"slb:CreateLoadBalancer{wanted.protocol.upper()}Listener"
    yield Write(action=call, object=_object(lb_id, wanted.port), changes=changes, params=params)
    if wanted.protocol == "https":
        for domain, certificate in (wanted.domains or {}).items():
            yield created_domain(lb_id, wanted.port, domain, certificate)
    yield _start(world, lb_id, wanted.port, wanted.protocol)


def _sent_for(attribute: str, protocol: str) -> bool:
    if attribute == "ProxyProtocolV2Enabled":
        return protocol in L4
    return any(rule.attribute == attribute and protocol in rule.protocols for rule in RULES)


def _update(
    world: World, lb_id: str, wanted: ClbListener, remote: Listener, group_ids: dict[str, str]
) -> Iterator[Write]:
    if remote.status == "stopped":
        yield _start(world, lb_id, wanted.port, wanted.protocol)
    if world.ways.is_v1 and made_anew(world, wanted, remote):
        yield delete_listener(world, lb_id, remote)
        yield from _made_anew(world, lb_id, wanted, remote, group_ids)
        return
    # CCM takes what the cloud does not say for another rule than "off".
    forwards = remote.attributes.get("ListenerForward", "") if wanted.protocol == "http" else "off"
    if forwards != ("on" if wanted.forward_port else "off") or (
        _goes_elsewhere(wanted, remote) and not world.ways.is_v1
    ):
        yield delete_listener(world, lb_id, remote)
        yield from create_listener(world, lb_id, wanted, group_ids, forward="" if wanted.forward_port else "off")
        return
    if forwards == "on":
        return
    if wanted.protocol == "https":
        yield from domain_writes(world, lb_id, remote, wanted.domains)
    changes = listener_changes(world, wanted, remote, group_ids)
    if world.ways.is_v1:
        changes = changes_v1(changes, wanted, remote)
    if changes:
        yield Write(
            action=f"slb:SetLoadBalancer{wanted.protocol.upper()}ListenerAttribute",
            object=_object(lb_id, wanted.port), changes=changes, params=_set_params(world, lb_id, remote, changes),
        )  # fmt: skip


def _goes_elsewhere(wanted: ClbListener, remote: Listener) -> bool:
    """Whether the listener forwards to another port than the one wished: v1.9.3 does not look at it."""
    return bool(wanted.forward_port) and remote.attributes.get("ForwardPort") != str(wanted.forward_port)


def _made_anew(
    world: World, lb_id: str, wanted: ClbListener, remote: Listener, group_ids: dict[str, str]
) -> Iterator[Write]:
    """What v1.9.3 makes in a listener's place: as it was, with what it would have rewritten."""
    changes = changes_v1(listener_changes(world, wanted, remote, group_ids), wanted, remote)
    had = remote.attributes.get("BackendServerPort")
    changes["BackendServerPort"] = (had, str(wanted.backend_port))
    changes["Description"] = (remote.description or None, wanted.name)
    group = group_ids.get(wanted.group, "")
    if group != remote.server_group_id:
        changes["VServerGroupId"] = (remote.server_group_id or None, group or None)
    if wanted.protocol == "http":
        now, before = "on" if wanted.forward_port else "off", remote.attributes.get("ListenerForward") or "off"
        if now != before:
            changes["ListenerForward"] = (before, now)
        if wanted.forward_port:
            changes["ForwardPort"] = (remote.attributes.get("ForwardPort"), str(wanted.forward_port))
    kept = {"HealthCheck": remote.attributes.get("HealthCheck", ""), "Bandwidth": "-1"}
    params = {**kept, **_set_params(world, lb_id, remote, changes), "Bandwidth": "-1"}
    params = {k: v for k, v in params.items() if v and k != "VServerGroup" and (v != "0" or k == "BackendServerPort")}
    call = f"slb:CreateLoadBalancer{wanted.protocol.upper()}Listener"
    yield Write(action=call, object=_object(lb_id, wanted.port), changes=changes, params=params)
    yield _start(world, lb_id, wanted.port, wanted.protocol)


def _set_params(world: World, lb_id: str, remote: Listener, changes: Changes) -> dict[str, str]:
    """CCM sends what is there with the changes in place; what the version does not know it does not send."""
    keep = ["Bandwidth", "Scheduler", "AclStatus", "AclType", "AclId", "ServerCertificateId"]
    keep += [rule.attribute for rule in RULES if remote.protocol in rule.protocols and world.reads(rule.short, "clb")]
    keep += ["ProxyProtocolV2Enabled"] if remote.protocol in L4 and world.reads("proxy-protocol", "clb") else []
    zero_too = ("PersistenceTimeout",)
    kept = {k: v for k in keep if (v := remote.attributes.get(k, "")) and (v != "0" or k in zero_too)}
    params = {"VServerGroup": "on", "Description": remote.description, "VServerGroupId": remote.server_group_id, **kept}
    # A group that is only being made has no id yet: the one that was there must not be sent again.
    params |= {field: after or "" for field, (_, after) in changes.items()}
    return {k: v for k, v in params.items() if v} | {"LoadBalancerId": lb_id, "ListenerPort": str(remote.port)}


def listener_changes(world: World, wanted: ClbListener, remote: Listener, group_ids: dict[str, str]) -> Changes:
    """Fields of a listener that the version rewrites, before → after."""
    found, have = Changes(), remote.attributes.get
    if remote.description != wanted.name:
        found["Description"] = (remote.description or None, wanted.name)
    group = wanted.group_id or group_ids.get(wanted.group)
    if group is None or remote.server_group_id != group:
        found["VServerGroupId"] = (remote.server_group_id or None, group)
    proxy = wanted.attributes.get("ProxyProtocolV2Enabled")
    if proxy and wanted.protocol in L4 and proxy != (have("ProxyProtocolV2Enabled") or "false").lower():
        found["ProxyProtocolV2Enabled"] = (have("ProxyProtocolV2Enabled"), proxy)
    if wanted.protocol == "https" and wanted.certificate != have("ServerCertificateId", ""):
        found["ServerCertificateId"] = (have("ServerCertificateId"), wanted.certificate or None)
    for rule in RULES:
        value = wanted.attributes.get(rule.attribute)
        if value is None or wanted.protocol not in rule.protocols:
            continue
        if rule.needs_on and wanted.attributes.get(rule.needs_on) != "on":
            continue
        same = _same_acls(world, value, remote) if rule.attribute == "AclId" else _equal(rule, value, remote)
        if not same:
            found[rule.attribute] = (have(rule.attribute), value)
    return found


def _equal(rule: Rule, wanted: str, remote: Listener) -> bool:
    had = remote.attributes.get(rule.attribute, "")
    return wanted == (had or "0") if rule.words else wanted == had


def _same_acls(world: World, wanted: str, remote: Listener) -> bool:
    """Until v2.11 the text must be the same, then the ids, in any order (IsListenerACLIDsEqual)."""
    had, listed = remote.attributes.get("AclId", ""), remote.attributes.get("AclIds", "")
    if world.ways.acl_match == "text":
        return wanted == had
    ids, there = wanted.split(","), listed.split(",") if listed else [had] if had else []
    return len(ids) == len(there) and set(there) <= set(ids)
