"""A CLB Service as CCM reads it before it looks at the cloud: groups with their backends, and listeners.

Source: `clbv1/model_builder.go`, and BuildLocalModel of `loadbalancer.go`, `vgroups.go`, `listeners.go`, each tag. What
CCM can't read it refuses, in its own words.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from upgrader.forecast.backends import is_eni
from upgrader.forecast.clb.notes import Notes
from upgrader.forecast.clb.rules import RULES, Rule
from upgrader.forecast.clb.wanted_groups import named_group, wanted_group, wanted_groups
from upgrader.forecast.groups import DesiredGroup, group_name
from upgrader.forecast.nlb.go_errors import atoi
from upgrader.forecast.nlb.wanted import RefusedByCcmError
from upgrader.forecast.world import World
from upgrader.model.kube import Service, ServicePort


class ClbListener(Struct, frozen=True, kw_only=True):
    """One listener. `attributes` holds what annotations say; `group_id` is the group that the user named."""

    port: int
    protocol: str
    name: str
    group: str
    group_id: str = ""
    attributes: Mapping[str, str] = {}
    certificate: str = ""
    forward_port: int = 0
    domains: Mapping[str, str] | None = None
    backend_port: int = 0


class ClbLocal(Struct, frozen=True, kw_only=True):
    """What the version wants. `broken` are the ports' group errors that it skips over.

    `late` is an error that ends the sync only when what stands here was written: v1.9.3 builds as it goes.
    """

    groups: tuple[DesiredGroup, ...]
    listeners: tuple[ClbListener, ...]
    bandwidth: int = 0
    broken: tuple[str, ...] = ()
    late: str = ""


def local_model(world: World, service: Service) -> ClbLocal:
    """The Service as the version reads it. Raises `RefusedByCcmError` with CCM's words."""
    notes = Notes(world, service)
    if world.ways.is_v1:
        return _local_v1(world, service, notes)
    bandwidth = _bandwidth(world, notes)
    groups, broken = wanted_groups(world, service, notes)
    listeners = []
    for port in service.spec.ports or ():
        try:
            listeners.append(_listener(world, service, notes, port))
        except RefusedByCcmError as error:
            text = f"builid lb listener error: build listener from servicePort {port.port} error: {error}"
            raise RefusedByCcmError(text) from error
    return ClbLocal(groups=groups, listeners=tuple(listeners), bandwidth=bandwidth, broken=broken)


def _local_v1(world: World, service: Service, notes: Notes) -> ClbLocal:
    """As v1.9.3 reads it: only nodes that can't be chosen stop it before it writes."""
    groups, listeners = list[DesiredGroup](), list[ClbListener]()
    found = ClbLocal(groups=(), listeners=(), bandwidth=atoi(notes.get("bandwidth"))[0])
    try:
        for port in service.spec.ports or ():
            groups.append(wanted_group(world, service, notes, port))
        for port in service.spec.ports or ():
            listeners.append(_listener(world, service, notes, port))
    except RefusedByCcmError as error:
        if str(error).startswith("get nodes error"):
            raise
        return replace(found, groups=tuple(groups), late=str(error))
    return replace(found, groups=tuple(groups), listeners=tuple(listeners))


def readable_groups(world: World, service: Service) -> tuple[DesiredGroup, ...]:
    """The groups as far as they can be built, whatever else is wrong with the Service."""
    try:
        return wanted_groups(world, service, Notes(world, service))[0]
    except RefusedByCcmError:
        return ()


def _bandwidth(world: World, notes: Notes) -> int:
    text = notes.get("bandwidth")
    if not text:
        return 0
    value, error = atoi(text)
    charge = world.ways.clb_charge
    by_spec = notes.get("instance-charge-type").lower() in ("", "paybyspec")
    matters = charge in ("apart", "as-one")
    matters |= charge == "never" and notes.get("charge-type") == "paybybandwidth"
    matters |= charge == "by-spec-only" and by_spec
    if error and matters:
        raise RefusedByCcmError(f"build lb attribute error: bandwidth must be integer, got [{text}], error: {error}")
    return value


