"""Start-up loads no client library: whoever asks for help waits for none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("kubernetes", "aliyunsdkcore", "alibabacloud_credentials", "urllib3", "aiohttp", "dbos", "jinja2", "rich")
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"type": "LoadBalancer"}}


@pytest.mark.parametrize(
    "module",
    ["upgrader.cli.main", "upgrader.cli.discover", "upgrader.cli.origins", "upgrader.adapters.kube",
     "upgrader.adapters.aliyun", "upgrader.discover.collect", "upgrader.discover.files"],
)  # fmt: skip
def test_importing_loads_no_sdk(module: str) -> None:
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "words", [["--help"], ["plan", "--help"], ["check", "-f", "service.json"], ["matrix", "versions"]]
)
def test_what_needs_no_cloud_loads_no_sdk(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "service.json").write_text(json.dumps(SERVICE))
    code = (f"import sys; from upgrader.cli.main import run; run({words!r}); "
            f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout
    assert done.stderr.splitlines()[-1] == "[]"
