"""The text that a service hash is of, for a Service like most: put together from pieces that are met again and again.

It is for dumps of tens of thousands (`benchmarks/check_files.py`). The long way, which `hash` goes for every other
Service, builds the value and prints it; it is what this one has to agree with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

from upgrader.forecast.go_yaml import Value, is_simple, list_block, map_block, text_map_lines, word, word_map_lines
from upgrader.matrix.behaviour import HashFormula
from upgrader.model.kube import Service, ServicePort, ServiceSpec

IGNORED_KEY = "alibabacloud.com/reconcile.hash"
# An address that is printed as it is, and no number to any reader.
_IPV4 = re.compile(r"[0-9]+(?:\.[0-9]+){3}\Z")

Around = tuple[str, str, str]
"""What is printed before and after the number of a node port, and where there is none."""
Between = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""The entries of a spec before its address, up to its health check's port, up to its ports, and after its selector."""


def quick_text(service: Service, formula: HashFormula) -> str:
    """The text of one formula, without building the value; empty where only the long way can tell."""
    metadata, whole = service.metadata, formula == "H1"
    lines = text_map_lines(metadata.annotations, 0 if whole else 2)
    if "" in lines or IGNORED_KEY in metadata.annotations:
        return ""
    if whole:
        spec, annotations = _spec(service.spec, formula, 0), "\n".join(lines)
        text = f"{spec}\n{annotations or 'null'}\n"
        return text if spec and is_simple(text) else ""
    parts = [_spec(service.spec, formula, 2)] if formula == "H2" else _chosen(service.spec, formula)
    if lines:
        parts.append("\n  ".join(lines))
    if metadata.deletion_timestamp:
        parts.append(word(as_go_prints(metadata.deletion_timestamp), 2))
    if formula == "H4" and service.spec.load_balancer_source_ranges:
        parts.append(_ranges(service.spec.load_balancer_source_ranges))
    text = "\n- ".join(parts)
    return f"- {text}\n" if parts and is_simple(text) and "" not in parts else ""


def as_go_prints(moment: str | None) -> str:
    """A metav1.Time: in UTC, to the second; what is no moment stays as it is."""
    if not moment or (moment.endswith("Z") and "." not in moment):
        return moment or ""
    try:
        return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return moment


def _chosen(spec: ServiceSpec, formula: HashFormula) -> list[str]:
    """The fields that H3 and later cover, without annotations and moment; "" for one that is not like most."""
    words = _words(spec.type, spec.external_traffic_policy, spec.load_balancer_class)
    return [_ports(spec.ports, formula, 2), *words] if spec.ports else [*words]


def _spec(spec: ServiceSpec, formula: HashFormula, indent: int) -> str:
    """The whole spec, whose entries stand at `indent`; empty for one that is not like most."""
    address, addresses = spec.cluster_ip, spec.cluster_i_ps
    if (
        spec.external_i_ps or spec.external_name or spec.ip_family or spec.load_balancer_ip or spec.topology_keys
        or spec.load_balancer_source_ranges or spec.publish_not_ready_addresses or spec.session_affinity_config
        or (addresses and addresses != (address,)) or not _IPV4.match(address)
    ):  # fmt: skip
        return ""
    between = _between(
        formula, indent, spec.type, spec.external_traffic_policy, spec.session_affinity, spec.load_balancer_class,
        spec.allocate_load_balancer_node_ports, spec.internal_traffic_policy, spec.ip_families, spec.ip_family_policy,
    )  # fmt: skip
    selector = word_map_lines(spec.selector, indent + 2) if spec.selector else ()
    ports = _ports(spec.ports, formula, indent) if spec.ports else ""
    if between is None or "" in selector or (spec.ports and not ports):
        return ""
    margin = "\n" + " " * indent
    first, second, third, last = between
    lines = [*first, f"clusterIP: {address}"]
    if addresses and formula == "H2":
        lines.append(f"clusterIPs:{margin}- {address}")
    lines += second
    if spec.health_check_node_port:
        lines.append(f"healthCheckNodePort: {spec.health_check_node_port}")
    lines += third
    if ports:
        lines.append(f"ports:{margin}{ports}")
    if selector:
        lines.append(f"selector:{margin}  " + f"{margin}  ".join(selector))
    return margin.join((*lines, *last))


@lru_cache(maxsize=1024)
def _between(
    formula: HashFormula, indent: int, type_: str, external: str, affinity: str, class_: str | None,
    allocate: bool | None, internal: str | None, families: tuple[str, ...] | None, family_policy: str | None,
) -> Between | None:  # fmt: skip
    """The entries of a spec that few Services differ in; None where one is a text of several lines."""
    known = formula == "H2"  # The library that H1 is built with knows none of these.
    texts = (type_, external, affinity, class_, internal, family_policy, *(families or ()))
    if any(text and "\n" in text for text in texts):
        return None
    parts: tuple[dict[str, Value], ...] = (
        {"allocateLoadBalancerNodePorts": known and allocate},
        {"externalTrafficPolicy": external},
        {"internalTrafficPolicy": known and internal, "ipFamilies": known and list(families or ()),
         "ipFamilyPolicy": known and family_policy, "loadBalancerClass": known and class_},
        {"sessionAffinity": affinity, "type": type_},
    )  # fmt: skip
    first, second, third, last = (_entries(part, indent) for part in parts)
    return first, second, third, last


def _entries(part: dict[str, Value], indent: int) -> tuple[str, ...]:
    filled: dict[str, Value] = {key: value for key, value in part.items() if value}
    return (map_block(filled, indent),) if filled else ()


def _ports(ports: Iterable[ServicePort], formula: HashFormula, indent: int) -> str:
    """A list of ports that stands at `indent`; empty where one is not like most."""
    printed = []
    for port in ports:
        around = _around_node_port(formula, port.app_protocol, port.name, port.port, port.protocol, port.target_port)
        if around is None:
            return ""
        before, after, whole = around
        printed.append(f"{before}{port.node_port}{after}" if port.node_port else whole)
    return "- " + ("\n" + " " * indent + "- ").join(printed)


@lru_cache(maxsize=4096)
def _around_node_port(
    formula: HashFormula, app_protocol: str | None, name: str, port: int, protocol: str, target_port: int | str | None
) -> Around | None:
    """A port but for its node port; None where zero values or texts of several lines are left to the long way."""
    before: dict[str, Value] = {key: v for key, v in (("appProtocol", app_protocol), ("name", name)) if v}
    after: dict[str, Value] = {
        key: v for key, v in (("port", port), ("protocol", protocol), ("targetPort", target_port)) if v
    }
    if not port or any(isinstance(v, str) and "\n" in v for v in (*before.values(), *after.values())):
        return None
    if formula == "H1" and (not target_port or app_protocol == ""):
        return None  # H1 prints zero values in lists.
    indent = 2 if formula == "H1" else 4
    first = map_block(before, indent) + "\n" + " " * indent if before else ""
    last = map_block(after, indent)
    return f"{first}nodePort: ", "\n" + " " * indent + last, first + last


@lru_cache(maxsize=1024)
def _words(*texts: str | None) -> tuple[str, ...]:
    """Texts that are met again and again, as items of the list; without those that are not there."""
    return tuple(word(text, 2) for text in texts if text)


def _ranges(found: tuple[str, ...]) -> str:
    # The printer keeps the line breaks at a text's end, the short way does not.
    return "" if any("\n" in text for text in found) else list_block([word(text, 4) for text in found], 2)
