"""`kubectl ccm-upgrade`: the real kubectl finds the program by its name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

KUBECTL = shutil.which("kubectl")
WORLD = Path(__file__).parent / "golden" / "worlds" / "demo.json"


@pytest.mark.skipif(KUBECTL is None, reason="needs kubectl on the PATH")
def test_kubectl_runs_it_with_its_exit_code(tmp_path: Path) -> None:
    assert KUBECTL is not None
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    done = subprocess.run(
        [KUBECTL, "ccm-upgrade", "check", "-f", str(WORLD), "--to", "v2.14.0"],
        env={**os.environ, "PATH": path, "HOME": str(tmp_path), "CCM_UPGRADE_LANG": "en"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "4 of 4 LoadBalancer Services judged" in done.stdout, done.stderr
    assert done.returncode == 3
