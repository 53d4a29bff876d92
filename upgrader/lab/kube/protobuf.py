"""Objects in Kubernetes' protobuf, as controllers written in Go send them: decoded into what JSON would have said.

Field numbers are those of the `generated.proto` files of k8s.io/api and k8s.io/apimachinery. Known are the kinds that
cloud controllers and kubectl write in this form; defaults that protobuf leaves out stay absent.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

# A message by field number: name and form. Forms: text, int, bool, bytes, time, micro-time, map, or another message's
# name; a leading * repeats it.
_Message = dict[int, tuple[str, str]]
_ATTRIBUTES = ("namespace", "verb", "group", "version", "resource", "subresource", "name")
_MESSAGES: dict[str, _Message] = {
    "TypeMeta": {1: ("apiVersion", "text"), 2: ("kind", "text")},
    "Unknown": {1: ("typeMeta", "TypeMeta"), 2: ("raw", "bytes")},
    "ObjectMeta": {
        1: ("name", "text"), 2: ("generateName", "text"), 3: ("namespace", "text"), 5: ("uid", "text"),
        6: ("resourceVersion", "text"), 7: ("generation", "int"), 8: ("creationTimestamp", "time"),
        11: ("labels", "map"), 12: ("annotations", "map"), 13: ("ownerReferences", "*OwnerReference"),
        14: ("finalizers", "*text"),
    },
    "OwnerReference": {
        1: ("kind", "text"), 3: ("name", "text"), 4: ("uid", "text"), 5: ("apiVersion", "text"),
        6: ("controller", "bool"), 7: ("blockOwnerDeletion", "bool"),
    },
    "ObjectReference": {
        1: ("kind", "text"), 2: ("namespace", "text"), 3: ("name", "text"), 4: ("uid", "text"),
        5: ("apiVersion", "text"), 6: ("resourceVersion", "text"), 7: ("fieldPath", "text"),
    },
    "EventSource": {1: ("component", "text"), 2: ("host", "text")},
    "EventSeries": {1: ("count", "int"), 2: ("lastObservedTime", "micro-time")},
    "Event": {
        1: ("metadata", "ObjectMeta"), 2: ("involvedObject", "ObjectReference"), 3: ("reason", "text"),
        4: ("message", "text"), 5: ("source", "EventSource"), 6: ("firstTimestamp", "time"),
        7: ("lastTimestamp", "time"), 8: ("count", "int"), 9: ("type", "text"), 10: ("eventTime", "micro-time"),
        11: ("series", "EventSeries"), 12: ("action", "text"), 13: ("related", "ObjectReference"),
        14: ("reportingComponent", "text"), 15: ("reportingInstance", "text"),
    },
    "LeaseSpec": {
        1: ("holderIdentity", "text"), 2: ("leaseDurationSeconds", "int"), 3: ("acquireTime", "micro-time"),
        4: ("renewTime", "micro-time"), 5: ("leaseTransitions", "int"),
    },
    "Lease": {1: ("metadata", "ObjectMeta"), 2: ("spec", "LeaseSpec")},
    "ConfigMap": {1: ("metadata", "ObjectMeta"), 2: ("data", "map"), 4: ("immutable", "bool")},
    "EndpointAddress": {
        1: ("ip", "text"), 2: ("targetRef", "ObjectReference"), 3: ("hostname", "text"), 4: ("nodeName", "text"),
    },
    "EndpointPort": {1: ("name", "text"), 2: ("port", "int"), 3: ("protocol", "text"), 4: ("appProtocol", "text")},
    "EndpointSubset": {
        1: ("addresses", "*EndpointAddress"), 2: ("notReadyAddresses", "*EndpointAddress"),
        3: ("ports", "*EndpointPort"),
    },
    "Endpoints": {1: ("metadata", "ObjectMeta"), 2: ("subsets", "*EndpointSubset")},
    "ResourceAttributes": {number: (name, "text") for number, name in enumerate(_ATTRIBUTES, 1)},
    "NonResourceAttributes": {1: ("path", "text"), 2: ("verb", "text")},
    "SelfSubjectAccessReviewSpec": {
        1: ("resourceAttributes", "ResourceAttributes"), 2: ("nonResourceAttributes", "NonResourceAttributes"),
    },
    "SelfSubjectAccessReview": {1: ("metadata", "ObjectMeta"), 2: ("spec", "SelfSubjectAccessReviewSpec")},
}  # fmt: skip
KINDS = ("Event", "Lease", "ConfigMap", "Endpoints", "SelfSubjectAccessReview")


def from_protobuf(body: bytes) -> dict[str, Any]:
    """The object. Raises `ValueError` for bytes that are none, and `KeyError` with a kind that is not among `KINDS`."""
    if not body.startswith(MAGIC):
        raise ValueError("the body does not begin as a protobuf object of Kubernetes does")
    unknown = _message(body[len(MAGIC) :], "Unknown")
    kind = unknown.get("typeMeta", {}).get("kind", "")
    if kind not in KINDS:
        raise KeyError(kind)
    return {**unknown["typeMeta"], **_message(unknown.get("raw", b""), kind)}


def _message(data: bytes, name: str) -> dict[str, Any]:
    known, found = _MESSAGES[name], dict[str, Any]()
    for number, value in _fields(data):
        if number not in known:
            continue
        field, form = known[number]
        if form == "map":
            pair = dict(_fields(_as_bytes(value)))
            found.setdefault(field, {})[_text(pair.get(1, b""))] = _text(pair.get(2, b""))
        elif form.startswith("*"):
            found.setdefault(field, []).append(_value(value, form[1:]))
        else:
            found[field] = _value(value, form)
    return found


def _value(value: int | bytes, form: str) -> Any:
    match form:
        case "text":
            return _text(value)
        case "int":
            # Negative numbers come as 64 bits in two's complement.
            return value - (1 << 64) if isinstance(value, int) and value >> 63 else value
        case "bool":
            return bool(value)
        case "bytes":
            return value
        case "time" | "micro-time":
            return _time(_as_bytes(value), micro=form == "micro-time")
        case _:
            return _message(_as_bytes(value), form)


def _time(data: bytes, *, micro: bool) -> str | None:
    parts = dict(_fields(data))
    seconds, nanos = parts.get(1, 0), parts.get(2, 0)
    if not isinstance(seconds, int) or not isinstance(nanos, int) or not seconds or seconds >> 63:
        # Go's zero time lies before the epoch; JSON says null.
        return None
    moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{moment}.{nanos // 1000:06}Z" if micro else f"{moment}Z"


def _text(value: int | bytes) -> str:
    return _as_bytes(value).decode()


def _as_bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number where bytes were expected")
    return value


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field, in the order of the wire."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        wire = key & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if at + size > len(data):
            raise ValueError("the body ends in the middle of a field")
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if not byte & 0x80:
            return value, at
        shift += 7
    raise ValueError("the body ends in the middle of a number")
