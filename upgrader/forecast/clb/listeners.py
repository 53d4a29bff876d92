"""CLB listeners at a full sync: created, started, rewritten, deleted.

Source: `clbv1/listeners.go`: buildListenerFromServicePort, buildActionsForListeners, isNeedUpdate. An attribute is
compared only where its annotation is set; description, server group and an HTTPS certificate always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.groups import DesiredGroup, find_group
from upgrader.forecast.world import World
from upgrader.model.cloud import Listener, LoadBalancer
from upgrader.model.forecast import Write
from upgrader.model.kube import Service, ServicePort

Changes = dict[str, tuple[str | None, str | None]]
L4, L7 = ("tcp", "udp"), ("http", "https")
ALL = L4 + L7
_NOT_UDP = ("tcp", "http", "https")


class Rule(Struct, frozen=True):
    """An annotation, the listener attribute it decides, the protocols it holds for, whether it is a number."""

    short: str
    attribute: str
    protocols: tuple[str, ...]
    number: bool = False
    needs_on: str = ""


RULES: tuple[Rule, ...] = (
    Rule("scheduler", "Scheduler", ALL),
    Rule("persistence-timeout", "PersistenceTimeout", ("tcp",), number=True),
    Rule("established-timeout", "EstablishedTimeout", ("tcp",), number=True),
    Rule("http2-enabled", "EnableHttp2", ("https",)),
    Rule("tls-cipher-policy", "TLSCipherPolicy", ("https",)),
    Rule("acl-status", "AclStatus", ALL),
    Rule("acl-id", "AclId", ALL, needs_on="acl-status"),
    Rule("acl-type", "AclType", ALL, needs_on="acl-status"),
    Rule("idle-timeout", "IdleTimeout", L7, number=True),
    Rule("request-timeout", "RequestTimeout", L7, number=True),
    Rule("sticky-session", "StickySession", L7),
    Rule("sticky-session-type", "StickySessionType", L7),
    Rule("cookie", "Cookie", L7),
    Rule("cookie-timeout", "CookieTimeout", L7, number=True),
    Rule("connection-drain", "ConnectionDrain", L4),
    Rule("connection-drain-timeout", "ConnectionDrainTimeout", L4, number=True, needs_on="connection-drain"),
    Rule("xforwardedfor-proto", "XForwardedFor_proto", L7),
    Rule("xforwardedfor-slbport", "XForwardedFor_SLBPORT", L7),
    Rule("xforwardedfor-clientsrcport", "XForwardedFor_ClientSrcPort", L7),
    Rule("health-check-connect-port", "HealthCheckConnectPort", ALL, number=True),
    Rule("health-check-interval", "HealthCheckInterval", ALL, number=True),
    Rule("healthy-threshold", "HealthyThreshold", ALL, number=True),
    Rule("unhealthy-threshold", "UnhealthyThreshold", ALL, number=True),
    Rule("health-check-type", "HealthCheckType", ("tcp",)),
    Rule("health-check-domain", "HealthCheckDomain", _NOT_UDP),
    Rule("health-check-uri", "HealthCheckURI", _NOT_UDP),
    Rule("health-check-httpcode", "HealthCheckHttpCode", _NOT_UDP),
    Rule("health-check-connect-timeout", "HealthCheckConnectTimeout", L4, number=True),
    Rule("health-check-switch", "HealthCheckSwitch", L4),
    Rule("health-check-flag", "HealthCheck", L7),
    Rule("health-check-timeout", "HealthCheckTimeout", L7, number=True),
    Rule("health-check-method", "HealthCheckMethod", L7),
)


def listener_name(world: World, service: Service, port: ServicePort) -> str:
    """A listener's description, which says who made it."""
    metadata = service.metadata
    return f"k8s/{port.port}/{metadata.name}/{metadata.namespace}/{world.cluster_id}"


def protocol_of(notes: Annotations, port: ServicePort) -> str:
    """The listener's protocol: `protocol-port` decides, else the Service port's own."""
    for pair in notes.get("protocol-port").split(","):
        protocol, _, number = pair.partition(":")
        if number == str(port.port):
            return protocol
    return port.protocol.lower()


def listener_writes(
    world: World, service: Service, lb: LoadBalancer, groups: tuple[DesiredGroup, ...]
) -> Iterator[Write]:
    """The requests for listeners; none for a reused CLB without force-override-listeners."""
    notes = Annotations(service)
    if notes.get("id") and not overrides(world, notes):
        return
    wanted = {(g.port.port, protocol_of(notes, g.port)): g for g in groups}
    remote = {(r.port, r.protocol): r for r in lb.listeners}
    for key, listener in remote.items():
        if key not in wanted and _made_by(world, service, listener):
            yield _delete(lb, listener)
    for (number, protocol), group in wanted.items():
        found = remote.get((number, protocol))
        if found is None:
            yield from create_listener(world, service, lb.id, group, protocol, find_group(lb, group))
            continue
        if found.status == "stopped":
            yield _start(lb.id, number, protocol)
        yield from _update(world, service, lb, group, found)


def overrides(world: World, notes: Annotations) -> bool:
    """Whether force-override-listeners holds: what counts as true differs by version."""
    value = notes.get("force-override-listeners")
    match world.ways.override_listeners:
        case "exact":
            return value == "true"
        case "any-case":
            return value.lower() == "true"
        case "not-false":
            return value not in ("", "false")


def _made_by(world: World, service: Service, listener: Listener) -> bool:
    parts = listener.description.split("/")
    metadata = service.metadata
    return len(parts) == 5 and parts[0] == "k8s" and parts[2:] == [metadata.name, metadata.namespace, world.cluster_id]


