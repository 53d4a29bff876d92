"""Every manifest is accepted by a Kubernetes API that `kubectl apply --dry-run=server` asks."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from tests.fleet.test_shards import planned
from upgrader import codec
from upgrader.cli.main import app
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
    plan, file = tmp_path / "fleet.json", tmp_path / "job.yaml"
    plan.write_text(codec.pretty(planned(7)))
    emitted = CliRunner().invoke(app, ["fleet", "emit", "job", str(plan), "--wave", "all", "--image", "i:1",
                                       "--kubeconfigs", "clusters"])  # fmt: skip
    assert emitted.exit_code == 0, emitted.output
    file.write_text(emitted.stdout)
    dry = kubectl(lab, tmp_path, "apply", "--dry-run=server", "-f", str(file))
    assert dry.returncode == 0, dry.stderr
    assert "configmap/ccm-upgrade-all created (server dry run)" in dry.stdout
    assert "job.batch/ccm-upgrade-all created (server dry run)" in dry.stdout


@pytest.mark.parametrize("name", ["job.yaml", "cronjob.yaml"])
def test_the_manifests_of_the_whole_fleet(lab: Lab, tmp_path: Path, name: str) -> None:
    kubectl(lab, tmp_path, "apply", "-f", str(DEPLOY / "rbac.yaml"))
    dry = kubectl(lab, tmp_path, "apply", "--dry-run=server", "-f", str(DEPLOY / name))
    assert dry.returncode == 0, dry.stderr
    assert "created (server dry run)" in dry.stdout
    documents = list(yaml.safe_load_all((DEPLOY / name).read_text()))
    pods = [find_pod(one) for one in documents if one["kind"] in ("Job", "CronJob")]
    assert pods
    for pod in pods:
        assert pod["serviceAccountName"] == "ccm-upgrade"
        assert pod["securityContext"]["runAsNonRoot"] is True
        (container,) = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        # The command is one that exists, with its options.
        parsed = CliRunner().invoke(app, [*container["args"], "--help"])
        assert parsed.exit_code == 0, parsed.output


def find_pod(manifest: dict[str, Any]) -> dict[str, Any]:
    """The pod of a Job or a CronJob."""
    spec = manifest["spec"]
    pod: dict[str, Any] = spec.get("jobTemplate", {}).get("spec", spec)["template"]["spec"]
    return pod
