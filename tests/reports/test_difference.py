"""What became of the findings between two reports."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.reports import worlds
from upgrader.model.finding import Finding
from upgrader.report.difference import difference, render_difference
from upgrader.report.paper import Paper


def codes(findings: tuple[Finding, ...]) -> list[str]:
    return [one.code for one in findings]


OLD = worlds.plan(findings=(worlds.finding("CCM001"), worlds.finding("CCM002", "FAIL"), worlds.finding("CCM003")))
NEW = worlds.plan(
    findings=(
        worlds.finding("CCM001"),
        worlds.finding("CCM003", "FAIL"),
        worlds.finding("CCM004"),
        worlds.accepted("CCM042"),
    )
)


def test_new_fixed_changed_still_and_suppressed() -> None:
    found = difference(OLD, NEW)
    assert codes(found.appeared) == ["CCM004"]
    assert codes(found.fixed) == ["CCM002"]
    assert [(was.outcome, now.outcome) for was, now in found.changed] == [("WARN", "FAIL")]
    assert codes(found.still) == ["CCM001"]
    assert codes(found.suppressed) == ["CCM042"]
    assert found.differs


def test_the_same_report_differs_in_nothing() -> None:
    found = difference(OLD, OLD)
    assert not found.differs
    assert len(found.still) == 3


def test_a_finding_that_somebody_accepted_since_is_not_fixed() -> None:
    before = worlds.plan(findings=(worlds.finding("CCM042", "FAIL", "old"),))
    after = worlds.plan(findings=(worlds.accepted("CCM042"),))
    found = difference(before, after)
    assert codes(found.fixed) == []
    assert codes(found.suppressed) == ["CCM042"]


def test_what_could_not_be_judged_again_is_not_fixed() -> None:
    before = worlds.plan(findings=(worlds.finding("CCM002", "FAIL"), worlds.finding("CCM001")))
    checks = tuple(replace(one, state="unknown") if one.code == "CCM002" else one for one in before.checks)
    found = difference(before, replace(worlds.plan(), checks=checks))
    assert (codes(found.fixed), codes(found.unjudged)) == (["CCM001"], ["CCM002"])
    assert "1 not judged any more" in render_difference(found, Paper())
    assert difference(before, replace(before, findings=before.findings[1:], checks=checks)).differs


def test_two_clusters_of_one_name_are_two() -> None:
    other = replace(OLD, cluster=replace(OLD.cluster, id="c2"))
    assert "these are reports of two clusters" in render_difference(difference(OLD, other), Paper())
    assert "these are reports of two clusters" not in render_difference(difference(OLD, NEW), Paper())


FINDINGS = st.lists(
    st.builds(
        worlds.finding, st.sampled_from(["CCM001", "CCM002"]), st.sampled_from(["FAIL", "WARN"]), st.sampled_from("abc")
    ),
    max_size=8,
)


@given(FINDINGS, FINDINGS)
def test_every_finding_is_told_once(old: list[Finding], new: list[Finding]) -> None:
    found = difference(worlds.plan(findings=tuple(old)), worlds.plan(findings=tuple(new)))
    assert len(found.appeared) + len(found.changed) + len(found.still) == len(new)
    assert len(found.fixed) + len(found.changed) + len(found.still) == len(old)
    back = difference(worlds.plan(findings=tuple(new)), worlds.plan(findings=tuple(old)))
    assert len(back.appeared) == len(found.fixed)


def test_it_is_told_with_the_tally_first() -> None:
    text = render_difference(difference(OLD, NEW), Paper(width=80))
    assert "1 new, 1 fixed, 1 changed, 1 still, 1 suppressed" in text.splitlines()[2]
    assert "WARN → FAIL CCM003" in text
