"""How checks end, and what the assessment says of the whole."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any, cast

import pytest

from tests.cases.world import Case, context_of
from upgrader.assess.assess import judge
from upgrader.assess.check import TIMELESS, Check, run_check
from upgrader.assess.checks import service_events
from upgrader.assess.registry import CHECKS
from upgrader.migrations.context import Context
from upgrader.model.finding import Assessment, CheckRun, Coverage, Finding, Outcome, Subject, Verdict


def test_a_check_that_raises_is_broken_and_tells_its_error() -> None:
    def explode(context: Context) -> Iterable[Finding]:
        raise ZeroDivisionError("oops")

    broken = ModuleType("broken")
    broken.__dict__.update(vars(service_events), find=explode)
    run, findings = run_check(cast(Check, broken), context_of(Case(name="x")))
    assert (run.state, findings) == ("broken", ())
    assert "ZeroDivisionError: oops" in run.reason


def test_a_gap_makes_a_check_unknown_never_green() -> None:
    facts = {"gaps": [{"area": "services", "call": "list services", "why": "denied"}]}
    assessment = judge(context_of(Case(name="x", facts=facts)))
    states = {run.code: run.state for run in assessment.checks}
    assert states["CCM050"] == "unknown"
    assert assessment.verdict == "UNKNOWN"
    assert assessment.coverage.gaps == ("services could not be read: list services denied",)


def test_a_version_that_was_said_fills_the_gap() -> None:
    facts: dict[str, Any] = {"gaps": [{"area": "ccm", "call": "get daemonset", "why": "absent"}]}
    assert judge(context_of(Case(name="x", facts=facts))).verdict == "READY"
    facts["ccm"] = {"version": ""}
    assert judge(context_of(Case(name="x", facts=facts))).verdict == "UNKNOWN"


def test_coverage_counts_what_was_judged() -> None:
    facts = {"unreadable": {"default/odd": "broken"}}
    healthy = context_of(Case(name="x", facts=facts, forecast=[{"namespace": "default", "name": "web"}]))
    assert judge(healthy).coverage == Coverage(services=1, judged=1, unreadable=1, skipped=0)
    unknown = context_of(Case(name="x", forecast=[{"namespace": "default", "name": "web", "unknown": ["x"]}]))
    assert judge(unknown).coverage == Coverage(services=1, judged=0, unreadable=0, skipped=1)


def finding(outcome: Outcome, **more: Any) -> Finding:
    base: dict[str, Any] = {
        "code": "CCM001", "effect": "NONE", "subject": Subject(kind="Cluster"), "message": "m", "outcome": outcome,
    }  # fmt: skip
    return Finding(**{**base, **more})


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ((), "READY"),
        ((finding("NOTE"),), "READY"),
        ((finding("WARN"),), "WARNINGS"),
        ((finding("UNKNOWN"), finding("WARN")), "UNKNOWN"),
        ((finding("FAIL"), finding("UNKNOWN")), "BLOCKED"),
        ((finding("FAIL", waived="because"),), "WARNINGS"),
        ((finding("FAIL", fixed_by="step"),), "WARNINGS"),
        ((finding("UNKNOWN", waived="because"),), "WARNINGS"),
        ((finding("FAIL", waived="because"), finding("FAIL")), "BLOCKED"),
    ],
)
def test_the_verdict(findings: tuple[Finding, ...], verdict: Verdict) -> None:
    assert Assessment(findings=findings, checks=(), coverage=Coverage()).verdict == verdict


def test_a_broken_check_is_never_ready() -> None:
    broken = CheckRun(code="CCM001", title="t", state="broken")
    assert Assessment(findings=(), checks=(broken,), coverage=Coverage()).verdict == "UNKNOWN"


def test_what_is_newer_than_the_data_is_not_guessed() -> None:
    for case in (Case(name="x", to="v9.0.0"), Case(name="x", source="v9.0.0")):
        assessment = judge(context_of(case))
        assert assessment.verdict == "UNKNOWN"
        assert {finding.outcome for finding in assessment.findings} == {"UNKNOWN"}
        judged = {run.code for run in assessment.checks if run.state != "unknown"}
        assert judged == TIMELESS - {"CCM081"}


def test_of_services_that_nobody_could_read_no_check_is_skipped() -> None:
    """The oldest hole of all: without Services each check would say that it concerns none."""
    gap = {"area": "services", "call": "list services", "why": "denied"}
    runs = judge(context_of(Case(name="x", facts={"gaps": [gap], "services": []}))).checks
    asking = {check.CODE for check in CHECKS if "services" in check.NEEDS}
    assert {run.code for run in runs if run.state == "unknown"} >= asking


def test_a_service_that_is_only_cleaned_up_after_is_judged() -> None:
    """Of another type by now, it still holds CCM's finalizer: the target deletes its load balancer."""
    leftover = {"namespace": "default", "name": "web", "unknown": ["the CLBs were not read"]}
    context = context_of(Case(name="x", facts={"services": []}, forecast=[leftover]))
    states = {run.code: run.state for run in judge(context).checks}
    assert (states["CCM052"], states["CCM059"]) == ("pass", "unknown")
