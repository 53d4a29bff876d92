"""No secret reaches an output. A sample of the scenarios; `CCM_UPGRADE_EVERY_SCENARIO=1` takes them all."""

from __future__ import annotations

import json
import logging
import os
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.secrets import PLANTED, leaks, outputs, plant
from tests.fleet.lab_fleet import STRATEGY, command, environment
from upgrader.lab.lab import Lab
from upgrader.lab.scenario import all_scenarios, load_scenario

SAMPLE = ("dedicated-flannel", "upgrade-deployment", "faq-ram-denied")
# But for the one whose upgrade never ends.
EVERY = tuple(one.name for one in all_scenarios() if one.clusters and one.name != "addon-endless")


@pytest.mark.parametrize("name", EVERY if os.environ.get("CCM_UPGRADE_EVERY_SCENARIO") else SAMPLE)
def test_no_secret_reaches_an_output(
    start: Start, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk = start(name)
    plant(desk, monkeypatch)
    folder = tmp_path / "out"
    folder.mkdir()

    # What libraries log when somebody asks them to tell everything counts too.
    with caplog.at_level(logging.DEBUG):
        told = [*outputs(desk, folder, monkeypatch), ("log", caplog.text)]

    found = leaks(told)
    assert not found, "\n".join(found)
    files = {Path(where).name for where, _ in told if where.startswith("/")}
    assert {"facts.json", "plan.json", "plan.json.html", "facts.json.sarif"} <= files
    # What would find them does: the lab itself keeps them all.
    assert len(leaks([("lab", json.dumps(PLANTED))])) == len(PLANTED)


@pytest.mark.slow
def test_no_secret_reaches_what_a_fleet_leaves_behind(tmp_path: Path) -> None:
    with Lab(load_scenario("dedicated-flannel")) as lab:
        (tmp_path / "strategy.yaml").write_text(STRATEGY.format(failures=1, parallel=1), encoding="utf-8")
        told = []
        for argv in (("plan", "--strategy", "strategy.yaml", "--account", "-o", "fleet.json"),
                     ("apply", "fleet.json", "--yes", "--accept-unknown"), ("status", "-o", "json"),
                     ("emit", "fleet.json"), ("doctor",)):  # fmt: skip
            done = subprocess.run(
                command(lab, tmp_path, "fleet", *argv), env=environment(lab, tmp_path), cwd=tmp_path, text=True,
                capture_output=True, timeout=300, check=False,
            )  # fmt: skip
            told.append((" ".join(argv), done.stdout + done.stderr))
        told += [(str(p), p.read_bytes().decode(errors="replace")) for p in tmp_path.rglob("*") if p.is_file()]
        found = leaks(told)
    assert not found, "\n".join(found)
    assert len(told) > 10
