"""Every manifest is accepted by a Kubernetes API that `kubectl apply --dry-run=server` asks."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.fleet.test_shards import planned
from upgrader.fleet.shards import indexed_job
from upgrader.lab.lab import Lab
from upgrader.lab.scenario import load_scenario

DEPLOY = Path(__file__).parents[2] / "deploy"
pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(load_scenario("self-managed")) as lab:
        yield lab


def kubectl(lab: Lab, home: Path, *args: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "KUBECONFIG": str(lab.kubeconfig), "HOME": str(home)}
    return subprocess.run(["kubectl", *args], env=env, capture_output=True, text=True, check=False, timeout=60)


def test_rbac_then_job(lab: Lab, tmp_path: Path) -> None:
    real = kubectl(lab, tmp_path, "apply", "-f", str(DEPLOY / "rbac.yaml"))
    assert real.returncode == 0, real.stderr
    file = tmp_path / "job.yaml"
    file.write_text(yaml.safe_dump(indexed_job(planned(7), "all", image="i:1", namespace="ccm-upgrade",
                                               config_map="plan")))  # fmt: skip
    dry = kubectl(lab, tmp_path, "apply", "--dry-run=server", "-f", str(file))
    assert dry.returncode == 0, dry.stderr
    assert "job.batch/ccm-upgrade-all created (server dry run)" in dry.stdout
