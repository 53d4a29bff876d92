"""Services: ports, types, traffic policies, and what may not change once set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from upgrader.lab.kube.rules.metadata import label_causes
from upgrader.lab.kube.rules.words import REQUIRED, Cause, between, choice, go_strings, label, unsupported, wrong

Map = dict[str, Any]
TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
OUTSIDE = ("LoadBalancer", "NodePort")
_ONLY_LB = "Forbidden: may only be used when `type` is 'LoadBalancer'"
_KEPT = "may not change once set"


def service_causes(found: Map, before: Map | None) -> Iterator[Cause]:
    """What is wrong with a Service whose defaults are filled in."""
    spec: Map = found.get("spec") or {}
    kind = spec.get("type")
    headless = spec.get("clusterIP") == "None"
    if kind not in TYPES:
        yield "spec.type", unsupported(kind, *TYPES)
    if kind == "ExternalName" and not spec.get("externalName"):
        yield "spec.externalName", REQUIRED
    if kind in OUTSIDE and headless:
        yield "spec.clusterIPs[0]", wrong("None", f"may not be set to 'None' for {kind} services")
    if not spec.get("ports") and not headless and kind != "ExternalName":
        yield "spec.ports", REQUIRED
    yield from _ports(spec.get("ports") or [])
    yield from label_causes(spec.get("selector"), "spec.selector")
    yield from choice(spec, "spec", "sessionAffinity", "ClientIP", "None")
    yield from choice(spec, "spec", "internalTrafficPolicy", "Cluster", "Local")
    yield from _outside(spec, kind)
    if before is not None:
        yield from _kept(spec, before.get("spec") or {})


def _ports(ports: list[Map]) -> Iterator[Cause]:
    numbers: set[Any] = set()
    names: set[str] = set()
    for place, port in enumerate(ports):
        where, number, name = f"spec.ports[{place}]", port.get("port"), port.get("name", "")
        if not name and len(ports) > 1:
            yield f"{where}.name", REQUIRED
        elif name and (why := label(name)):
            yield f"{where}.name", wrong(name, why)
        elif name and name in names:
            yield f"{where}.name", f'Duplicate value: "{name}"'
        names.add(name)
        if why := between(number, 1, 65535):
            yield f"{where}.port", why
        yield from choice(port, where, "protocol", "SCTP", "TCP", "UDP")
        target = port.get("targetPort")
        if isinstance(target, int) and (why := between(target, 1, 65535)):
            yield f"{where}.targetPort", why
        key = (number, port.get("protocol"))
        if key in numbers:
            yield where, f"Duplicate value: {_go_port(port)}"
        numbers.add(key)


def _go_port(port: Map) -> str:
    return (
        f'core.ServicePort{{Name:"", Protocol:"{port.get("protocol")}", AppProtocol:(*string)(nil), '
        f'Port:{port.get("port")}, TargetPort:intstr.IntOrString{{Type:0, IntVal:0, StrVal:""}}, NodePort:0}}'
    )


def _outside(spec: Map, kind: Any) -> Iterator[Cause]:
    policy = spec.get("externalTrafficPolicy")
    if kind in OUTSIDE:
        yield from choice(spec, "spec", "externalTrafficPolicy", "Cluster", "Local")
    elif policy:
        yield "spec.externalTrafficPolicy", wrong(policy, "may only be set for externally-accessible services")
    if kind != "LoadBalancer":
        for field in ("allocateLoadBalancerNodePorts", "loadBalancerClass", "loadBalancerSourceRanges"):
            if spec.get(field) is not None:
                yield f"spec.{field}", _ONLY_LB
    if spec.get("healthCheckNodePort") and not (kind == "LoadBalancer" and policy == "Local"):
        said = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        yield "spec.healthCheckNodePort", wrong(spec["healthCheckNodePort"], said)


def _kept(spec: Map, before: Map) -> Iterator[Cause]:
    inside = ("ClusterIP", *OUTSIDE)
    if before.get("type") in inside and spec.get("type") in inside:
        old, new = before.get("clusterIP"), spec.get("clusterIP")
        if old and old != new:
            yield "spec.clusterIPs[0]", f"Invalid value: {go_strings(spec.get('clusterIPs') or [str(new)])}: {_KEPT}"
    if before.get("type") == spec.get("type") == "LoadBalancer":
        old, new = before.get("loadBalancerClass"), spec.get("loadBalancerClass")
        if old != new:
            yield "spec.loadBalancerClass", wrong(new, _KEPT)
        old, new = before.get("healthCheckNodePort"), spec.get("healthCheckNodePort")
        if old and new and old != new:
            yield "spec.healthCheckNodePort", "Forbidden: field is immutable"
