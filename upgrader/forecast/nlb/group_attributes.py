"""Attributes of an NLB server group: compared at every sync, each only where an annotation names it.

Source: `nlbv2/server_groups.go`, setServerGroupAttributeFromAnno and UpdateServerGroup.
"""

from __future__ import annotations

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.world import World
from upgrader.model.cloud import ServerGroup
from upgrader.model.kube import Service, ServicePort

Changes = dict[str, tuple[str | None, str | None]]

# annotation → attribute, for what is compared as text in any case, as a number, or as a switch
_HEALTH_TEXT = (
    ("health-check-type", "HealthCheckType", True),
    ("health-check-domain", "HealthCheckDomain", False),
    ("health-check-uri", "HealthCheckUrl", False),
    ("health-check-method", "HttpCheckMethod", True),
)
_HEALTH_NUMBERS = (("health-check-connect-port", "HealthCheckConnectPort"), ("healthy-threshold", "HealthyThreshold"),
                   ("unhealthy-threshold", "UnhealthyThreshold"),
                   ("health-check-connect-timeout", "HealthCheckConnectTimeout"),
                   ("health-check-interval", "HealthCheckInterval"))  # fmt: skip
_SWITCHES = (("connection-drain", "ConnectionDrainEnabled"), ("preserve-client-ip", "PreserveClientIpEnabled"))


def group_attribute_changes(world: World, service: Service, port: ServicePort, remote: ServerGroup) -> Changes:
    """Fields of a group that the target rewrites, before → after; empty when it leaves the group's attributes alone."""
    del world, port
    notes, found = Annotations(service), Changes()
    have = remote.attributes.get
    scheduler = notes.get("scheduler")
    if scheduler and scheduler.lower() != have("Scheduler", "").lower():
        found["Scheduler"] = (have("Scheduler"), scheduler)
    for short, name in _SWITCHES:
        if notes.get(short):
            _switch(found, name, notes.is_on(short), have(name))
    _number(found, "ConnectionDrainTimeout", notes.get("connection-drain-timeout"), have("ConnectionDrainTimeout"))
    if notes.get("health-check-flag"):
        _health(found, notes, remote)
    return found


def _health(found: Changes, notes: Annotations, remote: ServerGroup) -> None:
    on = notes.is_on("health-check-flag")
    _switch(found, "HealthCheck.HealthCheckEnabled", on, remote.attributes.get("HealthCheck.HealthCheckEnabled"))
    if not on:
        return
    for short, name, fold in _HEALTH_TEXT:
        wanted, had = notes.get(short), remote.attributes.get(f"HealthCheck.{name}", "")
        if wanted and (wanted.lower() != had.lower() if fold else wanted != had):
            found[f"HealthCheck.{name}"] = (had or None, wanted)
    for short, name in _HEALTH_NUMBERS:
        _number(found, f"HealthCheck.{name}", notes.get(short), remote.attributes.get(f"HealthCheck.{name}"))
    codes = notes.get("health-check-httpcode")
    had = remote.attributes.get("HealthCheck.HealthCheckHttpCode", "")
    if codes and codes.split(",") != had.split(","):
        found["HealthCheck.HealthCheckHttpCode"] = (had or None, codes)


def _switch(found: Changes, name: str, wanted: bool, had: str | None) -> None:
    if wanted != ((had or "false").lower() == "true"):
        found[name] = (had, "true" if wanted else "false")


def _number(found: Changes, name: str, wanted: str, had: str | None) -> None:
    if wanted.lstrip("+-").isdigit() and int(wanted) != 0 and str(int(wanted)) != (had or "0"):
        found[name] = (had, str(int(wanted)))
