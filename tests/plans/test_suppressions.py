"""Suppressions hold back what they name until their day, and say so; they never hide that they do."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrader.model.errors import InputError
from upgrader.model.facts import ClusterIdentity
from upgrader.model.finding import Assessment, CheckRun, Coverage, Finding, Subject
from upgrader.plan.suppressions import CODE, Match, Policy, Suppression, Suppressions, read_suppressions, suppressed

TODAY = date(2026, 11, 24)
CLUSTER = ClusterIdentity(id="c1a2", name="prod-hz")


def finding(code: str = "CCM021", name: str = "web-1", namespace: str = "prod", **more: object) -> Finding:
    subject = Subject(kind=str(more.pop("kind", "Service")), namespace=namespace, name=name)
    return Finding(code=code, outcome="FAIL", effect="NONE", subject=subject, message="m", **more)  # type: ignore[arg-type]


def entry(code: str = "CCM021", days: int = 30, **match: str) -> Suppression:
    return Suppression(
        code=code, reason="INC-1", owner="net-team", expires=TODAY + timedelta(days), match=Match(**match)
    )


def judged(*findings: Finding, entries: tuple[Suppression, ...], policy: Policy | None = None) -> Assessment:
    checks = (CheckRun(code="CCM021", title="t", state="found", found=len(findings)),)
    before = Assessment(findings=findings, checks=checks, coverage=Coverage())
    return suppressed(before, Suppressions(entries=entries, policy=policy or Policy(), today=TODAY), CLUSTER)


def notices(assessment: Assessment) -> list[str]:
    return [one.message for one in assessment.findings if one.code == CODE]


def test_a_suppressed_finding_stays_and_says_who_until_when() -> None:
    after = judged(finding(), entries=(entry(),))
    assert [f.waived for f in after.findings] == ["INC-1 (net-team, until 2026-12-24)"]
    assert after.verdict == "WARNINGS"
    assert notices(after) == []
    assert after.checks[-1].code == CODE
    assert after.checks[-1].state == "pass"


@pytest.mark.parametrize(
    ("match", "covered"),
    [
        ({"namespace": "prod", "service": "web-*"}, True),
        ({"service": "api-*"}, False),
        ({"namespace": "test"}, False),
        ({"cluster": "c1*"}, True),
        ({"cluster": "prod-*"}, True),
        ({"cluster": "other"}, False),
        ({"name": "web-1"}, True),
        ({}, True),
    ],
)
def test_whom_an_entry_matches(match: dict[str, str], covered: bool) -> None:
    assert bool(judged(finding(), entries=(entry(**match),)).findings[-1].waived) is covered  # type: ignore[arg-type]


def test_service_means_a_service() -> None:
    role = finding(kind="RamPolicy", name="web-1", namespace="")
    assert not judged(role, entries=(entry(service="*"),)).findings[0].waived
    assert judged(role, entries=(entry(name="web-*"),)).findings[0].waived


@given(st.integers(-400, 180))
def test_it_holds_through_its_day_and_no_longer(days: int) -> None:
    after = judged(finding(), entries=(entry(days=days),))
    ours = next(f for f in after.findings if f.code == "CCM021")
    assert bool(ours.waived) is (days >= 0)
    assert bool(notices(after)) is (days < 0)


def test_an_expired_one_says_how_many_are_back() -> None:
    after = judged(finding(), finding(name="web-2"), entries=(entry(days=-1),))
    assert notices(after) == [".ccm-upgrade.yaml: CCM021 of net-team expired on 2026-11-23: 2 findings of it are back"]
    assert after.verdict == "BLOCKED"


def test_an_unused_one_warns() -> None:
    assert notices(judged(entries=(entry("CCM040"),))) == [".ccm-upgrade.yaml: CCM040 of net-team matches no finding"]


@pytest.mark.parametrize(
    ("more", "policy"), [({"waivable": False}, Policy()), ({}, Policy(non_suppressible=("CCM021",)))]
)
def test_some_can_not_be_suppressed(more: dict[str, object], policy: Policy) -> None:
    after = judged(finding(**more), entries=(entry(),), policy=policy)  # type: ignore[arg-type]
    assert not next(f for f in after.findings if f.code == "CCM021").waived
    assert "can't be suppressed" in notices(after)[0]
    assert after.verdict == "BLOCKED"


GOOD = """
suppress:
- code: CCM021
  match: {namespace: prod, service: "web-*", cluster: c1a2}
  reason: agreed with the LB team, INC-4711
  owner: net-team
  expires: 2027-01-31
policy: {non-suppressible: [CCM001]}
"""


def read(tmp_path: Path, text: str) -> Suppressions:
    path = tmp_path / ".ccm-upgrade.yaml"
    path.write_text(text, encoding="utf-8")
    return read_suppressions(path, TODAY)


def test_a_file_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD)
    assert found.entries[0].match == Match(cluster="c1a2", namespace="prod", service="web-*")
    assert found.policy.non_suppressible == ("CCM001",)
    assert read(tmp_path, "suppress: []").entries == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD.replace("owner:", "ownr:"), "yaml:6: unknown key 'ownr', did you mean 'owner'"),
        (GOOD.replace("  reason: agreed with the LB team, INC-4711\n", ""), "'reason' is missing"),
        (GOOD.replace("2027-01-31", "2028-01-31"), "more than 180 days ahead"),
        (GOOD.replace("2027-01-31", "soon"), "expires"),
        (GOOD.replace("net-team", '"  "'), "owner is empty"),
        (GOOD.replace("policy:", "polici:"), "unknown key 'polici'"),
        (GOOD.replace("non-suppressible", "none"), "policy:"),
        ("- a\n", "expected a mapping"),
        ("suppress: x\n", "expected a list"),
        ("suppress: [", "not valid YAML"),
    ],
)
def test_a_mistake_is_told_by_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, text)
    assert told in str(error.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't read the suppressions"):
        read_suppressions(tmp_path / "none.yaml", TODAY)


def test_a_policy_that_names_no_check_is_told() -> None:
    after = judged(entries=(), policy=Policy(non_suppressible=("CCM021", "CCM777")))
    assert notices(after) == [".ccm-upgrade.yaml: non-suppressible names CCM777, which no check has"]
