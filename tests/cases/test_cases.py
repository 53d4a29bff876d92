"""Each check and migration on its cases, as data: facts that make one thing sick → findings by code and subject."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases.world import Case, case_files, context_of
from upgrader.assess.check import run_check
from upgrader.assess.registry import CHECKS, find_check
from upgrader.model.finding import Finding

FILES = case_files()
ALL = [pytest.param(file.code, case, id=f"{name}: {case.name}") for name, file in FILES.items() for case in file.cases]


@pytest.mark.parametrize(("code", "case"), ALL)
def test_the_check_finds_what_the_case_expects(code: str, case: Case) -> None:
    check = find_check(code)
    assert check is not None
    run, findings = run_check(check, context_of(case))
    assert run.state != "broken", run.reason
    assert all(finding.code == code for finding in findings)
    seen = sorted((finding.outcome, str(finding.subject)) for finding in findings)
    assert seen == sorted((one.outcome, one.subject) for one in case.expect), [f.message for f in findings]
    for one in case.expect:
        assert any(_matches(finding, one.outcome, one.subject, one.says, one.effect) for finding in findings), (
            one,
            [(f.effect, f.message) for f in findings],
        )
    if case.state:
        assert run.state == case.state, run.reason


def _matches(finding: Finding, outcome: str, subject: str, says: str, effect: str) -> bool:
    return (
        (finding.outcome, str(finding.subject)) == (outcome, subject)
        and says in finding.message
        and effect in ("", finding.effect)
    )


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.CODE)
def test_every_check_is_silent_in_the_healthy_world(check: Any) -> None:
    found = find_check(check.CODE)
    assert found is not None
    run, findings = run_check(found, context_of(Case(name="healthy")))
    assert (run.state in ("pass", "skipped"), findings) == (True, ()), run.reason


def test_every_check_has_cases_that_make_it_speak() -> None:
    speaking = {file.code for file in FILES.values() if any(case.expect for case in file.cases)}
    assert speaking == {check.CODE for check in CHECKS}
