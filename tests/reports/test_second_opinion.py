"""A dry run's result stands beside the forecast in every format that people read, and in none where there was none."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from tests.cases.world import facts_of
from upgrader import codec, pipeline
from upgrader.matrix.load import load_matrix
from upgrader.model.plan import Plan
from upgrader.model.version import parse_version
from upgrader.report.present import present
from upgrader.report.render import FORMATS
from upgrader.report.terminal import render_plan

RESULT = {
    "metadata": {"name": "CloudControllerManagerPrecheckResult", "namespace": "kube-system"},
    "message": '{"State":"Success","CheckResults":[{"instanceResults":{"default/web":'
    '{"MessageLevel":"error","MessageCode":"SetSLBName"}},"FailedCount":1}]}',
}


def _plan(*events: object) -> Plan:
    facts = facts_of({"events": list(events)})
    return pipeline.make_plan(facts, parse_version("v2.14.0"), load_matrix(), now=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("fmt", ["html", "md"])
def test_people_read_both_opinions(fmt: str) -> None:
    told = FORMATS[fmt](present(_plan(RESULT)))
    assert "A second opinion" in told
    assert "SetLoadBalancerName" in told
    assert "A second opinion" not in FORMATS[fmt](present(_plan()))


def test_the_text_of_a_plan_has_both() -> None:
    told = render_plan(_plan(RESULT))
    assert "the dry run alone sees a change" in told
    assert "A second opinion" not in render_plan(_plan())


def test_the_json_of_a_plan_has_the_field_only_where_there_is_an_opinion() -> None:
    assert "shadow" not in msgspec.json.decode(codec.encode(_plan()))
    made = _plan(RESULT)
    found = msgspec.json.decode(codec.encode(made))["shadow"]
    assert [one["agreement"] for one in found["services"]] == ["dry-run-only"]
    assert codec.encode(codec.decode(codec.encode(made), Plan, where="plan")) == codec.encode(made)
