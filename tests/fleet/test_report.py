"""The fleet's report and drift: every cluster, check, failure and cause is there, in every format."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.fleet.test_ledger import HeldClock
from tests.fleet.test_strategy import fleet
from upgrader.fleet.admission import Admission
from upgrader.fleet.control import Control
from upgrader.fleet.drift import Expected, compare, drift_of
from upgrader.fleet.job import Outcome, Watch
from upgrader.fleet.ledger import Ledger
from upgrader.fleet.model import ClusterPlan, Found, Member
from upgrader.fleet.planning import FleetPlan
from upgrader.fleet.reporting import report_of_plan, report_of_run
from upgrader.fleet.strategy import BudgetSpec, Strategy, WaveSpec
from upgrader.fleet.tables import Claim
from upgrader.fleet.waves import waves_of
from upgrader.model.errors import TransientError
from upgrader.model.plan import Plan
from upgrader.report.fleet import FLEET_FORMATS, FleetReport

TITLES = {"CCM009": "The policy allows all that is asked", "CCM050": "No Service is synced in full"}
HOSTILE = '=cmd()|"><script>alert(1)</script>\u202e'
STRATEGY = Strategy(
    target="v2.14.0",
    name="prod",
    waves=(WaveSpec(name="canary", count=2, gate=True, soak="30m"), WaveSpec(name="rest", rest=True)),
    budget=BudgetSpec(failures=4),
)


def plan_of(count: int = 8) -> FleetPlan:
    members = (replace(fleet(count)[0], name=HOSTILE), *fleet(count)[1:])
    judged = tuple(
        ClusterPlan(id=m.id, verdict="UNKNOWN", error="the API does not answer")
        if number == 3
        else ClusterPlan(
            id=m.id, verdict="WARNINGS", from_version="v2.10.0", to_version="v2.14.0", steps=("ccm-v2.14.0",),
            findings=(Found(code="CCM050", outcome="WARN", count=2),) if number % 2 else (), settled=("CCM009",),
        )
        for number, m in enumerate(members)
    )  # fmt: skip
    return FleetPlan(strategy=STRATEGY, members=members, waves=waves_of(members, STRATEGY), clusters=judged,
                     created="2026-11-24T12:00:00Z")  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> Iterator[FleetReport]:
    made, ledger = plan_of(), Ledger(f"sqlite:///{tmp_path}/fleet.db", HeldClock())
    ledger.create("r1", made.strategy, made.members, made.waves, made.clusters)
    Control(ledger).decide("r1", "canary", approve=True, who="ann", why="tested in staging")
    claim = Admission(ledger).claim("r1", "w")
    assert claim is not None
    assert claim.approved == ("ccm-v2.14.0",)
    Admission(ledger).progress(claim, "step 1 of 1")
    Admission(ledger).finish(claim, "rolled-back", "ImagePullBackOff")
    yield report_of_run(ledger, "r1", TITLES)
    ledger.close()


def test_a_run_tells_what_failed_why_and_what_is_left(run: FleetReport) -> None:
    assert [(one.why, one.clusters) for one in run.failed] == [("ImagePullBackOff", (HOSTILE,))]
    assert sum(len(one.clusters) for one in run.left) == 7
    assert run.clusters[0].state == "rolled-back"
    assert [(w.name, w.state, w.totals) for w in run.waves] == [
        ("canary", "running", {"rolled-back": 1, "waiting": 1}), ("rest", "waiting", {"waiting": 6}),
    ]  # fmt: skip
    assert (run.danger, run.allowed) == (1, 4)
    assert [(one.who, one.what, one.wave, one.why) for one in run.decisions] == [
        ("ann", "approve", "canary", "tested in staging")
    ]


def test_the_heat_map_says_unknown_for_a_cluster_that_was_not_judged(run: FleetReport) -> None:
    cells = {row.id: (row.cell("CCM009"), row.cell("CCM050")) for row in run.clusters}
    assert cells["c0003"] == ("UNKNOWN", "UNKNOWN")
    assert cells["c0001"] == ("settled", "WARN")
    assert cells["c0002"] == ("settled", "")
    by_code = {check.code: check.clusters for check in run.checks}
    assert by_code == {"CCM009": {"UNKNOWN": 1, "settled": 7}, "CCM050": {"UNKNOWN": 1, "WARN": 3}}


def test_every_format_has_every_cluster_and_no_markup_of_theirs(run: FleetReport) -> None:
    rendered = {name: render(run) for name, render in FLEET_FORMATS.items()}
    whole = json.loads(rendered["json"])
    assert (whole["kind"], whole["apiVersion"], len(whole["clusters"])) == ("FleetReport", "ccm-upgrade/v1", 8)
    rows = list(csv.DictReader(io.StringIO(rendered["csv"])))
    assert {row["id"] for row in rows} == {one.id for one in fleet(8)}
    assert rows[0]["name"].startswith("'=cmd()")
    assert (rows[0]["state"], rows[0]["error"], rows[0]["CCM009"]) == ("rolled-back", "ImagePullBackOff", "settled")
    assert "<script>alert" not in rendered["html"] + rendered["md"]
    assert "\u202e" not in rendered["html"] + rendered["md"]
    assert "1 rolled-back" in rendered["md"]


def test_a_plan_has_a_report_too() -> None:
    report = report_of_plan(plan_of(), TITLES)
    assert (report.state, report.totals, report.verdicts) == ("PLANNED", {"waiting": 8}, {"UNKNOWN": 1, "WARNINGS": 7})
    assert [one.why for one in report.left] == ["", "the API does not answer"]


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_a_phone_and_has_no_serious_accessibility_finding(
    run: FleetReport, tmp_path: Path, width: int
) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright, part of the test extra")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe, part of the test extra").Axe()
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs a chromium on the PATH (Debian: apt-get install chromium)")
    path = tmp_path / "fleet.html"
    path.write_text(FLEET_FORMATS["html"](run))
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": width, "height": 900})
        errors: list[str] = []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_label("State", exact=True).last.select_option("rolled-back")
        page.locator("#shown").filter(has_text="1 of 8 clusters").wait_for()
        assert errors == []
        # axe is injected as a script, which the page's own policy rightly forbids: it is bypassed for this look only.
        looked = browser.new_context(viewport={"width": width, "height": 900}, bypass_csp=True, offline=True).new_page()
        looked.goto(path.as_uri())
        found: list[Any] = [v for v in axe.run(looked).response["violations"] if v["impact"] in ("serious", "critical")]
        assert found == []
        browser.close()


class Looks:
    """Nobody answers; what was upgraded is sick."""

    def __init__(self, sick: str = "") -> None:
        self.sick = sick

    def plan(self, member: Member, strategy: Strategy) -> Plan:
        raise TransientError(f"the API of {member.id} does not answer")

    def verify(self, member: Member, cluster_run: str) -> str:
        return self.sick

    def share(self, strategy: Strategy, workers: int) -> None:
        raise AssertionError("no worker here")

    def upgrade(self, claim: Claim, strategy: Strategy, watch: Watch) -> Outcome:
        raise AssertionError("drift only reads")


def test_drift_names_versions_and_findings_that_moved() -> None:
    before = ClusterPlan(id="c", verdict="READY", from_version="v2.10.0", to_version="v2.14.0",
                         findings=(Found(code="CCM050", outcome="WARN"),))  # fmt: skip
    now = ClusterPlan(id="c", verdict="BLOCKED", from_version="v2.11.1", to_version="v2.14.0",
                      findings=(Found(code="CCM055", outcome="FAIL"),))  # fmt: skip
    planned = Expected(member=Member(id="c"), judged=before)
    assert compare(planned, before) == ()
    assert compare(planned, now) == ("CCM v2.10.0 is now v2.11.1", "new: CCM055 FAIL", "gone: CCM050 WARN")
    upgraded = replace(planned, state="succeeded")
    assert compare(upgraded, replace(now, from_version="v2.14.0")) == ()
    assert compare(upgraded, before) == ("CCM v2.14.0 is now v2.10.0",)


def test_a_cluster_that_does_not_answer_is_unknown_and_not_drifted() -> None:
    expected = [Expected(member=one, judged=ClusterPlan(id=one.id, verdict="READY")) for one in fleet(2)]
    found = drift_of(expected, STRATEGY, Looks(), parallel=2)
    assert [(one.outcome, one.changes) for one in found] == [
        ("unknown", ("the API of c0000 does not answer",)), ("unknown", ("the API of c0001 does not answer",)),
    ]  # fmt: skip


def test_ids_of_requests_make_no_two_causes_and_versions_move_on(tmp_path: Path) -> None:
    made, ledger = plan_of(), Ledger(f"sqlite:///{tmp_path}/fleet.db", HeldClock())
    ledger.create("r1", made.strategy, made.members, made.waves, made.clusters)
    Control(ledger).decide("r1", "canary", approve=True, who="ann", why="tested in staging")
    for end in ("4B204B90-4F29-C140-8B69-31007E6392EC", "5DBA756A-F5F2-CACE-0CA0-60C30F89EC66"):
        claim = Admission(ledger).claim("r1", "w")
        assert claim is not None
        Admission(ledger).finish(claim, "rolled-back", f"refused (NodeNotReady: no, request {end})")
    Control(ledger).retry_failed("r1", who="ann", why="again")
    claim = Admission(ledger).claim("r1", "w")
    assert claim is not None
    Admission(ledger).finish(claim, "succeeded")
    claim = Admission(ledger).claim("r1", "w")
    assert claim is not None
    Admission(ledger).finish(
        claim, "rolled-back", "refused (NodeNotReady: no, request 4B204B90-4F29-C140-8B69-31007E6392EC)"
    )
    report = report_of_run(ledger, "r1", TITLES)
    assert [one.why for one in report.failed] == ["refused (NodeNotReady: no)"]
    assert report.versions == {"v2.10.0": 8}
    assert report.versions_now == {"v2.10.0": 7, "v2.14.0": 1}
    assert report.all_versions == ("v2.10.0", "v2.14.0")
    ledger.close()


def test_an_account_that_could_not_be_read_is_in_every_page() -> None:
    report = report_of_plan(replace(plan_of(), unread={"ops": "denied"}), TITLES)
    for name in ("html", "md"):
        assert "The account ops could not be read" in FLEET_FORMATS[name](report), name
    assert json.loads(FLEET_FORMATS["json"](report))["unread"] == {"ops": "denied"}
