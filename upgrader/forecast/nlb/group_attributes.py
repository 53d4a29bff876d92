"""Attributes of an NLB server group: compared at every sync, each only where the Service names it.

Source: `nlbv2/server_groups.go` (setServerGroupAttributeFromAnno, UpdateServerGroup) and
`provider/alibaba/nlb/servergroup.go` (CreateNLBServerGroupAsync, UpdateNLBServerGroupAsync), each tag.
"""

from __future__ import annotations

from collections.abc import Mapping

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.ip_version import backend_ip
from upgrader.forecast.nlb.go_errors import atoi
from upgrader.forecast.nlb.wanted import RefusedByCcmError, WantedListener
from upgrader.forecast.world import World
from upgrader.model.cloud import ServerGroup
from upgrader.model.kube import Service

Changes = dict[str, tuple[str | None, str | None]]

_HEALTH = "HealthCheck."
CODES = _HEALTH + "HealthCheckHttpCode"
_HEALTH_TEXT = (
    ("health-check-type", "HealthCheckType"),
    ("health-check-domain", "HealthCheckDomain"),
    ("health-check-uri", "HealthCheckUrl"),
    ("health-check-method", "HttpCheckMethod"),
    ("health-check-httpcode", "HealthCheckHttpCode"),
)
_HEALTH_NUMBERS = (
    ("health-check-connect-port", "HealthCheckConnectPort"),
    ("healthy-threshold", "HealthyThreshold"),
    ("unhealthy-threshold", "UnhealthyThreshold"),
    ("health-check-connect-timeout", "HealthCheckConnectTimeout"),
    ("health-check-interval", "HealthCheckInterval"),
)
_ANY_CASE = {"Scheduler", "IpVersionAffinityMode", _HEALTH + "HealthCheckType", _HEALTH + "HttpCheckMethod"}
_SWITCHES = {"ConnectionDrainEnabled", "PreserveClientIpEnabled", _HEALTH + "HealthCheckEnabled"}
_NUMBERS = {"ConnectionDrainTimeout", *(_HEALTH + name for _, name in _HEALTH_NUMBERS)}


def group_type(world: World, notes: Annotations) -> str:
    """`Ip` or `Instance` as the annotation asks; empty where nothing is said. Raises `RefusedByCcmError`."""
    chosen = notes.get("server-group-type") if world.reads("server-group-type", "nlb") else ""
    if chosen and chosen.lower() not in ("ip", "instance"):
        raise RefusedByCcmError("unsupport server ServerGroupType []")
    return chosen.capitalize()


def wanted_attributes(world: World, service: Service, listener: WantedListener) -> dict[str, str]:
    """Attributes by their OpenAPI names, only those that are asked for. Raises `RefusedByCcmError`."""
    notes, found = Annotations(service), dict[str, str]()
    if notes.get("connection-drain"):
        found["ConnectionDrainEnabled"] = _flag(notes.is_on("connection-drain"))
    _number(
        found, "ConnectionDrainTimeout", notes, "connection-drain-timeout", "ConnectionDrainTimeout parse error: {}"
    )
    if notes.get("scheduler"):
        found["Scheduler"] = notes.get("scheduler")
    if notes.get("preserve-client-ip"):
        found["PreserveClientIpEnabled"] = _flag(notes.is_on("preserve-client-ip"))
    ip = backend_ip(world, service, "nlb")
    if ip != "ipv4" and world.ways.ipv6_backends == "dualstack":
        found["IpVersionAffinityMode"] = "Affinity" if ip == "dualstack" else "NonAffinity"
    if any_port(world, listener):
        found[_HEALTH + "HealthCheckEnabled"] = "true"
        if isinstance(listener.service_port.target_port, int) and listener.service_port.target_port:
            found[_HEALTH + "HealthCheckConnectPort"] = str(listener.service_port.target_port)
    if notes.get("health-check-flag"):
        found[_HEALTH + "HealthCheckEnabled"] = _flag(notes.is_on("health-check-flag"))
        if notes.is_on("health-check-flag"):
            for short, name in _HEALTH_NUMBERS:
                _number(found, _HEALTH + name, notes, short, f"{name} parse error: [{{}}]")
            found |= {_HEALTH + name: notes.get(short) for short, name in _HEALTH_TEXT if notes.get(short)}
    return found


def any_port(world: World, listener: WantedListener) -> bool:
    """Whether the group serves a range of ports."""
    return world.ways.nlb_port_ranges == "any-port" and listener.port == 0


def attribute_changes(wanted: Mapping[str, str], remote: ServerGroup) -> Changes:
    """Attributes that the version rewrites, before → after."""
    return {
        name: (remote.attributes.get(name), value)
        for name, value in wanted.items()
        if not _equal(name, value, remote.attributes.get(name, ""))
    }


def _equal(name: str, wanted: str, had: str) -> bool:
    if name in _SWITCHES:
        return wanted == (had or "false").lower()
    if name in _NUMBERS:
        return wanted == (had or "0")
    if name == CODES:
        left, right = wanted.lower().split(","), had.lower().split(",") if had else []
        return len(left) == len(right) and set(left) <= set(right)
    return wanted.lower() == had.lower() if name in _ANY_CASE else wanted == had


def update_params(remote: ServerGroup, changes: Changes) -> dict[str, str]:
    """UpdateServerGroupAttribute: CCM sends what is there, with the changes in it."""
    after = dict(remote.attributes) | {name: value for name, (_, value) in changes.items() if value is not None}
    return {"ServerGroupId": remote.id, "ServerGroupName": remote.name, **attribute_params(after)}


def attribute_params(attributes: Mapping[str, str]) -> dict[str, str]:
    """Attributes as the requests of creation and change spell them; what is empty or 0 is not sent."""
    found: dict[str, str] = {}
    if attributes.get("ConnectionDrainEnabled"):
        found["ConnectionDrainEnabled"] = attributes["ConnectionDrainEnabled"]
        found["ConnectionDrainTimeout"] = attributes.get("ConnectionDrainTimeout") or "0"
    for name in ("Scheduler", "IpVersionAffinityMode", "PreserveClientIpEnabled"):
        if attributes.get(name):
            found[name] = attributes[name]
    for name, value in attributes.items():
        if not name.startswith(_HEALTH) or not value or (name in _NUMBERS and value == "0"):
            continue
        short = f"HealthCheckConfig.{name.removeprefix(_HEALTH)}"
        if name == CODES:
            found |= {f"{short}.{number}": code for number, code in enumerate(value.split(","), 1)}
        elif name in _NUMBERS | _SWITCHES | {_HEALTH + text for _, text in _HEALTH_TEXT}:
            found[short] = value
    return found


def unsent(wanted: Mapping[str, str]) -> dict[str, str]:
    """What CreateServerGroup leaves out: a drain timeout goes with the switch alone (CreateNLBServerGroup)."""
    name = "ConnectionDrainTimeout"
    return {name: wanted[name]} if name in wanted and "ConnectionDrainEnabled" not in wanted else {}


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _number(found: dict[str, str], name: str, notes: Annotations, short: str, message: str) -> None:
    """A number that is 0 asks for nothing. CCM cuts it to 32 bits."""
    if not notes.get(short):
        return
    value, error = atoi(notes.get(short))
    if error:
        raise RefusedByCcmError(message.format(error))
    value = (value + 2**31) % 2**32 - 2**31
    if value:
        found[name] = str(value)
