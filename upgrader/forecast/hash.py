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
from typing import Any

from upgrader import codec
from upgrader.forecast.go_yaml import Value, to_yaml
from upgrader.forecast.hash_quick import IGNORED_KEY, as_go_prints, quick_text
from upgrader.matrix.behaviour import HashFormula
from upgrader.model.kube import Service, ServicePort, ServiceSpec
from upgrader.model.version import CcmVersion

HASH_LABEL = "service.beta.kubernetes.io/hash"
OF_NOTHING = hashlib.sha224(usedforsecurity=False).hexdigest()
"""The hash by any formula of a Service that yaml.v2 refuses to read. No two formulas agree on any other."""
# k8s.io/api v0.18.1, which v1.9.3.372 and .376 are built with, does not know these fields: they are dropped on decode.
_UNKNOWN_TO_H1 = (
    "clusterIPs", "ipFamilies", "ipFamilyPolicy", "allocateLoadBalancerNodePorts", "loadBalancerClass",
    "internalTrafficPolicy", "trafficDistribution",
)  # fmt: skip
# k8s.io/api v0.22.3 … v0.25.3 (v2.1.0 … v2.6.0) has dropped the first two and does not know the third yet.
_UNKNOWN_TO_H2 = ("ipFamily", "topologyKeys", "trafficDistribution")


def formula_of(version: CcmVersion) -> HashFormula:
    """The formula that a version uses."""
    from upgrader.matrix.behaviour import behaviour

    return behaviour(version).hash_formula


def service_hash(service: Service, version: CcmVersion) -> str | None:
    """The value that `version` writes to the hash label of `service`; None where the version has no label."""
    return hash_by(service, formula_of(version))


def hash_by(service: Service, formula: HashFormula) -> str | None:
    """The hash by one formula: 56 hexadecimal digits (SHA-224)."""
    if formula == "none":
        return None
    text = quick_text(service, formula) or long_text(service, formula)
    return hashlib.sha224(text.encode(), usedforsecurity=False).hexdigest()


def long_text(service: Service, formula: HashFormula) -> str:
    """The text that a formula is the digest of, whatever the Service is like."""
    return _h1(service) if formula == "H1" else to_yaml(_listed(service, formula) or None)


def plainest(service: Service, formula: HashFormula) -> HashFormula:
    """The oldest formula that computes the same for this Service."""
    return "H3" if formula == "H4" and not service.spec.load_balancer_source_ranges else formula


def _h1(service: Service) -> str:
    spec = _spec(service.spec, _UNKNOWN_TO_H1)
    _drop_empty(spec)
    # An absent map is printed as "null"; a present one without any value left as "{}".
    annotations: dict[str, Value] = dict(service.metadata.annotations)
    _drop_empty(annotations)
    return to_yaml(spec) + (to_yaml(annotations) if service.metadata.annotations else "null\n")


def _listed(service: Service, formula: HashFormula) -> list[Value]:
    """The list that H2 and later print, without its empty members."""
    spec, metadata = service.spec, service.metadata
    annotations: dict[str, Value] = {k: v for k, v in metadata.annotations.items() if v and k != IGNORED_KEY}
    parts: list[Value]
    if formula == "H2":
        whole = _spec(spec, _UNKNOWN_TO_H2)
        _drop_zero(whole)
        parts = [whole]
    else:
        ports: list[Value] = [_port(port) for port in spec.ports or ()]
        parts = [ports, spec.type, spec.external_traffic_policy, spec.load_balancer_class or ""]
    parts += [annotations, as_go_prints(metadata.deletion_timestamp)]
    if formula == "H4" and spec.load_balancer_source_ranges:
        parts.append(list(spec.load_balancer_source_ranges))
    return [part for part in parts if part]


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
        if not item or key == IGNORED_KEY:
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
