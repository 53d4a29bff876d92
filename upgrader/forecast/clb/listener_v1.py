"""Listeners that are there, as v1.9.3 updates them: compared attribute by attribute with defaults, or made anew.

v1.9.3 gives each listener the node port as its backend port, beside the server group; v2 gives none. So it makes every
listener of a v2 anew: traffic at that port stops for a moment. It compares neither description nor server group.

Source: v1.9.3 `cloud-controller-manager/listeners.go` (tcp, udp, http, https: Update; Remove), `options.go`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from upgrader.forecast.clb.rules import L7
from upgrader.forecast.clb.wanted import ClbListener
from upgrader.forecast.world import World
from upgrader.matrix.behaviour import behaviour
from upgrader.model.cloud import Listener

Changes = dict[str, tuple[str | None, str | None]]
# What v1.9.3 wants where no annotation says otherwise; anything else is compared only where it is annotated.
_ACL = {"AclStatus": "off", "AclId": "", "AclType": ""}
_DEFAULTS = {
    "tcp": {**_ACL, "HealthCheckType": "tcp", "PersistenceTimeout": "0"},
    "udp": {**_ACL, "PersistenceTimeout": "0"},
    "http": {**_ACL, "HealthCheck": "off", "StickySession": "off"},
    "https": {**_ACL, "HealthCheck": "off", "StickySession": "off"},
}


# What a new listener gets besides (Add of each kind).
_CREATED = {
    "tcp": {"AclStatus": "off", "HealthCheckType": "tcp"},
    "udp": {"AclStatus": "off"},
    "http": {"AclStatus": "off", "Bandwidth": "-1", "ListenerForward": "off"},
    "https": {"AclStatus": "off"},
}


def created_v1(wanted: ClbListener, sent: Mapping[str, str]) -> dict[str, str]:
    """The fields of a new listener: v1.9.3 says its defaults, and leaves out what is 0."""
    given = {name: value for name, value in sent.items() if value != "0"}
    return {**_CREATED[wanted.protocol], "HealthCheck": wanted.attributes.get("HealthCheck", "off"), **given}


def stuck_at(world: World, wanted: Sequence[ClbListener], remote: Sequence[Listener]) -> int | None:
    """The port at which v1.9.3 ends each sync in an error, None where there is none.

    A port that a Service has for TCP and for UDP has one listener to it: what is there is deleted for the one, then
    looked at to be updated for the other. What comes after is never reached, not even the groups' cleaning up
    (BuildActionsForListeners, EnsureListeners; Update of each kind asks for the listener first).
    """
    if not world.ways.is_v1:
        return None
    there = sorted(remote, key=lambda one: one.protocol != "https")
    kinds = {one.port: {other.protocol for other in wanted if other.port == one.port} for one in there}
    return next((one.port for one in there if len(kinds[one.port]) > 1 and one.protocol in kinds[one.port]), None)


def made_anew(world: World, wanted: ClbListener, remote: Listener) -> bool:
    """Whether v1.9.3 deletes and creates the listener instead of setting its attributes."""
    forwards = remote.attributes.get("ListenerForward", "")
    if wanted.protocol == "http" and forwards != ("on" if wanted.forward_port else "off"):
        return True
    if wanted.protocol in L7 and forwards == "on":
        return False
    had = remote.attributes.get("BackendServerPort")
    if had is None and world.running is not None and behaviour(world.running).is_v1:
        # Not read: what runs now keeps it as it wants it.
        return False
    return wanted.backend_port != int(had or 0)


def changes_v1(compared: Changes, wanted: ClbListener, remote: Listener) -> Changes:
    """The fields that v1.9.3 rewrites; `compared` are those by the annotations alone."""
    skipped = {"Description", "VServerGroupId", *(() if wanted.certificate else ("ServerCertificateId",))}
    found = {field: change for field, change in compared.items() if field not in skipped}
    for field, default in _DEFAULTS[wanted.protocol].items():
        had = remote.attributes.get(field, "")
        value = wanted.attributes.get(field, default)
        if (had or ("0" if default == "0" else "")) != value:
            found[field] = (had or None, value or None)
    return found
