"""Kubernetes' protobuf bodies as plain objects: what typed clients of Go send unless they are told otherwise."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from upgrader.lab.kube.schema.kinds import SCALARS, SPECIAL, Field, kind_name, kinds

MAGIC = b"k8s\x00"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SIGN = 1 << 63
Wire = int | bytes


def decoded(body: bytes) -> dict[str, Any]:
    """The object in a body. Raises `ValueError` for what is none, `KeyError` for a kind that is not built in."""
    if not body.startswith(MAGIC):
        raise ValueError("no protobuf of Kubernetes")
    envelope = dict(_fields(body[len(MAGIC) :]))
    about = dict(_fields(_bytes(envelope.get(1, b""))))
    api_version, kind = (_bytes(about.get(number, b"")).decode() for number in (1, 2))
    name = kind_name(api_version, kind)
    if not name:
        raise KeyError(f"{api_version} {kind}")
    return {"apiVersion": api_version, "kind": kind, **_message(_bytes(envelope.get(2, b"")), name)}


def _fields(data: bytes) -> Iterator[tuple[int, Wire]]:
    """Numbers and values of a message, in their order."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, place = _varint(data, place)
            yield number, value
            continue
        if wire == 2:
            size, place = _varint(data, place)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if place + size > len(data):
            raise ValueError("the body ends in the middle of a field")
        yield number, data[place : place + size]
        place += size


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if place >= len(data) or shift > 63:
            raise ValueError("the body ends in the middle of a number")
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place


def _message(data: bytes, name: str) -> dict[str, Any]:
    by_number = {one.number: one for one in kinds()[name].values()}
    found: dict[str, Any] = {}
    for number, wire in _fields(data):
        field = by_number.get(number)
        if field is None:
            continue  # a field that is younger than ours
        if field.inline:
            found.update(_message(_bytes(wire), field.kind))
        elif field.kind.startswith("[]"):
            found.setdefault(field.name, []).append(_value(wire, field.kind[2:]))
        elif field.kind.startswith("{}"):
            pair = dict(_fields(_bytes(wire)))
            key = _bytes(pair.get(1, b"")).decode()
            found.setdefault(field.name, {})[key] = _value(pair.get(2, b""), field.kind[2:])
        else:
            _put(found, field, _value(wire, field.kind))
    return found


def _put(found: dict[str, Any], field: Field, value: Any) -> None:
    """Go writes what it holds by value always, by pointer only when it is there."""
    if field.pointer or value not in ("", 0, None, {}):
        found[field.name] = value


def _value(wire: Wire, kind: str) -> Any:
    if kind in SCALARS:
        return _scalar(wire, kind)
    data = _bytes(wire)
    if kind in SPECIAL:
        return _special(dict(_fields(data)), kind)
    if kind.startswith("Items[]"):
        return [_value(one, kind.removeprefix("Items[]")) for _, one in _fields(data)]
    return _message(data, kind)


def _scalar(wire: Wire, kind: str) -> Any:
    if kind == "s":
        return _bytes(wire).decode()
    if kind == "y":
        return base64.b64encode(_bytes(wire)).decode()
    if kind == "f":
        return struct.unpack("<d", _bytes(wire))[0]
    if not isinstance(wire, int):
        raise ValueError("a number is expected")
    return bool(wire) if kind == "b" else wire - 2 * _SIGN if wire >= _SIGN else wire


def _special(fields: dict[int, Wire], kind: str) -> Any:
    if kind == "IntOrString":
        return _scalar(fields.get(3, b""), "s") if fields.get(1) else _scalar(fields.get(2, 0), "i")
    if kind == "Quantity":
        return _scalar(fields.get(1, b""), "s")
    if kind == "Raw":
        raw = _bytes(fields.get(1, b""))
        return msgspec.json.decode(raw) if raw else None
    if kind == "Duration":
        return f"{_scalar(fields.get(1, 0), 'i') / 1e9:g}s"
    if not fields:
        return None
    moment = _EPOCH + timedelta(seconds=_scalar(fields.get(1, 0), "i"))
    if kind == "MicroTime":
        moment += timedelta(microseconds=int(fields.get(2, 0)) // 1000)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return None if moment.year < 2 else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _bytes(wire: Wire) -> bytes:
    if isinstance(wire, int):
        raise ValueError("a message is expected")
    return wire
