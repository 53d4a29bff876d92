"""The changes between the two versions that touch something this cluster uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from heapq import nsmallest

from upgrader.forecast.annotations import BACKEND_TYPE
from upgrader.forecast.direct import is_direct
from upgrader.forecast.nodes import AUTOSCALER_TAINT, EXCLUDE_LABEL, EXCLUDE_NODE_LABELS, is_virtual
from upgrader.matrix.behaviour import behaviour
from upgrader.matrix.model import Change
from upgrader.migrations.context import LEGACY_PREFIX, Context
from upgrader.model.forecast import ServiceForecast
from upgrader.model.kube import Node, Service
from upgrader.model.plan import Touched

NAMED = 5
"""How many Services are named for each change."""

_LISTENER_WRITES = ("Listener", "DomainExtension")
_BACKEND_WRITES = ("BackendServers", "ServerGroup", "ServersToServerGroup", "ServersFromServerGroup")


def touched(context: Context) -> tuple[Touched, ...]:
    """Each such change, oldest first, with the Services it touches; empty where it is not known what runs."""
    if context.running is None:
        return ()
    users = _Users(context)
    found = (_touch(change, context, users) for change in context.matrix.changes(context.running, context.target))
    return tuple(one for one in found if one is not None)


def _touch(change: Change, context: Context, users: _Users) -> Touched | None:
    keys = tuple(users.of(change))
    narrow = change.id in _NARROW
    by_action = not keys and not narrow and any(action in context.needed_actions for action in change.actions)
    by_install = not keys and change.area in _INSTALL and not context.run_by_ack and _is_started_so(change, context)
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
        services=tuple(nsmallest(NAMED, keys)),
        sources=change.sources,
    )


_INSTALL = frozenset({"start-up", "leader", "RBAC"})
"""Areas of the installation, which ACK sees to for its own add-on."""
_FLAGS = {"sync-period-flag": "--sync-period", "feature-gates-flag": "--feature-gates"}
"""Changes that end a process started with this flag, by their id."""


def _is_started_so(change: Change, context: Context) -> bool:
    flag, args = _FLAGS.get(change.id), context.facts.ccm.args
    return flag is None or not args or any(arg.partition("=")[0] == flag for arg in args)


class _Users:
    """The Services that changes touch; those of an area are looked for once, however many changes it has."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._by_area: dict[str, frozenset[str]] = {}

    def of(self, change: Change) -> Iterable[str]:
        """Each one that the change touches, once: by annotations where it names some, else by its area."""
        context = self._context
        if change.effect == "NEW-ONLY":
            return (service.key for service in context.waiting)
        if change.annotations:
            return {s.key for name in change.annotations for s in context.annotated.get(name, ())}
        found, narrow = self._in_area(change.area), _NARROW.get(change.id)
        if narrow is None:
            return found
        by_key = context.by_key
        return (key for key in found if key in by_key and narrow(context, by_key[key]))

    def _in_area(self, area: str) -> frozenset[str]:
        if area not in self._by_area:
            judge = _BY_AREA.get(area)
            self._by_area[area] = frozenset(judge(self._context)) if judge else frozenset()
        return self._by_area[area]


def _where(test: Callable[[ServiceForecast], object]) -> Callable[[Context], Iterable[str]]:
    return lambda context: (key for key, one in context.forecasts.items() if test(one))


def _writes(parts: tuple[str, ...]) -> Callable[[ServiceForecast], bool]:
    return lambda one: any(part in write.action for write in one.writes for part in parts)


def _named_ports(context: Context) -> Iterable[str]:
    for service in context.annotated.get(BACKEND_TYPE, ()):
        if any(isinstance(port.target_port, str) for port in service.spec.ports or ()):
            yield service.key


def _is_local(context: Context, service: Service) -> bool:
    return service.spec.external_traffic_policy == "Local" and not _is_eni(context, service)


def _is_even(context: Context, service: Service) -> bool:
    return not _is_local(context, service)


def _is_eni(context: Context, service: Service) -> bool:
    return is_direct(context.facts.ccm, service, v1=behaviour(context.target).is_v1)


def _has_ranges(_context: Context, service: Service) -> bool:
    return bool(service.spec.load_balancer_source_ranges)


def _had_elb(_context: Context, service: Service) -> bool:
    return any("elb" in name for name in (*service.metadata.finalizers, service.spec.load_balancer_class or ""))


def _some_node(test: Callable[[Node], bool]) -> Callable[[Context, Service], bool]:
    """Whether some node is so, or nobody could see the nodes."""
    return lambda context, _: context.facts.has_gap("nodes") or any(test(node) for node in context.facts.nodes)


_NARROW: Mapping[str, Callable[[Context, Service], bool]] = {
    "weights-percent": _is_local, "weights-min-1": _is_local, "weights-pods": _is_local, "weights-v2": _is_local,
    "weights-1": _is_even, "weights-100": _is_even, "eci-backends": _some_node(is_virtual),
    "eci-single": lambda context, service: _is_local(context, service) and _some_node(is_virtual)(context, service),
    "eci-weight-1": lambda context, service: _is_local(context, service) and _some_node(is_virtual)(context, service),
    "vpc-cidrs": _is_eni, "invalid-eni": _is_eni, "hash-h4": _has_ranges, "elb-gone": _had_elb,
    "empty-cluster-groups": _is_even,
    "exclude-node": _some_node(lambda node: any(name in node.metadata.labels for name in EXCLUDE_NODE_LABELS["both"])),
    "exclude-label": _some_node(lambda node: EXCLUDE_LABEL in node.metadata.labels),
    "autoscaler-taint": _some_node(lambda node: any(t.key == AUTOSCALER_TAINT for t in node.spec.taints)),
}  # fmt: skip
"""Changes that touch only some of their area's Services, by their id: which."""

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
    "events": lambda context: context.by_key,
}  # fmt: skip
