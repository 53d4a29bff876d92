"""Which version reads which annotation: against the source at every tag, and against what running CCMs did."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrader.matrix.load import load_matrix
from upgrader.matrix.model import Annotation, Matrix
from upgrader.model.version import CcmVersion, parse_version

BASE = "service.beta.kubernetes.io/"
PREFIX = f"{BASE}alibaba-cloud-loadbalancer-"
BY_TAG = json.loads((Path(__file__).parent / "annotations_by_tag.json").read_text())


def full(short: str) -> str:
    return f"{BASE}alibaba-cloud-{short[1:]}" if short.startswith("~") else BASE + short


def reads(matrix: Matrix, name: str, lb: str, version: CcmVersion) -> bool:
    return any(a.name == name and lb in a.lb and a.read_by(version) for a in matrix.annotations)


@pytest.mark.parametrize("lb", ["clb", "nlb"])
def test_the_table_says_what_the_source_reads_at_each_tag(matrix: Matrix, lb: str) -> None:
    for short, bits in BY_TAG[lb].items():
        for tag, bit in zip(BY_TAG["tags"], bits, strict=True):
            assert reads(matrix, full(short), lb, parse_version(tag)) == (bit == "1"), f"{short} {lb} {tag}"


@pytest.mark.parametrize("lb", ["clb", "nlb"])
def test_no_annotation_beyond_the_source_but_those_of_the_newest(matrix: Matrix, lb: str) -> None:
    known = {full(short) for short in BY_TAG[lb]}
    beyond = {a.name.removeprefix(PREFIX) for a in matrix.annotations if lb in a.lb and a.name not in known}
    assert beyond == {"graceful-shutdown", *(["health-check-http-version"] if lb == "nlb" else [])}


# What running CCMs did with an annotation, each with the version that ignored it and the one that did not.
@pytest.mark.parametrize(
    ("name", "ignored_by", "read_by"),
    [
        ("default-weight", "v2.12.4", "v2.14.0"),
        ("default-weight", "v1.9.3.239", "v2.14.0"),
        ("ip", "v2.1.0", "v2.14.0"),
        ("resource-group-id", "v1.9.3.239", "v2.14.0"),
        ("instance-charge-type", "v2.1.0", "v2.14.0"),
        ("health-check-switch", "v2.1.0", "v2.14.0"),
        ("proxy-protocol", "v2.1.0", "v2.14.0"),
        ("established-timeout", "v2.1.0", "v2.14.0"),
        ("connection-drain", "v1.9.3.239", "v2.14.0"),
        ("name", "v1.9.3.239", "v2.14.0"),
    ],
)
def test_what_running_ccms_were_seen_to_ignore_and_to_read(
    matrix: Matrix, name: str, ignored_by: str, read_by: str
) -> None:
    assert not reads(matrix, PREFIX + name, "clb", parse_version(ignored_by))
    assert reads(matrix, PREFIX + name, "clb", parse_version(read_by))


@pytest.mark.parametrize(
    ("name", "version", "default"),
    [
        ("spec", "v1.9.3.101", ""),
        ("spec", "v1.9.3.239", "slb.s1.small"),
        ("spec", "v2.11.2", "slb.s1.small"),
        ("spec", "v2.12.4", ""),
        ("instance-charge-type", "v2.11.2", "PayBySpec"),
        ("instance-charge-type", "v2.12.4", "PayByCLCU"),
        ("charge-type", "v1.9.3.239", "paybytraffic"),
        ("charge-type", "v2.1.0", ""),
        ("delete-protection", "v1.9.3.239", None),
        ("delete-protection", "v2.1.0", "on"),
        ("address-type", "v1.9.3.101", "internet"),
        ("default-weight", "v2.14.0", "100"),
    ],
)
def test_defaults_by_version(matrix: Matrix, name: str, version: str, default: str | None) -> None:
    annotation = matrix.annotation(PREFIX + name, "clb")
    assert annotation is not None
    assert annotation.default(parse_version(version)) == default


@pytest.mark.parametrize(
    ("name", "lb", "mutable"),
    [
        *((name, "clb", False) for name in ("address-type", "ip-version", "master-zoneid", "slave-zoneid", "ip")),
        *((name, "clb", False) for name in ("network-type", "resource-group-id")),
        *((name, "nlb", False) for name in ("ip-version", "resource-group-id")),
        ("address-type", "nlb", True),
        ("spec", "clb", True),
        ("name", "clb", True),
    ],
)
def test_what_can_not_be_changed_once_created(matrix: Matrix, name: str, lb: str, mutable: bool) -> None:
    annotation = matrix.annotation(PREFIX + name, lb)
    assert annotation is not None
    assert annotation.mutable is mutable


def test_a_rename_joins_two_spans(matrix: Matrix) -> None:
    new = matrix.annotation(PREFIX + "network-type", "clb")
    assert new is not None
    old = matrix.annotation(new.renamed_from, "clb")
    assert old is not None
    assert parse_version(old.until) < parse_version(new.since)


@pytest.mark.parametrize(
    ("name", "lb", "value", "problem"),
    [
        ("bandwidth", "clb", "abc", "must be a whole number"),
        ("bandwidth", "clb", "10", ""),
        ("bandwidth", "clb", "0", "must be between 1 and 5000"),
        ("established-timeout", "clb", "9", "must be between 10 and 900"),
        ("delete-protection", "clb", "true", "must be on or off"),
        ("address-type", "clb", "Internet", "must be one of internet, intranet"),
        ("name", "clb", "anything", ""),
    ],
)
def test_values(matrix: Matrix, name: str, lb: str, value: str, problem: str) -> None:
    annotation = matrix.annotation(PREFIX + name, lb)
    assert annotation is not None
    assert annotation.problem_with(value) == problem


versions = st.tuples(
    st.sampled_from([(1, 9, 3), (2, 0), (2, 4), (2, 5), (2, 9), (2, 10), (2, 12), (2, 14), (2, 15)]),
    st.integers(0, 400),
).map(lambda parts: parse_version("v" + ".".join(map(str, (*parts[0], parts[1])))))


@given(st.sampled_from(load_matrix().annotations), versions)
def test_one_entry_speaks_for_a_name_a_kind_and_a_version(annotation: Annotation, version: CcmVersion) -> None:
    for lb in annotation.lb:
        speaking = [a for a in load_matrix().annotations if a.name == annotation.name and lb in a.lb]
        assert sum(a.read_by(version) for a in speaking) <= 1


@given(st.sampled_from(load_matrix().annotations), versions, versions)
def test_a_default_holds_until_the_next(annotation: Annotation, one: CcmVersion, other: CcmVersion) -> None:
    low, high = sorted((one, other))
    if not any(low < parse_version(since) <= high for since in annotation.defaults):
        assert annotation.default(low) == annotation.default(high)


@given(st.sampled_from(load_matrix().annotations))
def test_every_default_is_a_valid_value(annotation: Annotation) -> None:
    for value in annotation.defaults.values():
        assert not value or " " in value or not annotation.problem_with(value)
