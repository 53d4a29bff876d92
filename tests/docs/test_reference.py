"""The reference page is what the code says today, and `explain` knows everything that has a code."""

from __future__ import annotations

from pathlib import Path

import pytest

from upgrader.cli.explanations import explanations_of, index
from upgrader.cli.reference import page
from upgrader.matrix.load import load_matrix
from upgrader.model.errors import InputError

TOP = Path(__file__).parents[2]


def test_the_page_is_fresh() -> None:
    written = (TOP / "docs" / "reference.md").read_text(encoding="utf-8")
    assert written == page(), "ccm-upgrade explain --reference > docs/reference.md"


def test_everything_in_the_index_is_explained() -> None:
    topics = index()
    assert len(topics) > 200
    for code, _ in topics:
        found = explanations_of(code)
        assert found
        assert all(one.text.strip() for one in found), code


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("CCM002", "check"), ("CCM095", "check"), ("legacy-clb-tag", "check"), ("clb.tag", "step"),
        ("EXIT8", "exit code"), ("hand-edits", "condition"), ("v2.14.0", "version"), ("bandwidth", "annotation"),
        ("DeleteSLB", "precheck code"),
        ("SyncLoadBalancerFailed", "event"), ("lb-lost", "error"),
        ("alicloud: can not find loadbalancer, but it's defined in service [1]", "error"),
    ],
)  # fmt: skip
def test_each_kind_of_code_is_known(code: str, kind: str) -> None:
    assert {one.kind for one in explanations_of(code)} == {kind}


def test_every_annotation_is_explained() -> None:
    for annotation in load_matrix().annotations:
        assert any(one.kind == "annotation" for one in explanations_of(annotation.name))


def test_what_is_not_known_names_what_is_near() -> None:
    with pytest.raises(InputError, match="near it: CCM0"):
        explanations_of("CCM0O2")
