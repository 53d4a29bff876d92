"""Resources that are stored as another version has them: how each looks, and how it is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from upgrader.lab.kube.events import to_core, to_new
from upgrader.lab.kube.resource import Resource
from upgrader.lab.kube.store import Object

Turn = Callable[[Object], Object]
_CPU = "targetCPUUtilizationPercentage"


def as_shown(found: Object, resource: Resource) -> Object:
    """A stored object as its resource shows it."""
    turn = _SHAPES.get((resource.group, resource.version, resource.plural))
    return turn[0](found) if turn else found


def as_stored(found: Object, resource: Resource) -> Object:
    """An object of its resource as it is stored."""
    turn = _SHAPES.get((resource.group, resource.version, resource.plural))
    return turn[1](found) if turn else found


def _to_v1(found: Object) -> Object:
    """An autoscaler of `autoscaling/v1`, which knows no measure but the processor."""
    spec = {key: value for key, value in (found.get("spec") or {}).items() if key not in ("metrics", "behavior")}
    for one in (found.get("spec") or {}).get("metrics") or ():
        if (one.get("resource") or {}).get("name") == "cpu":
            spec[_CPU] = one["resource"].get("target", {}).get("averageUtilization")
    return {**found, "spec": spec}


def _to_v2(found: Object) -> Object:
    spec: dict[str, Any] = {key: value for key, value in (found.get("spec") or {}).items() if key != _CPU}
    percent = (found.get("spec") or {}).get(_CPU)
    if percent is not None:
        target = {"type": "Utilization", "averageUtilization": percent}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    return {**found, "spec": spec}


_SHAPES: Mapping[tuple[str, str, str], tuple[Turn, Turn]] = {
    ("events.k8s.io", "v1", "events"): (to_new, to_core),
    ("autoscaling", "v1", "horizontalpodautoscalers"): (_to_v1, _to_v2),
}