def _object(lb_id: str, port: int) -> str:
    return f"{lb_id}:{port}"


def _delete(lb: LoadBalancer, listener: Listener) -> Write:
    return Write(
        action="slb:DeleteLoadBalancerListener", object=_object(lb.id, listener.port),
        changes={"listener": (f"{listener.protocol}:{listener.port}", None)},
        params={"LoadBalancerId": lb.id, "ListenerPort": str(listener.port), "ListenerProtocol": listener.protocol},
    )  # fmt: skip


def _start(lb_id: str, port: int, protocol: str) -> Write:
    return Write(
        action="slb:StartLoadBalancerListener", object=_object(lb_id, port), changes={"Status": ("stopped", "running")},
        params={"LoadBalancerId": lb_id, "ListenerPort": str(port), "ListenerProtocol": protocol},
    )  # fmt: skip


def create_listener(
    world: World, service: Service, lb_id: str, group: DesiredGroup, protocol: str, remote: object | None
) -> Iterator[Write]:
    """Create and start one listener; the cloud's defaults hold for what no annotation names."""
    notes = Annotations(service)
    changes: Changes = {"Description": (None, listener_name(world, service, group.port)), "Scheduler": (None, "rr")}
    for rule in RULES:
        value = _value(notes, rule, protocol)
        if value is not None:
            changes[rule.attribute] = (None, value)
    params = {k: v[1] for k, v in changes.items() if v[1] is not None}
    params |= {"LoadBalancerId": lb_id, "ListenerPort": str(group.port.port)}
    if remote is not None:
        params["VServerGroupId"] = getattr(remote, "id", "")
    call = f"slb:CreateLoadBalancer{protocol.upper()}Listener"
    yield Write(action=call, object=_object(lb_id, group.port.port) if lb_id else "", changes=changes, params=params)
    yield (
        _start(lb_id, group.port.port, protocol) if lb_id else Write(action="slb:StartLoadBalancerListener", object="")
    )


def _value(notes: Annotations, rule: Rule, protocol: str) -> str | None:
    """What the annotation asks of a listener of this protocol; None where it says nothing."""
    text = notes.get(rule.short)
    if not text or protocol not in rule.protocols or (rule.needs_on and notes.get(rule.needs_on) != "on"):
        return None
    if not rule.number:
        return text
    number = int(text) if text.lstrip("+-").isdigit() else 0
    return str(number) if number or rule.short == "persistence-timeout" else None


def _update(world: World, service: Service, lb: LoadBalancer, group: DesiredGroup, remote: Listener) -> Iterator[Write]:
    notes, protocol = Annotations(service), remote.protocol
    if protocol == "http":
        forwarded = _forward(notes, remote.port)
        had = remote.attributes.get("ForwardPort", "") if remote.attributes.get("ListenerForward") == "on" else ""
        if forwarded != had:
            yield _delete(lb, remote)
            yield from create_listener(world, service, lb.id, group, protocol, find_group(lb, group))
            return
        if had:
            return
    changes = listener_changes(world, service, group, remote, find_group(lb, group), reads=lambda _: True)
    if changes:
        params = {k: v[1] for k, v in changes.items() if v[1] is not None}
        params |= {"LoadBalancerId": lb.id, "ListenerPort": str(remote.port)}
        call = f"slb:SetLoadBalancer{protocol.upper()}ListenerAttribute"
        yield Write(action=call, object=_object(lb.id, remote.port), changes=changes, params=params)


def listener_changes(
    world: World,
    service: Service,
    group: DesiredGroup,
    remote: Listener,
    known_group: object | None,
    reads: Callable[[str], bool],
) -> Changes:
    """Fields of a listener that the target rewrites, before → after."""
    notes, found, have = Annotations(service), Changes(), remote.attributes.get
    name = listener_name(world, service, group.port)
    if remote.description != name:
        found["Description"] = (remote.description or None, name)
    wanted_group = getattr(known_group, "id", None)
    if wanted_group is None or remote.server_group_id != wanted_group:
        found["VServerGroupId"] = (remote.server_group_id or None, wanted_group)
    if remote.protocol in L4 and notes.get("proxy-protocol"):
        wanted = "true" if notes.get("proxy-protocol") == "on" else "false"
        if wanted != have("ProxyProtocolV2Enabled", "false").lower():
            found["ProxyProtocolV2Enabled"] = (have("ProxyProtocolV2Enabled"), wanted)
    if remote.protocol == "https" and notes.get("cert-id") != have("ServerCertificateId", ""):
        found["ServerCertificateId"] = (have("ServerCertificateId"), notes.get("cert-id") or None)
    for rule in RULES:
        value = _value(notes, rule, remote.protocol)
        if value is None or not world.reads(rule.short, "clb") or not reads(rule.short):
            continue
        if not _equal(rule, value, have(rule.attribute, "")):
            found[rule.attribute] = (have(rule.attribute), value)
    return found


def _equal(rule: Rule, wanted: str, had: str) -> bool:
    if rule.short == "acl-id":
        return sorted(wanted.split(",")) == sorted(had.split(","))
    if rule.number:
        return wanted == (had or "0")
    return wanted == had


def _forward(notes: Annotations, port: int) -> str:
    """The port that `forward-port` (`80:443`) sends this one to; empty for none."""
    for pair in notes.get("forward-port").split(","):
        source, _, target = pair.partition(":")
        if source == str(port):
            return target
    return ""
