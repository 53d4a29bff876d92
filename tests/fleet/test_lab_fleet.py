"""A small lab fleet, some of it sick, from plan to report by the real commands: a sample of benchmarks/fleet_lab."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.lab_fleet import STRATEGY, WitnessedLab, most_in_danger, ran, status_of
from upgrader.lab.fleet import fleet

BUDGET = 4
CONTRACT = {"apiVersion", "kind", "id", "state", "waves", "totals", "budget"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fleet")


@pytest.fixture(scope="module")
def lab(folder: Path) -> Iterator[WitnessedLab]:
    lab = WitnessedLab(fleet(clusters=9, services=1, seed=3, sick_percent=25))
    with lab:
        (folder / "s.yaml").write_text(STRATEGY.format(failures=BUDGET, parallel=6))
        made = ran(lab, folder, "fleet", "plan", "--strategy", "s.yaml", "--account", "--kubeconfig",
                   str(lab.kubeconfig), "-o", "fleet.json")  # fmt: skip
        assert (folder / "fleet.json").exists(), made.stderr
        assert lab.written == [], "a plan only reads"
        applied = ran(lab, folder, "fleet", "apply", "fleet.json", "--yes", "-o", "json")
        assert applied.returncode in (7, 8), applied.stderr
        yield lab


def test_the_budget_held_at_every_instant_and_every_cluster_has_its_end(lab: WitnessedLab, folder: Path) -> None:
    status = status_of(lab, folder)
    clusters = [one for wave in status["waves"] for one in wave["clusters"]]
    sick = {one.name for one in lab.scenario.clusters if one.broken_images or one.edits or one.addon.precheck
            or one.addon.outcome != "success" or one.ram.missing}  # fmt: skip
    assert len(clusters) == 9
    assert 0 < most_in_danger(lab, status) <= BUDGET
    for one in clusters:
        if one["name"] not in sick:
            assert one["state"] == "succeeded", one
        elif one["state"] != "succeeded":  # what the plan itself mends is no illness any more
            assert one["error"], one
    assert sum(one["state"] != "succeeded" for one in clusters) > 0


def test_status_has_the_shape_of_the_contract(lab: WitnessedLab, folder: Path) -> None:
    status = status_of(lab, folder)
    assert status.keys() >= CONTRACT
    assert (status["kind"], status["apiVersion"], status["state"]) == ("FleetRun", "ccm-upgrade/v1", "FAILED")
    for wave in status["waves"]:
        assert {"name", "state", "clusters"} <= wave.keys()
        for one in wave["clusters"]:
            assert {"id", "name", "state", "step", "error"} <= one.keys()
    assert {"allowed", "failed", "in_flight"} <= status["budget"].keys()
    assert sum(status["totals"].values()) == 9
    assert status["budget"]["allowed"] == BUDGET


def test_a_second_apply_of_one_plan_is_refused_with_its_run(lab: WitnessedLab, folder: Path) -> None:
    before = len(lab.written)
    again = ran(lab, folder, "fleet", "apply", "fleet.json", "--yes")
    assert again.returncode == 6
    assert f"ccm-upgrade fleet resume {status_of(lab, folder)['id']}" in again.stderr
    assert len(lab.written) == before


def test_report_and_drift_only_read(lab: WitnessedLab, folder: Path) -> None:
    before, asked = len(lab.written), lab.cloud.journal.last_seq
    told = ran(lab, folder, "fleet", "report", "--out", "html=fleet.html", "--format", "json")
    assert told.returncode == 0, told.stderr
    report = json.loads(told.stdout)
    assert (report["kind"], len(report["clusters"])) == ("FleetReport", 9)
    assert report["failed"] or report["left"]
    assert (folder / "fleet.html").read_text().startswith("<!doctype html>")
    drift = ran(lab, folder, "fleet", "drift", "-o", "json")
    found = json.loads(drift.stdout)
    assert drift.returncode == (2 if found["drifted"] else 5 if found["unknown"] else 0)
    assert len(found["clusters"]) == 9
    assert len(lab.written) == before
    assert lab.cloud.journal.requests(since=asked, writes=True) == ()


def test_the_account_of_a_role_is_listed_with_a_session_of_it(lab: WitnessedLab, folder: Path) -> None:
    role = next(iter(lab.cloud.world.ram.roles.values())).name
    listed = ran(lab, folder, "fleet", "plan", "--strategy", "s.yaml", "--list", "-o", "json",
                 "--assume-role", f"acs:ram::1234567890123456:role/{role}")  # fmt: skip
    assumed = [one for one in lab.cloud.journal.requests(product="sts") if one.action == "AssumeRole"]
    assert len(assumed) == 1
    assert assumed[0].params["RoleArn"].endswith(f":role/{role}")
    # The role may or may not list clusters; the answer is about the role's own session either way.
    asked = [one for one in lab.cloud.journal.requests(actions=("DescribeClustersV1",)) if role in one.caller]
    assert asked, listed.stderr
    wrong = ran(lab, folder, "fleet", "plan", "--strategy", "s.yaml", "--list", "--assume-role", "admin")
    assert (wrong.returncode, "no ARN of a role" in wrong.stderr) == (64, True)
