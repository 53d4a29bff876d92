"""How Services, endpoints, slices, ingresses and policies are printed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from upgrader.lab.kube.tables.columns import NONE, UNSET, Cells, Columns, Object, age, at, joined, labels_text, name_of
from upgrader.lab.kube.tables.columns import selector_text as selector

_SHOWN = 3
_WIDE = 16


def _service(found: Object, now: datetime) -> Cells:
    spec = found.get("spec") or {}
    ports = [_port(one) for one in spec.get("ports") or ()]
    return [name_of(found), spec.get("type", "ClusterIP"), spec.get("clusterIP") or NONE, _external(found),
            joined(ports), age(found, now), labels_text(spec.get("selector"))]  # fmt: skip


def _port(port: Mapping[str, Any]) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port')}{node}/{port.get('protocol', 'TCP')}"


def _external(found: Object) -> str:
    spec = found.get("spec") or {}
    own = list(spec.get("externalIPs") or ())
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName") or NONE)
    if spec.get("type") != "LoadBalancer":
        return joined(own)
    text = _addresses(found)
    if own:
        return ",".join([*([text] if text else []), *own])
    return text or "<pending>"


def _addresses(found: Object) -> str:
    given = at(found, "status", "loadBalancer", "ingress") or ()
    return ",".join(filter(None, (one.get("ip") or one.get("hostname", "") for one in given)))


def _endpoints(found: Object, now: datetime) -> Cells:
    listed: list[str] = []
    for subset in found.get("subsets") or ():
        ips = [one.get("ip", "") for one in subset.get("addresses") or ()]
        ports = subset.get("ports") or ()
        listed += [f"{ip}:{port.get('port')}" for port in ports for ip in ips] if ports else ips
    return [name_of(found), joined(listed, _SHOWN), age(found, now)]


def _slice(found: Object, now: datetime) -> Cells:
    ports = [str(one["port"]) if one.get("port") else "*" for one in found.get("ports") or ()]
    listed = [ip for one in found.get("endpoints") or () for ip in one.get("addresses") or ()]
    return [name_of(found), found.get("addressType", ""), _some(ports) if ports else UNSET, _some(listed) if listed else
            UNSET, age(found, now)]  # fmt: skip


def _some(values: list[str]) -> str:
    return joined(values, _SHOWN)


def _ingress(found: Object, now: datetime) -> Cells:
    rules = at(found, "spec", "rules") or ()
    hosts = [one["host"] for one in rules if one.get("host")]
    return [name_of(found), at(found, "spec", "ingressClassName") or NONE, joined(hosts, _SHOWN) if hosts else "*",
            _addresses(found), "80, 443" if at(found, "spec", "tls") else "80", age(found, now)]  # fmt: skip


def _policy(found: Object, now: datetime) -> Cells:
    return [name_of(found), selector(at(found, "spec", "podSelector")), age(found, now)]


def _class(found: Object, now: datetime) -> Cells:
    given = at(found, "spec", "parameters")
    shown = f"{given.get('kind')}.{given['apiGroup']}/{given.get('name')}" if given and given.get("apiGroup") else (
        f"{given.get('kind')}/{given.get('name')}" if given else NONE)  # fmt: skip
    return [name_of(found), at(found, "spec", "controller") or "", shown, age(found, now)]


SERVICES = Columns(("Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age", "+Selector"), _service)
ENDPOINTS = Columns(("Name", "Endpoints", "Age"), _endpoints)
SLICES = Columns(("Name", "AddressType", "Ports", "Endpoints", "Age"), _slice)
INGRESSES = Columns(("Name", "Class", "Hosts", "Address", "Ports", "Age"), _ingress)
POLICIES = Columns(("Name", "Pod-Selector", "Age"), _policy)
INGRESS_CLASSES = Columns(("Name", "Controller", "Parameters", "Age"), _class)