def _listener(world: World, service: Service, notes: Notes, port: ServicePort) -> ClbListener:
    metadata = service.metadata
    protocol = _protocol(notes, port)
    user_groups = notes.get("vgroup-port") and (notes.get("id") or not world.ways.reused_group_checked)
    found = ClbListener(
        port=port.port,
        protocol=protocol,
        name=f"k8s/{port.port}/{metadata.name}/{metadata.namespace}/{world.cluster_id}",
        group=group_name(world, service, port),
        group_id=named_group(notes, port) if user_groups else "",
        attributes=_attributes(notes),
        certificate=notes.get("cert-id"),
        domains=_domains(notes),
        backend_port=_backend_port(world, service, port),
    )
    return replace(found, forward_port=_forward(world, notes, port.port)) if protocol == "http" else found


def _backend_port(world: World, service: Service, port: ServicePort) -> int:
    """v1.9.3 gives a listener the node port, or the number of an ENI pod's port, beside its group; v2 gives none."""
    if world.ways.clb_listeners == "v2":
        return 0
    if is_eni(world, service):
        return port.target_port if isinstance(port.target_port, int) else 0
    return port.node_port or 0


def _protocol(notes: Notes, port: ServicePort) -> str:
    text = notes.get("protocol-port")
    for pair in text.split(",") if text else ():
        parts = pair.split(":")
        if len(parts) < 2:
            lead = "port and protocol format must be like 'https:443' with colon separated."
            raise RefusedByCcmError(f"{lead} got=[[{parts[0]}]]")
        if parts[0] not in ("http", "tcp", "https", "udp"):
            lead = "port protocol format must be either [http|https|tcp|udp], protocol not supported wit"
            raise RefusedByCcmError(f"{lead} [{parts[0]}]\n")
        if parts[1] == str(port.port):
            return parts[0]
    return port.protocol.lower()


def _attributes(notes: Notes) -> dict[str, str]:
    found = {}
    for rule in RULES:
        value = _value(notes, rule)
        if value is not None:
            found[rule.attribute] = value
    if notes.get("proxy-protocol"):
        found["ProxyProtocolV2Enabled"] = "true" if notes.get("proxy-protocol") == "on" else "false"
    return found


def _value(notes: Notes, rule: Rule) -> str | None:
    if not rule.words:
        return notes.get(rule.short) or None
    number = notes.number(rule.short, rule.words)
    return str(number) if number is not None and (number or rule.zero) else None


def _forward(world: World, notes: Notes, port: int) -> int:
    text = notes.get("forward-port")
    if not text:
        return 0
    lead = f"Annotation ForwardPort error: forward port format error: {text}, expect 80:443,88:6443 "
    for pair in text.split(","):
        parts = pair.split(":")
        if len(parts) != 2:
            if world.ways.clb_numbers == "lenient":
                continue
            raise RefusedByCcmError(lead)
        if parts[0] == str(port) and parts[1]:
            target, error = atoi(parts[1])
            if error and world.ways.clb_numbers == "lenient":
                return 0
            if error:
                raise RefusedByCcmError(f"Annotation ForwardPort error: forward port is not an integer, {parts[1]} ")
            return target
    if world.ways.clb_forward == "strict":
        raise RefusedByCcmError(lead)
    return 0


def _domains(notes: Notes) -> dict[str, str] | None:
    text = notes.get("domain-extensions")
    if not text:
        return {} if notes.plain.has("domain-extensions") else None
    found = {}
    for pair in text.split(","):
        parts = pair.strip().split(":")
        if len(parts) != 2:
            raise RefusedByCcmError(f"parse DomainExtensions error: invalid domain extension {pair.strip()}")
        found[parts[0]] = parts[1]
    return found
