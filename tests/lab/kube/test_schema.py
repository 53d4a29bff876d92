"""Bodies of Go's typed clients, and fields that no kind has: what is read, dropped, warned about, refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrader.lab.kube.bodies import PROTOBUF, object_of
from upgrader.lab.kube.field_validation import FieldValidation
from upgrader.lab.kube.resource import shared
from upgrader.lab.kube.schema.kinds import kinds, whole
from upgrader.lab.kube.schema.protobuf import MAGIC, decoded
from upgrader.lab.kube.status import ApiError

DEPLOYMENTS = shared("deployments", "apps")


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    found = b""
    while value > 0x7F:
        found += bytes([value & 0x7F | 0x80])
        value >>= 7
    return found + bytes([value])


def field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def body(api_version: str, kind: str, raw: bytes) -> bytes:
    return MAGIC + field(1, field(1, api_version) + field(2, kind)) + field(2, raw) + field(3, "") + field(4, "")


@given(st.text(min_size=1), st.dictionaries(st.text(), st.text()), st.booleans())
def test_a_config_map_is_read_back(name: str, data: dict[str, str], immutable: bool) -> None:
    metadata = field(1, name) + field(2, "") + field(8, b"")
    raw = field(1, metadata) + b"".join(field(2, field(1, k) + field(2, v)) for k, v in data.items())
    found = decoded(body("v1", "ConfigMap", raw + field(4, int(immutable))))
    wanted: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    assert found == {**wanted, "immutable": immutable, **({"data": data} if data else {})}


def test_what_is_held_by_pointer_keeps_its_zero_and_the_rest_is_left_out() -> None:
    rolling = field(2, field(1, field(1, 0) + field(2, 0)) + field(2, field(1, 1) + field(3, "25%")))
    spec = field(1, 0) + field(4, field(1, "RollingUpdate") + rolling) + field(5, 0) + field(7, 0)
    found = decoded(body("apps/v1", "Deployment", field(1, field(1, "web")) + field(2, spec)))
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}}
    assert found["spec"] == {"replicas": 0, "strategy": strategy}


def test_inlined_structs_times_negative_numbers_and_younger_fields() -> None:
    volume = field(1, "v") + field(2, field(2, field(1, "Memory")))
    container = field(1, "c") + field(2, "nginx")
    spec = field(1, volume) + field(2, container) + field(5, -1) + field(4000, "unknown")
    metadata = field(1, "p") + field(9, field(1, 1_700_000_000))
    found = decoded(body("v1", "Pod", field(1, metadata) + field(2, spec)))
    assert found["metadata"]["deletionTimestamp"] == "2023-11-14T22:13:20Z"
    assert found["spec"]["volumes"] == [{"name": "v", "emptyDir": {"medium": "Memory"}}]
    assert found["spec"]["activeDeadlineSeconds"] == -1


@given(st.binary(max_size=60))
def test_rubbish_is_refused_and_never_a_crash(raw: bytes) -> None:
    for data in (raw, MAGIC + raw, body("v1", "Pod", raw)):
        try:
            assert isinstance(decoded(data), dict)
        except (ValueError, KeyError):
            continue


def test_an_event_of_a_controller() -> None:
    labels = field(11, field(1, "a") + field(2, "1")) + field(11, field(1, "b") + field(2, ""))
    metadata = field(1, "web.18") + field(3, "prod") + labels + field(8, b"")
    about = field(1, "Service") + field(2, "prod") + field(3, "web") + field(5, "v1")
    raw = (
        field(1, metadata) + field(2, about) + field(3, "EnsuredLoadBalancer") + field(4, "Ensured 负载均衡 [lb-1]")
        + field(5, field(1, "service-controller")) + field(6, field(1, 1764201600) + field(2, 0))
        + field(8, 300) + field(9, "Normal") + field(10, b"")
    )  # fmt: skip
    assert object_of(body("v1", "Event", raw), PROTOBUF) == {
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": "web.18", "namespace": "prod", "labels": {"a": "1", "b": ""}},
        "involvedObject": {"kind": "Service", "namespace": "prod", "name": "web", "apiVersion": "v1"},
        "reason": "EnsuredLoadBalancer", "message": "Ensured 负载均衡 [lb-1]",
        "source": {"component": "service-controller"}, "firstTimestamp": "2025-11-27T00:00:00Z", "count": 300,
        "type": "Normal",
    }  # fmt: skip


def test_a_lease_keeps_its_microseconds() -> None:
    spec = field(1, "ccm-1") + field(2, 15) + field(4, field(1, 1764201600) + field(2, 123456789)) + field(5, 0)
    raw = field(1, field(1, "ccm") + field(3, "kube-system")) + field(2, spec)
    found = object_of(body("coordination.k8s.io/v1", "Lease", raw), PROTOBUF)
    assert found["spec"] == {
        "holderIdentity": "ccm-1", "leaseDurationSeconds": 15, "renewTime": "2025-11-27T00:00:00.123456Z",
        "leaseTransitions": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"{}", 400),
        (b"k8s\x00\x0a\xff", 400),
        (body("v1", "Event", field(1, "web")[:-1]), 400),
        (body("apps/v1", "Nothing", b""), 415),
    ],
)
def test_what_is_no_such_object_is_refused(data: bytes, status: int) -> None:
    with pytest.raises(ApiError) as refused:
        object_of(data, PROTOBUF)
    assert refused.value.status == status


def test_every_type_that_a_field_names_is_there() -> None:
    for fields in kinds().values():
        for one in fields.values():
            inner = one.kind.replace("Items", "").replace("[]", "").replace("{}", "")
            assert "/" not in inner or inner in kinds(), one
    assert "emptyDir" in whole("core/v1.Volume")


def test_unknown_fields_are_named_by_their_place() -> None:
    wrong = {"metadata": {"name": "a", "lables": {}}, "spec": {"template": {"spec": {"containers": [{"nam": "x"}]}}}}
    rule = FieldValidation("Warn", DEPLOYMENTS)
    kept = rule.body(wrong)
    assert kept == {"metadata": {"name": "a"}, "spec": {"template": {"spec": {"containers": [{}]}}}}
    assert rule.headers["Warning"] == (
        '299 - "unknown field \\"metadata.lables\\"", 299 - "unknown field \\"spec.template.spec.containers[0].nam\\""'
    )
    assert FieldValidation("Ignore", DEPLOYMENTS).headers == {}
    with pytest.raises(ApiError, match="strict decoding error: unknown field") as caught:
        FieldValidation("Strict", DEPLOYMENTS).body(wrong)
    assert caught.value.status == 400
    with pytest.raises(ApiError, match="Unsupported value"):
        FieldValidation("Loud", DEPLOYMENTS)


def test_a_patch_answers_for_its_own_mistakes_only() -> None:
    before, after = {"spec": {"old": 1}}, {"spec": {"old": 1, "new": 2}}
    rule = FieldValidation("", DEPLOYMENTS)
    assert rule.patched(after, before, b"{}") == {"spec": {}}
    assert rule.warnings == ['unknown field "spec.new"']
    with pytest.raises(ApiError, match=r"spec\.new"):
        FieldValidation("Strict", DEPLOYMENTS).patched(after, before, msgspec.json.encode(after))


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"replicas": "three"}, "string into Go struct field DeploymentSpec.spec.replicas of type int32"),
        ({"paused": 1}, "number into Go struct field DeploymentSpec.spec.paused of type bool"),
        ({"template": []}, "array into Go struct field DeploymentSpec.spec.template of type v1.PodTemplateSpec"),
        (
            {"template": {"spec": {"containers": {}}}},
            "object into Go struct field PodSpec.spec.template.spec.containers",
        ),
    ],
)
def test_a_wrong_type_is_refused_in_gos_words(spec: dict[str, Any], said: str) -> None:
    with pytest.raises(ApiError, match="cannot unmarshal") as caught:
        FieldValidation("Ignore", DEPLOYMENTS).body({"spec": spec})
    assert said in str(caught.value)
