"""The changes between the two versions that touch something this cluster uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from upgrader.matrix.model import Change
from upgrader.migrations.context import BACKEND_TYPE, LEGACY_PREFIX, Context
from upgrader.model.forecast import ServiceForecast
from upgrader.model.plan import Touched

NAMED = 5
"""How many Services are named for each change."""

_LISTENER_WRITES = ("Listener", "DomainExtension")
_BACKEND_WRITES = ("BackendServers", "ServerGroup", "ServersToServerGroup", "ServersFromServerGroup")


def touched(context: Context) -> tuple[Touched, ...]:
    """Each such change, oldest first, with the Services it touches; empty where it is not known what runs."""
    if context.running is None:
        return ()
    found = (_touch(change, context) for change in context.matrix.changes(context.running, context.target))
    return tuple(one for one in found if one is not None)


def _touch(change: Change, context: Context) -> Touched | None:
    keys = sorted(_services(change, context))
    by_action = not keys and any(action in context.needed_actions for action in change.actions)
    by_install = not keys and change.area in _INSTALL and not context.run_by_ack
    if not (keys or by_action or by_install):
        return None
    return Touched(
        id=change.id,
        version=str(change.version),
        area=change.area,
        summary=change.summary,
        effect=change.effect,
        reversible=change.reversible,
        count=len(keys),
        services=tuple(keys[:NAMED]),
        sources=change.sources,
    )


_INSTALL = frozenset({"start-up", "leader", "RBAC"})
"""Areas of the installation, which ACK sees to for its own add-on."""


def _services(change: Change, context: Context) -> set[str]:
    """The Services that the change touches: by their annotations where it names some, else by its area."""
    if change.effect == "NEW-ONLY":
        return {service.key for service in context.services if not service.address}
    if change.annotations:
        return {s.key for name in change.annotations for s in context.annotated.get(name, ())}
    judge = _BY_AREA.get(change.area)
    return set(judge(context)) if judge else set()


def _where(test: Callable[[ServiceForecast], object]) -> Callable[[Context], Iterable[str]]:
    return lambda context: (one.key for one in context.forecast.services if test(one))


def _writes(parts: tuple[str, ...]) -> Callable[[ServiceForecast], bool]:
    return lambda one: any(part in write.action for write in one.writes for part in parts)


def _named_ports(context: Context) -> Iterable[str]:
    for service in context.annotated.get(BACKEND_TYPE, ()):
        if any(isinstance(port.target_port, str) for port in service.spec.ports or ()):
            yield service.key


_BY_AREA: Mapping[str, Callable[[Context], Iterable[str]]] = {
    "weights": _where(lambda one: one.traffic),
    "hash": _where(lambda one: one.full_sync and one.why in ("hash-formula-changed", "no-hash")),
    "labels": _where(lambda one: one.labels),
    "finalizers": _where(lambda one: one.finalizers),
    "backends": _where(_writes(_BACKEND_WRITES)),
    "listeners": _where(_writes(_LISTENER_WRITES)),
    "look-up": _where(lambda one: one.refusal is not None and one.refusal.code == "duplicates"),
    "selection": lambda context: (
        s.key for s in context.services
        if s.spec.load_balancer_class or "service.beta.kubernetes.io/class" in s.metadata.annotations
    ),
    "reuse": lambda context: (s.key for s in context.carrying("id")),
    "annotations": lambda context: (
        s.key for name, found in context.annotated.items() if name.startswith(LEGACY_PREFIX) for s in found
    ),
    "security groups": lambda context: (s.key for s in context.nlb_services if s.spec.load_balancer_source_ranges),
    "server groups": _named_ports,
    "events": lambda context: (s.key for s in context.services),
}  # fmt: skip
