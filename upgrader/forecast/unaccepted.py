"""Requests that the cloud will not accept, or may not, as far as they and what is there already tell it.

The attempt stays in the forecast: CCM makes it. What it does then differs by version: until v2.5 the sync ends at the
first error and begins anew with the next try; later versions go on with what does not depend on it.

Sources: the value ranges and error codes of the SLB and NLB OpenAPI, each named below. That a listener can't go while
another forwards to it is what CCM itself says: it removes http before https (v1.9.3 EnsureListenersDeleted).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from upgrader.forecast.annotations import PREFIX
from upgrader.forecast.clb.rules import RULES
from upgrader.forecast.world import World
from upgrader.model.cloud import LbKind, LoadBalancer
from upgrader.model.forecast import Doubt, Write

MOST_WEIGHT = 100
# Backends of one CLB; the account's quota may be another.
USUAL_QUOTA = 200
TAIL = "CCM then tries again, and what follows it may not be sent"
_ADD = "AddVServerGroupBackendServers"
_OF_CLB = {
    "AddressType": "address-type",
    "AddressIPVersion": "ip-version",
    "InternetChargeType": "charge-type",
    "InstanceChargeType": "instance-charge-type",
    "DeleteProtection": "delete-protection",
    "ModificationProtectionStatus": "modification-protection",
}
_OF_NLB = {"AddressType": "address-type", "AddressIpVersion": "ip-version", "Scheduler": "scheduler"}
_SHORTS: Mapping[LbKind, Mapping[str, str]] = {
    "clb": {**_OF_CLB, **{rule.attribute: rule.short for rule in RULES}},
    "nlb": _OF_NLB,
}
_FREEING = ("slb:SetLoadBalancerDeleteProtection", "nlb:UpdateLoadBalancerProtection")
_BY_PORT = ("slb:StartLoadBalancerListener", "slb:StopLoadBalancerListener", "slb:DeleteLoadBalancerListener")


def unaccepted(world: World, kind: LbKind, lb: LoadBalancer | None, writes: Sequence[Write]) -> tuple[Doubt, ...]:
    """Why the cloud will refuse some of the requests; each reason once."""
    found, gone, freed = dict[Doubt, None](), set[str](), False
    made = {(_transport(one.protocol), str(one.port)) for one in (lb.listeners if lb else ()) if one.port}
    moved = {one.object for one in writes if one.effect == "IMMEDIATE" and _frees(one)}
    for one in writes:
        if one.effect != "IMMEDIATE":
            continue
        call = one.action.partition(":")[2]
        made -= _leaving(lb, one)
        freed |= one.action in _FREEING
        protected = () if freed else _protected(lb, one)
        for why in (
            *_values(world, kind, one),
            *_absent(world, one),
            *_state(lb, one, made),
            *_twice(one, made),
            *_used(lb, one, moved),
            *protected,
        ):
            found[Doubt(kind="refused", text=f"the cloud will refuse {call}: {why}; {TAIL}")] = None
        for why in _forwarded(lb, one, gone):
            found[Doubt(kind="may-be-refused", text=f"the cloud may refuse {call}: {why}; {TAIL}")] = None
    if lb is not None and kind == "clb" and (count := _backends(lb, writes)) > USUAL_QUOTA:
        text = f"the CLB would have {count} backends, and the usual quota is {USUAL_QUOTA}"
        found[Doubt(kind="may-be-refused", text=f"the cloud may refuse {_ADD}: {text}; {TAIL}")] = None
    return tuple(found)


def _backends(lb: LoadBalancer, writes: Iterable[Write]) -> int:
    """How many backends the CLB has at most, 0 where none is added: new ones come before old ones go
    (InstanceBackendServerNumberOverLimit)."""
    adding = [one for one in writes if one.effect == "IMMEDIATE" and one.action == f"slb:{_ADD}"]
    added = sum(1 for one in adding for before, _ in one.changes.values() if before is None)
    return added + sum(len(group.backends) for group in lb.server_groups) if added else 0


def _values(world: World, kind: LbKind, one: Write) -> Iterator[str]:
    for field, (_, after) in one.changes.items():
        if after is None:
            continue
        if field.endswith(" weight") and after.isdigit() and int(after) > MOST_WEIGHT:
            yield f"a weight is a number from 0 to {MOST_WEIGHT}, and {field} is {after}"
        short = _SHORTS[kind].get(field, "")
        known = world.matrix.annotation(PREFIX + short, kind) if short else None
        # The cloud tells some words in any case.
        problems = [known.problem_with(text) for text in (after, after.lower(), after.capitalize())] if known else []
        if problems and all(problems):
            yield f"{field} {problems[0]}, and is {after!r}"


def _absent(world: World, one: Write) -> Iterator[str]:
    """A weight can only be set of a backend that is there; only v1.9.3 sets one at a port where there is none."""
    if world.ways.backend_match == "server" and one.action == "slb:SetVServerGroupAttribute":
        for name in [field.removesuffix(" weight") for field, (had, _) in one.changes.items() if had is None][:1]:
            yield f"the group has no backend {name}"


def _state(lb: LoadBalancer | None, one: Write, made: set[tuple[str, str]]) -> Iterator[str]:
    """MissingDomainExtensionId; OperationFailed.InstanceChargeTypeNotSupport; VServerGroupId.NotFound;
    ListenerProtocol is mandatory where two listeners share a port."""
    if one.action == "slb:SetDomainExtensionAttribute" and "DomainExtensionId" not in one.params:
        yield "this version does not say which domain extension it means"
    charge = lb.attributes.get("InstanceChargeType") if lb else ""
    if one.action == "slb:ModifyLoadBalancerInstanceSpec" and charge == "PayByCLCU":
        yield "a CLB that is paid by CLCU has no spec"
    group = one.params.get("VServerGroupId", "") if "Listener" in one.action else ""
    if group and (lb is None or lb.detailed) and group not in {known.id for known in (lb.server_groups if lb else ())}:
        yield f"there is no group {group}"
    if one.action in _BY_PORT and "ListenerProtocol" not in one.params:
        port = one.params.get("ListenerPort", "")
        there = {_transport(other.protocol) for other in (lb.listeners if lb else ()) if str(other.port) == port}
        if len(there | {transport for transport, at in made if at == port}) > 1:
            yield f"two listeners share port {port}, and this version does not say the protocol"


def _forwarded(lb: LoadBalancer | None, one: Write, gone: set[str]) -> Iterator[str]:
    if lb is None or one.action != "slb:DeleteLoadBalancerListener":
        return
    port = one.params.get("ListenerPort", "")
    gone.add(port)
    for other in lb.listeners:
        forwards = other.attributes.get("ListenerForward") == "on" and other.attributes.get("ForwardPort") == port
        if forwards and str(other.port) not in gone:
            yield f"the listener on port {other.port} forwards to port {port}"


def _frees(one: Write) -> bool:
    """Whether a listener goes, or to another group."""
    return one.action == "nlb:DeleteListener" or "ServerGroupId" in one.changes


def _used(lb: LoadBalancer | None, one: Write, moved: set[str]) -> Iterator[str]:
    """ResourceInUse.ServerGroup: until v2.11 surplus groups go at every sync, listeners at a full one alone; later the
    listener of a group that was made anew stays with the old one."""
    if lb is not None and one.action == "nlb:DeleteServerGroup":
        for other in lb.listeners:
            if other.server_group_id == one.object and other.id not in moved:
                yield f"the listener {other.id} still forwards to {one.object}"


def _protected(lb: LoadBalancer | None, one: Write) -> Iterator[str]:
    """OperationFailed.DeleteProtectionIsOn, OperationDenied.DeletionProtection: not every version takes it off."""
    if lb is not None and one.action.endswith(":DeleteLoadBalancer"):
        clb, nlb = (lb.attributes.get(name, "") for name in ("DeleteProtection", "DeletionProtectionConfig.Enabled"))
        if clb == "on" or nlb.lower() == "true":
            yield "it is protected from deletion, and this version does not take the protection off"


def _twice(one: Write, made: set[tuple[str, str]]) -> Iterator[str]:
    """ListenerAlreadyExists, ResourceAlreadyExist.listener: one port has one listener of a transport protocol.

    A listener of the user's own is in the way of one of another protocol, and of a second wish for the port.
    """
    name = one.action.partition(":")[2]
    if not (name.startswith("CreateLoadBalancer") and name.endswith("Listener")) and name != "CreateListener":
        return
    protocol = one.params.get("ListenerProtocol") or name.removeprefix("CreateLoadBalancer").removesuffix("Listener")
    place = (_transport(protocol), one.params.get("ListenerPort", ""))
    if place[1] and place in made:
        yield f"port {place[1]} has a listener already"
    made.add(place)


def _leaving(lb: LoadBalancer | None, one: Write) -> set[tuple[str, str]]:
    """The places of listeners that a request takes away."""
    if lb is None or one.action.partition(":")[2] not in ("DeleteLoadBalancerListener", "DeleteListener"):
        return set()
    protocol, port = one.params.get("ListenerProtocol"), one.params.get("ListenerPort")
    return {
        (_transport(had.protocol), str(had.port))
        for had in lb.listeners
        if had.id == one.params.get("ListenerId", "-") or (str(had.port) == port and protocol in (None, had.protocol))
    }


def _transport(protocol: str) -> str:
    return "udp" if protocol.lower() == "udp" else "tcp"
