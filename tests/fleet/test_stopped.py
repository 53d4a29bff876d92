"""Ctrl-C and SIGTERM leave a run that goes on, and each cluster is upgraded once; the work on it imports nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.lab_fleet import STRATEGY, WitnessedLab, command, environment, ran, status_of
from upgrader.lab.fleet import fleet

CLUSTERS = 7

# What threads import first, others find half made: so the job imports it all before they start.
IMPORTS = """
import json, sys
from pathlib import Path
from upgrader.cli.fleet_job import LiveJob
from upgrader.fleet.inventory.sources import of_kubeconfig
from upgrader.fleet.model import ClusterPlan
from upgrader.fleet.strategy import load_strategy
from upgrader.fleet.tables import Claim
class Watch:
    def step(self, name, **more): pass
    def say(self, text): pass
    def stop_asked(self): return False
job, strategy = LiveJob(Path(sys.argv[1]), endpoint=sys.argv[2]), load_strategy(Path("s.yaml"))
before = set(sys.modules)
one = of_kubeconfig(Path(sys.argv[3]))[0]
job.plan(one, strategy)
claim = Claim(run="r", member=one, wave="w", attempt=1, fence=1, plan="", cluster_run="", approved=())
print(json.dumps([job.upgrade(claim, strategy, Watch()).state, sorted(set(sys.modules) - before)]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stopped")


@pytest.fixture(scope="module")
def lab(folder: Path) -> Iterator[WitnessedLab]:
    lab = WitnessedLab(fleet(clusters=CLUSTERS, services=1, seed=2))
    with lab:
        (folder / "s.yaml").write_text(STRATEGY.format(failures=4, parallel=2))
        made = ran(lab, folder, "fleet", "plan", "--strategy", "s.yaml", "--account", "--kubeconfig",
                   str(lab.kubeconfig), "-o", "fleet.json")  # fmt: skip
        assert (folder / "fleet.json").exists(), made.stderr
        yield lab


def stopped(lab: WitnessedLab, folder: Path, number: signal.Signals, *args: str) -> int:
    """The exit code of a command that gets a signal as soon as it has written to a cluster."""
    before = len(lab.written)
    process = subprocess.Popen(command(lab, folder, *args), env=environment(lab, folder), cwd=folder,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    while len(lab.written) < before + 4 and process.poll() is None:
        threading.Event().wait(0.02)
    process.send_signal(number)
    return process.wait(120)


def test_a_run_that_is_stopped_twice_upgrades_each_cluster_once(lab: WitnessedLab, folder: Path) -> None:
    assert stopped(lab, folder, signal.SIGINT, "fleet", "apply", "fleet.json", "--yes", "--slots", "2") == 130
    first = status_of(lab, folder)
    assert (first["state"], first["budget"]["failed"]) == ("RUNNING", 0)
    assert stopped(lab, folder, signal.SIGTERM, "fleet", "resume", first["id"], "--slots", "2") == 130
    second = status_of(lab, folder)
    assert (second["state"], second["budget"]["failed"]) == ("RUNNING", 0)
    assert first["totals"].get("succeeded", 0) <= second["totals"].get("succeeded", 0) < CLUSTERS
    ended = ran(lab, folder, "fleet", "resume", first["id"], "--slots", "2", "-o", "json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["totals"] == {"succeeded": CLUSTERS}
    asked = lab.cloud.journal.requests(product="cs", actions=("UpgradeClusterAddons",))
    assert set(Counter(one.params["ClusterId"] for one in asked).values()) == {1}


def test_the_work_on_a_cluster_imports_nothing(lab: WitnessedLab, folder: Path) -> None:
    argv = [sys.executable, "-c", IMPORTS, str(folder / "other"), lab.url, str(lab.kubeconfig)]
    found = subprocess.run(argv, env=environment(lab, folder), cwd=folder, capture_output=True, text=True,
                           timeout=120, check=False)  # fmt: skip
    assert found.returncode == 0, found.stderr
    state, imported = json.loads(found.stdout.splitlines()[-1])
    assert state == "succeeded"
    assert [one for one in imported if one.startswith("upgrader")] == []
