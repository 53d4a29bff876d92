"""The README's first command: the whole job on the embedded lab, by the production commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from upgrader.cli.demo import demo


def test_the_story_is_told_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    before = dict(os.environ)

    result = CliRunner().invoke(demo, ["--out", str(tmp_path / "kept")], catch_exceptions=False)

    assert result.exit_code == 0
    said = result.output
    acts = ["1. Plan", "ROLLED_BACK, because step start-v2.14.0 failed", "SUCCEEDED: v2.14.0 leads now", "PASS:",
            "v1.9.3.239-g40d97e1-aliyun leads again", "6. Report"]  # fmt: skip
    places = [said.index(act) for act in acts]
    assert places == sorted(places)
    assert (tmp_path / "kept" / "report.html").stat().st_size > 10_000
    assert dict(os.environ) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept"]


def test_without_out_nothing_stays(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from upgrader.cli.main import main; main()", "demo"]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}

    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []
