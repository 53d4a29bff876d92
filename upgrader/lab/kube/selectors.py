"""Label and field selectors: parsed once into a test of an object."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from upgrader.lab.kube.resource import Resource
from upgrader.lab.kube.status import bad_request

Test = Callable[[Mapping[str, Any]], bool]

_PARTS = re.compile(r",(?![^(]*\))")
_SET = re.compile(r"^(?P<key>\S+)\s+(?P<how>in|notin)\s*\((?P<values>.*)\)$")
_KEY = re.compile(r"^([a-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$")
# Fields that every resource selects by, and those of some; anything else is refused, as the real server does.
_EVERYWHERE = frozenset({"metadata.name", "metadata.namespace"})
_FIELDS: Mapping[str, frozenset[str]] = {
    "pods": frozenset({"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
                       "status.phase", "status.podIP", "status.nominatedNodeName", "spec.hostNetwork"}),
    "nodes": frozenset({"spec.unschedulable"}),
    "namespaces": frozenset({"status.phase"}),
    "secrets": frozenset({"type"}),
    "services": frozenset({"spec.type", "spec.clusterIP"}),
    "jobs": frozenset({"status.successful"}),
    "replicasets": frozenset({"status.replicas"}),
    "events": frozenset({f"{about}.{field}" for about in ("involvedObject", "regarding") for field in (
                         "kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")}
                        | {"reason", "reportingComponent", "reportingController", "source", "type"}),
}  # fmt: skip


def label_test(selector: str) -> Test | None:
    """The test of a label selector (`a=b,c!=d,e in (f,g),!h`); None when there is none. Refuses what is no selector."""
    tests = [_requirement(part.strip(), selector) for part in _PARTS.split(selector) if part.strip()]
    if not tests:
        return None
    return lambda found: all(test(_labels(found)) for test in tests)


def _labels(found: Mapping[str, Any]) -> Mapping[str, Any]:
    labels: Mapping[str, Any] = found["metadata"].get("labels") or {}
    return labels


def _requirement(text: str, whole: str) -> Test:
    named = _SET.match(text)
    if named:
        key, wanted = named["key"], {one.strip() for one in named["values"].split(",")}
        if named["how"] == "in":
            return lambda labels: labels.get(key) in wanted
        return lambda labels: labels.get(key) not in wanted
    if "!=" in text:
        key, _, value = (part.strip() for part in text.partition("!="))
        return lambda labels: labels.get(key) != value
    if "=" in text:
        key, _, value = (part.strip("= ") for part in text.partition("="))
        return lambda labels: labels.get(key) == value
    absent, key = text.startswith("!"), text.removeprefix("!").strip()
    if not _KEY.match(key):
        raise bad_request(f"unable to parse requirement: found '{text}', expected a label selector: {whole}")
    return (lambda labels: key not in labels) if absent else (lambda labels: key in labels)


def field_test(selector: str, resource: Resource) -> Test | None:
    """The test of a field selector (`metadata.name=a,type!=b`); None when there is none. Refuses unknown fields."""
    tests = []
    for part in selector.split(","):
        if not part.strip():
            continue
        field, how, value = _field(part)
        if field not in _EVERYWHERE and field not in _FIELDS.get(resource.plural, frozenset()):
            named = f"{resource.group or ''}/{resource.version}, Resource={resource.plural}"
            said = f'Unable to find "{named}" that match label selector "", field selector "{selector}"'
            known = f'"{field}" is not a known field selector: only "metadata.name", "metadata.namespace"'
            why = f"field label not supported: {field}" if resource.plural in _FIELDS else known
            raise bad_request(f"{said}: {why}")
        tests.append((field, how, value))
    if not tests:
        return None
    return lambda found: all((field_value(found, field) == value) is how for field, how, value in tests)


def _field(part: str) -> tuple[str, bool, str]:
    field, how, value = re.match(r"^([^=!]+)(!=|==|=)?(.*)$", part.strip()).groups()  # type: ignore[union-attr]
    if how is None:
        raise bad_request(f"invalid field selector: {part}; can't understand '{part}'")
    return field.strip(), how != "!=", value.strip()


def field_value(found: Mapping[str, Any], field: str) -> str:
    """The value at a dotted path as text, empty where there is none."""
    if field == "source":
        return str((found.get("source") or {}).get("component") or found.get("reportingComponent") or "")
    value: Any = found
    for name in field.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def matches_labels(selector: Mapping[str, Any] | None, labels: Mapping[str, Any]) -> bool:
    """Whether labels meet a LabelSelector (`matchLabels`, `matchExpressions`); an absent selector matches nothing."""
    if selector is None:
        return False
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    for rule in selector.get("matchExpressions") or ():
        value, values = labels.get(rule["key"]), rule.get("values") or ()
        held = {"In": value in values, "NotIn": value not in values, "Exists": value is not None,
                "DoesNotExist": value is None}[rule["operator"]]  # fmt: skip
        if not held:
            return False
    return True
