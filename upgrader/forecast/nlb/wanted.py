"""What a version wants of an NLB Service: its listeners and server groups, or the reason why it can't say.

Source: `nlbv2/listeners.go` (buildListenerFromServicePort, portRange, checkListenersPortOverlap),
`nlbv2/server_groups.go` (BuildLocalModel, getServerGroupNamedKey) and `nlbv2/loadbalancer.go` (BuildLocalModel).
CCM builds this at every sync, hash or no hash, before it looks at the cloud: one bad value stops all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from msgspec import Struct

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.backends import is_eni
from upgrader.forecast.nlb.go_errors import atoi
from upgrader.forecast.world import World
from upgrader.model.kube import Service, ServicePort

PROTOCOLS = ("TCP", "UDP", "TCPSSL")
_RANGE = re.compile(r"([+-]?\d+)-([+-]?\d+)")


class RefusedByCcmError(Exception):
    """CCM gives up here; the text is its own."""


class WantedListener(Struct, frozen=True, kw_only=True):
    """One listener. `first` and `last` are 0 unless it listens to a range of ports; `port` is then 0.

    `group_name` is the server group it wants; `group_id` the one that `vgroup-port` names instead.
    """

    service_port: ServicePort
    protocol: str
    port: int
    first: int = 0
    last: int = 0
    description: str = ""
    group_name: str = ""
    group_id: str = ""

    @property
    def shown(self) -> str:
        """The port or the range, as CCM's messages print it."""
        return str(self.port) if self.port else f"{self.first}-{self.last}"


class Zone(Struct, frozen=True):
    """One entry of zone-maps: `zone:vsw[:private address[:EIP]]`."""

    zone: str
    vswitch: str
    address: str = ""
    allocation: str = ""


def zones_of(notes: Annotations) -> tuple[Zone, ...]:
    """The zones that the annotation asks for. Raises `RefusedByCcmError`."""
    text = notes.get("zone-maps")
    if not text:
        if notes.get("id"):
            return ()
        raise RefusedByCcmError("build nlb attribute error: ParameterMissing, zone mappings are required")
    found = []
    for entry in text.split(","):
        parts = entry.split(":")
        if len(parts) < 2:
            expected = "expect [zone-a:vsw-id-1,zone-b:vsw-id-2]"
            raise RefusedByCcmError(f"build nlb attribute error: ZoneMapping format error, {expected}, got {text}")
        found.append(Zone(*parts[:4]))
    return tuple(found)


def built_as(world: World) -> tuple[str, str]:
    """What errors in listeners and in groups are told as: until v2.10 each under the other's name."""
    if world.ways.nlb_port_ranges == "unread":
        return "build nlb server group", "builid nlb listener"
    return "build nlb listener", "builid nlb server group"


def listeners_of(world: World, service: Service) -> tuple[WantedListener, ...]:
    """One listener a port, in the order of the Service. Raises `RefusedByCcmError`."""
    found = []
    for port in service.spec.ports or ():
        try:
            found.append(_listener(world, service, port))
        except RefusedByCcmError as error:
            text = f"{built_as(world)[0]} error: build listener from servicePort {port.port} error: {error}"
            raise RefusedByCcmError(text) from error
    if world.ways.nlb_port_ranges != "unread":
        for one, other in combinations(found, 2):
            if _overlap(one, other):
                text = f"port of listener [{one.shown}] overlaps with listener [{other.shown}]"
                raise RefusedByCcmError(f"build nlb listener error: {text}")
    return tuple(found)


def _listener(world: World, service: Service, port: ServicePort) -> WantedListener:
    notes = Annotations(service)
    protocol = _protocol(world, notes, port)
    first, last = _range(world, service, notes, port)
    shown = f"{first}_{last}" if first else str(port.port)
    tail = f"{protocol}.{service.metadata.name}.{service.metadata.namespace}.{world.cluster_id}"
    group_id = ""
    if notes.get("id") and notes.get("vgroup-port") and world.reads("vgroup-port", "nlb"):
        group_id = _reused_group(notes, port)
    for short, label in (("idle-timeout", "IdleTimeout"), ("cps", "Mss")):
        if notes.get(short):
            _number(notes.get(short), f"parse {label} error: {{}}")
    return WantedListener(
        service_port=port,
        protocol=protocol,
        port=0 if first else port.port,
        first=first,
        last=last,
        description=f"k8s.{shown}.{tail}",
        group_name=f"k8s.{shown if first else group_port(world, service, port)}.{tail}",
        group_id=group_id,
    )


def group_port(world: World, service: Service, port: ServicePort) -> str:
    """The port in a server group's name: the target port for pods attached directly, else the node port."""
    if not is_eni(world, service):
        return str(port.node_port)
    return str(port.target_port if port.target_port is not None else 0)


def _protocol(world: World, notes: Annotations, port: ServicePort) -> str:
    for pair in _pairs(notes.get("protocol-port")):
        if len(pair) < 2:
            raise RefusedByCcmError(
                f"port and protocol format must be like 'https:443' with colon separated. got={_go(pair)}"
            )
        if pair[0].upper() not in PROTOCOLS:
            accepted = "port protocol format must be either [TCP|UDP|TCPSSL]"
            raise RefusedByCcmError(f"{accepted}, protocol not supported {world.ways.nlb_protocol_error} [{pair[0]}]\n")
        if pair[1] == str(port.port):
            return pair[0].upper()
    return (port.protocol or "TCP").upper()


def _reused_group(notes: Annotations, port: ServicePort) -> str:
    for pair in _pairs(notes.get("vgroup-port")):
        if len(pair) < 2:
            text = "server group id and protocol format must be like 'sg-xxx:443' with colon separated."
            raise RefusedByCcmError(f"{text} got={_go(pair)}")
        if pair[1] == str(port.port):
            return pair[0]
    return ""


def _range(world: World, service: Service, notes: Annotations, port: ServicePort) -> tuple[int, int]:
    if not notes.get("listener-port-range") or world.ways.nlb_port_ranges == "unread":
        return 0, 0
    if not is_eni(world, service):
        raise RefusedByCcmError("listener port range can only be used for eni backend type service")
    shape = "listener port range must be like 1000-2000:80 with colon separated. "
    for entry in notes.get("listener-port-range").split(","):
        ports, colon, target = entry.partition(":")
        if not colon or ":" in target:
            raise RefusedByCcmError(f"{shape}got [{entry}]")
        if target != str(port.port):
            continue
        found = _RANGE.fullmatch(ports)
        if found is None:
            raise RefusedByCcmError(f"{shape}got [{entry}]")
        first, last = int(found[1]), int(found[2])
        if first >= last:
            raise RefusedByCcmError(f"start port should be smaller than end port for port range [{entry}]")
        if first < 1 or last > 65535:
            raise RefusedByCcmError(f"port range [{entry}] is invalid")
        return first, last
    return 0, 0


def _pairs(text: str) -> Iterator[list[str]]:
    if text:
        for entry in text.split(","):
            yield entry.split(":")


def _go(parts: list[str]) -> str:
    """A list of texts as Go's %+v prints it inside brackets."""
    return f"[[{' '.join(parts)}]]"


def _number(text: str, message: str) -> int:
    value, error = atoi(text)
    if error:
        raise RefusedByCcmError(message.format(error))
    return value


def _overlap(one: WantedListener, other: WantedListener) -> bool:
    if one.protocol != other.protocol:
        return False
    return max(one.first or one.port, other.first or other.port) <= min(one.last or one.port, other.last or other.port)
