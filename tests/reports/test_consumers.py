"""SARIF and JUnit as those who read them see them: the OASIS schema, and consumers that others wrote."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.reports import worlds
from upgrader.model.plan import Plan
from upgrader.report.present import present
from upgrader.report.render import render

SCHEMA = json.loads((Path(__file__).parent / "schema" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
PLANS = {
    "sick": worlds.plan(
        findings=(worlds.finding("CCM009", "FAIL"), worlds.finding("CCM001", "WARN"), worlds.accepted("CCM042")),
        services=(worlds.service(), worlds.service(name="api", writes=0)),
        verdict="BLOCKED",
    ),
    "hostile": worlds.plan(
        findings=(worlds.finding("CCM009", "FAIL", worlds.HOSTILE, message=worlds.HOSTILE),),
        services=(worlds.service(name=worlds.HOSTILE),),
        verdict="BLOCKED",
    ),
    "empty": worlds.plan(),
}


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_sarif_is_valid_against_the_schema_of_oasis(plan: Plan) -> None:
    document = json.loads(render(present(plan), "sarif"))
    validator = jsonschema.Draft7Validator(SCHEMA)
    assert [error.message for error in validator.iter_errors(document)] == []


def test_the_schema_would_notice() -> None:
    document = json.loads(render(present(PLANS["sick"]), "sarif"))
    document["runs"][0]["results"][0]["level"] = "dreadful"
    assert not jsonschema.Draft7Validator(SCHEMA).is_valid(document)


def test_sarif_tools_reads_it(tmp_path: Path) -> None:
    loader: Any = importlib.import_module("sarif.loader")
    path = tmp_path / "report.sarif"
    path.write_text(render(present(PLANS["sick"]), "sarif"), encoding="utf-8")
    found = loader.load_sarif_file(str(path))
    assert found.get_distinct_tool_names() == ["ccm-upgrade"]
    assert {one["Code"] for one in found.get_records()} == {"CCM009", "CCM001", "CCM042"}


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_junitparser_reads_it_and_counts_the_same(plan: Plan) -> None:
    junitparser: Any = importlib.import_module("junitparser")
    suite = junitparser.TestSuite.fromstring(render(present(plan), "junit").partition("\n")[2])
    cases = list(suite)
    assert suite.tests == len(cases)
    results = [one for case in cases for one in case.result]
    for kind, counted in (("Failure", suite.failures), ("Error", suite.errors), ("Skipped", suite.skipped)):
        assert sum(type(one).__name__ == kind for one in results) == counted


def test_an_accepted_finding_is_suppressed_everywhere_and_counts_nowhere() -> None:
    report = present(PLANS["sick"])
    assert report.counts["FAIL"] == 1
    run = json.loads(render(report, "sarif"))["runs"][0]
    (held,) = [result for result in run["results"] if result["ruleId"] == "CCM042"]
    assert held["suppressions"] == [{"kind": "external", "justification": "known (ops, until 2027-01-31)"}]
    for form in ("html", "md", "csv", "junit", "json"):
        assert "known (ops, until 2027-01-31)" in render(report, form).replace("\\", "")
