"""The service hash: what each CCM version writes to the label `service.beta.kubernetes.io/hash`.

When the label differs from what the version computes, the Service is synced in full; when it is equal, only its
backends are.

| formula | versions | covers |
| --- | --- | --- |
| none | before v1.9.3.324 | there is no label: every sync is full |
| H1 | v1.9.3.324 … v1.9.3.380 | spec and annotations, each as its own YAML text |
| H2 | v2.1.0 … v2.6.0 (and v2.4.4) | spec, annotations, deletionTimestamp as one list |
| H3 | v2.7.0 … v2.13.0 | ports, type, externalTrafficPolicy, loadBalancerClass, annotations, deletionTimestamp |
| H4 | v2.14.0 … | as H3, and loadBalancerSourceRanges where there are any |

Sources: `cloud-controller-manager/utils/tool.go` (H1); `pkg/util/hash/hash.go` and
`pkg/controller/helper/service_utils.go` (H2 and later).
The formula of a version is data (`hash-formula` in data/behaviour.yaml).
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

from upgrader import codec
from upgrader.forecast.go_yaml import Value, is_simple, list_block, map_block, text_map_lines, to_yaml, word
from upgrader.model.kube import Service, ServicePort, ServiceSpec
from upgrader.model.version import CcmVersion

Formula = Literal["none", "H1", "H2", "H3", "H4"]

HASH_LABEL = "service.beta.kubernetes.io/hash"
_IGNORED_KEY = "alibabacloud.com/reconcile.hash"
# k8s.io/api v0.18.1, which v1.9.3.372 and .376 are built with, does not know these fields: they are dropped on decode.
_UNKNOWN_TO_H1 = (
    "clusterIPs", "ipFamilies", "ipFamilyPolicy", "allocateLoadBalancerNodePorts", "loadBalancerClass",
    "internalTrafficPolicy", "trafficDistribution",
)  # fmt: skip
# k8s.io/api v0.22.3 … v0.25.3 (v2.1.0 … v2.6.0) has dropped the first two and does not know the third yet.
_UNKNOWN_TO_H2 = ("ipFamily", "topologyKeys", "trafficDistribution")


def formula_of(version: CcmVersion) -> Formula:
    """The formula that a version uses."""
    from upgrader.matrix.behaviour import behaviour

    return behaviour(version).hash_formula


def service_hash(service: Service, version: CcmVersion) -> str | None:
    """The value that `version` writes to the hash label of `service`; None where the version has no label."""
    return hash_by(service, formula_of(version))


def hash_by(service: Service, formula: Formula) -> str | None:
    """The hash by one formula: 56 hexadecimal digits (SHA-224)."""
    if formula == "none":
        return None
    if formula == "H1":
        text = _h1(service)
    elif formula == "H2":
        text = to_yaml(_listed(service, formula) or None)
    else:
        text = _quick(service, formula) or to_yaml(_listed(service, formula) or None)
    return hashlib.sha224(text.encode(), usedforsecurity=False).hexdigest()


def plainest(service: Service, formula: Formula) -> Formula:
    """The oldest formula that computes the same for this Service."""
    return "H3" if formula == "H4" and not service.spec.load_balancer_source_ranges else formula


def _h1(service: Service) -> str:
    spec = _spec(service.spec, _UNKNOWN_TO_H1)
    _drop_empty(spec)
    # An absent map is printed as "null"; a present one without any value left as "{}".
    annotations: dict[str, Value] = dict(service.metadata.annotations)
    _drop_empty(annotations)
    return to_yaml(spec) + (to_yaml(annotations) if service.metadata.annotations else "null\n")


def _listed(service: Service, formula: Formula) -> list[Value]:
    """The list that H2 and later print, without its empty members."""
    spec, metadata = service.spec, service.metadata
    annotations: dict[str, Value] = {k: v for k, v in metadata.annotations.items() if v and k != _IGNORED_KEY}
    parts: list[Value]
    if formula == "H2":
        whole = _spec(spec, _UNKNOWN_TO_H2)
        _drop_zero(whole)
        parts = [whole]
    else:
        ports: list[Value] = [_port(port) for port in spec.ports or ()]
        parts = [ports, spec.type, spec.external_traffic_policy, spec.load_balancer_class or ""]
    parts += [annotations, _as_go_prints(metadata.deletion_timestamp)]
    if formula == "H4" and spec.load_balancer_source_ranges:
        parts.append(list(spec.load_balancer_source_ranges))
    return [part for part in parts if part]


def _as_go_prints(moment: str | None) -> str:
    """A metav1.Time: in UTC, to the second; what is no moment stays as it is."""
    if not moment or (moment.endswith("Z") and "." not in moment):
        return moment or ""
    try:
        return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return moment


def _quick(service: Service, formula: Formula) -> str:
    """The text of H3 and later for a Service like most, without building the list; empty for any other.

    A dump of 50,000 Services is judged in a second only because of it; `_listed` is what it has to agree with.
    """
    spec, metadata = service.spec, service.metadata
    parts = []
    if spec.ports:
        ports = []
        for port in spec.ports:
            around = _around_node_port(port.app_protocol, port.name, port.port, port.protocol, port.target_port)
            if around is None:
                return ""
            before, after, whole = around
            ports.append(f"{before}{port.node_port}{after}" if port.node_port else whole)
        parts.append("- " + "\n  - ".join(ports))
    parts += _words(spec.type, spec.external_traffic_policy, spec.load_balancer_class)
    if metadata.annotations:
        lines = text_map_lines(metadata.annotations, 2)
        if "" in lines or _IGNORED_KEY in metadata.annotations:
            return ""
        parts.append("\n  ".join(lines))
    if metadata.deletion_timestamp:
        parts.append(word(_as_go_prints(metadata.deletion_timestamp), 2))
    if formula == "H4" and spec.load_balancer_source_ranges:
        # The printer keeps the line breaks at a text's end, the short way does not.
        if any("\n" in text for text in spec.load_balancer_source_ranges):
            return ""
        parts.append(list_block([word(text, 4) for text in spec.load_balancer_source_ranges], 2))
    text = "\n- ".join(parts)
    return f"- {text}\n" if parts and is_simple(text) else ""


@lru_cache(maxsize=1024)
def _words(*texts: str | None) -> tuple[str, ...]:
    """Texts that are met again and again, as items of the list; without those that are not there."""
    return tuple(word(text, 2) for text in texts if text)


@lru_cache(maxsize=4096)
def _around_node_port(
    app_protocol: str | None, name: str, port: int, protocol: str, target_port: int | str | None
) -> tuple[str, str, str] | None:
    """What is printed before and after the number of a node port, and where there is none; None: `_quick` leaves it."""
    before: dict[str, Value] = {key: v for key, v in (("appProtocol", app_protocol), ("name", name)) if v}
    after: dict[str, Value] = {
        key: v for key, v in (("port", port), ("protocol", protocol), ("targetPort", target_port)) if v
    }
    if not port or any(isinstance(v, str) and "\n" in v for v in (*before.values(), *after.values())):
        return None
    first = map_block(before, 4) + "\n    " if before else ""
    last = map_block(after, 4)
    return f"{first}nodePort: ", "\n    " + last, first + last


def _port(port: ServicePort) -> dict[str, Value]:
    """A port without its zero values, as Go's encoder and CCM's clean-up leave it."""
    found: dict[str, Value] = {
        "appProtocol": port.app_protocol,
        "name": port.name,
        "nodePort": port.node_port,
        "port": port.port,
        "protocol": port.protocol,
        "targetPort": port.target_port,
    }
    return {key: value for key, value in found.items() if value}


def _spec(spec: ServiceSpec, unknown: tuple[str, ...]) -> dict[str, Any]:
    """The spec as Go's encoder prints it for a client library that does not know some fields."""
    found: dict[str, Any] = _with_lists(codec.plain(spec))
    for name in unknown:
        found.pop(name, None)
    # Go always prints a port's number and its int-or-string, also when they were never set.
    for port in found.get("ports") or ():
        port.setdefault("port", 0)
        port.setdefault("targetPort", 0)
    return found


def _with_lists(value: Any) -> Any:
    """The value with lists for tuples, which the printer and the clean-up do not take for lists."""
    if isinstance(value, dict):
        return {key: _with_lists(item) for key, item in value.items()}
    return [_with_lists(item) for item in value] if isinstance(value, list | tuple) else value


def _drop_zero(value: dict[str, Any]) -> None:
    """Remove zero values from a map and the maps below it; what becomes empty only thereby stays (H2)."""
    for key in list(value):
        item = value[key]
        if not item or key == _IGNORED_KEY:
            del value[key]
        elif isinstance(item, dict):
            _drop_zero(item)
        elif isinstance(item, list):
            for member in item:
                if isinstance(member, dict):
                    _drop_zero(member)


def _drop_empty(value: dict[str, Any]) -> None:
    """Remove empty values from a map and the maps directly in it; lists stay as they are (H1)."""
    for key in list(value):
        if isinstance(value[key], dict):
            _drop_empty(value[key])
        if not value[key]:
            del value[key]
