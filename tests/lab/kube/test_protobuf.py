"""Bodies in Kubernetes' protobuf, as a controller written in Go sends its events and leases."""

from __future__ import annotations

import pytest

from upgrader.lab.kube.bodies import PROTOBUF, object_of
from upgrader.lab.kube.status import ApiError


def number(value: int) -> bytes:
    """A varint."""
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def field(at: int, value: bytes | str | int) -> bytes:
    """One field of a message."""
    if isinstance(value, int):
        return number(at << 3) + number(value)
    data = value.encode() if isinstance(value, str) else value
    return number(at << 3 | 2) + number(len(data)) + data


def envelope(api_version: str, kind: str, raw: bytes) -> bytes:
    """What stands around every object."""
    return b"k8s\x00" + field(1, field(1, api_version) + field(2, kind)) + field(2, raw) + field(3, "")


def test_an_event_of_a_controller() -> None:
    labels = field(11, field(1, "a") + field(2, "1")) + field(11, field(1, "b") + field(2, ""))
    metadata = field(1, "web.18") + field(3, "prod") + labels + field(8, b"")
    about = field(1, "Service") + field(2, "prod") + field(3, "web") + field(5, "v1")
    raw = (
        field(1, metadata) + field(2, about) + field(3, "EnsuredLoadBalancer") + field(4, "Ensured 负载均衡 [lb-1]")
        + field(5, field(1, "service-controller")) + field(6, field(1, 1764201600) + field(2, 0))
        + field(8, 300) + field(9, "Normal") + field(10, b"")
    )  # fmt: skip
    assert object_of(envelope("v1", "Event", raw), PROTOBUF) == {
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": "web.18", "namespace": "prod", "labels": {"a": "1", "b": ""}, "creationTimestamp": None},
        "involvedObject": {"kind": "Service", "namespace": "prod", "name": "web", "apiVersion": "v1"},
        "reason": "EnsuredLoadBalancer", "message": "Ensured 负载均衡 [lb-1]",
        "source": {"component": "service-controller"}, "firstTimestamp": "2025-11-27T00:00:00Z", "count": 300,
        "type": "Normal", "eventTime": None,
    }  # fmt: skip


def test_a_lease_keeps_its_microseconds() -> None:
    spec = field(1, "ccm-1") + field(2, 15) + field(4, field(1, 1764201600) + field(2, 123456789)) + field(5, 0)
    raw = field(1, field(1, "ccm") + field(3, "kube-system")) + field(2, spec)
    found = object_of(envelope("coordination.k8s.io/v1", "Lease", raw), PROTOBUF)
    assert found["spec"] == {
        "holderIdentity": "ccm-1", "leaseDurationSeconds": 15, "renewTime": "2025-11-27T00:00:00.123456Z",
        "leaseTransitions": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{}", 400),
        (b"k8s\x00\x0a\xff", 400),
        (envelope("v1", "Event", field(1, "web")[:-1]), 400),
        (envelope("apps/v1", "Deployment", b""), 415),
    ],
)
def test_what_is_no_such_object_is_refused(body: bytes, status: int) -> None:
    with pytest.raises(ApiError) as refused:
        object_of(body, PROTOBUF)
    assert refused.value.status == status
