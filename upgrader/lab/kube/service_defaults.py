"""What the API server fills into a Service: addresses, node ports, policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upgrader.lab.kube.allocate import Allocator

Map = dict[str, Any]
OUTSIDE = ("NodePort", "LoadBalancer")
AFFINITY_S = 10800
_WHEN_EXTERNAL = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort",
                  "externalTrafficPolicy", "internalTrafficPolicy", "allocateLoadBalancerNodePorts")  # fmt: skip


def with_service_defaults(found: Map, before: Map | None, allocator: Allocator) -> Map:
    """The Service with all that it lacks; what only its former type had is dropped."""
    name = found["metadata"].get("name", "")
    old: Map = (before or {}).get("spec") or {}
    spec = {key: value for key, value in (found.get("spec") or {}).items() if value is not None}
    spec.setdefault("type", "ClusterIP")
    _affinity(spec)
    if spec["type"] == "ExternalName":
        spec = _left_behind(spec, old, _WHEN_EXTERNAL)
        _ports(spec, {}, allocator, name)
    else:
        _addresses(spec, old, allocator, name)
        _policies(spec, old)
        _ports(spec, old, allocator, name)
        _health_check(spec, old, allocator, name)
    return {**found, "spec": spec, "status": found.get("status") or {"loadBalancer": {}}}


def _left_behind(spec: Map, old: Map, fields: tuple[str, ...]) -> Map:
    """The spec without fields that it merely kept from its former type."""
    return {key: value for key, value in spec.items() if key not in fields or old.get(key, value) != value}


def _affinity(spec: Map) -> None:
    spec.setdefault("sessionAffinity", "None")
    if spec["sessionAffinity"] == "ClientIP":
        spec.setdefault("sessionAffinityConfig", {"clientIP": {"timeoutSeconds": AFFINITY_S}})
    elif spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)


def _addresses(spec: Map, old: Map, allocator: Allocator, name: str) -> None:
    wanted = spec.get("clusterIP") or next(iter(spec.get("clusterIPs") or ()), "")
    if not wanted:
        wanted = old.get("clusterIP") or allocator.cluster_ip()
    elif wanted not in ("None", old.get("clusterIP")) and not old.get("clusterIP"):
        allocator.take_ip(wanted, name=name)
    if wanted != old.get("clusterIP") or not spec.get("clusterIPs"):
        spec["clusterIPs"] = [wanted]
    spec["clusterIP"] = wanted
    unselected = wanted == "None" and not spec.get("selector")
    spec.setdefault("ipFamilyPolicy", "RequireDualStack" if unselected else "SingleStack")
    spec.setdefault("ipFamilies", ["IPv4", "IPv6"] if unselected else ["IPv4"])


def _policies(spec: Map, old: Map) -> None:
    spec.setdefault("internalTrafficPolicy", "Cluster")
    if spec["type"] in OUTSIDE or spec.get("externalIPs"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    elif old.get("type") in OUTSIDE:
        spec.pop("externalTrafficPolicy", None)
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    elif old.get("type") == "LoadBalancer":
        for field in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
            if spec.get(field) == old.get(field):
                spec.pop(field, None)


def _ports(spec: Map, old: Map, allocator: Allocator, name: str) -> None:
    """Protocols, target ports and node ports; a port keeps the node port that it had."""
    had = {(p.get("port"), p.get("protocol", "TCP")): p.get("nodePort", 0) for p in old.get("ports") or ()}
    kept = set(had.values())
    outside = spec["type"] in OUTSIDE
    allocates = outside and spec.get("allocateLoadBalancerNodePorts", True) is not False
    ports = []
    given = {p.get("nodePort") for p in spec.get("ports") or ()}
    for place, port in enumerate(spec.get("ports") or ()):
        port = _port(port)
        number = port.get("nodePort", 0)
        before = had.get((port.get("port"), port["protocol"]), 0)
        if not outside:
            if number in kept:
                port.pop("nodePort", None)
        elif number:
            if number not in kept:
                allocator.take_port(number, place, name=name)
        elif before and before not in given:
            port["nodePort"] = before
        elif allocates:
            port["nodePort"] = allocator.node_port()
        ports.append(port)
    if ports or "ports" in spec:
        spec["ports"] = ports


def _port(port: Mapping[str, Any]) -> Map:
    found = {key: value for key, value in port.items() if value is not None}
    found.setdefault("protocol", "TCP")
    if not found.get("targetPort"):
        found["targetPort"] = found.get("port")
    if not found.get("nodePort"):
        found.pop("nodePort", None)
    return found


def _health_check(spec: Map, old: Map, allocator: Allocator, name: str) -> None:
    if spec["type"] == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local":
        if not spec.get("healthCheckNodePort"):
            spec["healthCheckNodePort"] = old.get("healthCheckNodePort") or allocator.node_port()
        elif not old.get("healthCheckNodePort"):
            allocator.take_port(spec["healthCheckNodePort"], 0, name=name)
    elif old.get("healthCheckNodePort"):
        spec.pop("healthCheckNodePort", None)
