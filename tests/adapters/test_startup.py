"""Start-up loads no client library: whoever asks for help waits for none."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("kubernetes", "aliyunsdkcore", "alibabacloud_credentials", "urllib3", "aiohttp")


@pytest.mark.parametrize(
    "module",
    ["upgrader.cli.main", "upgrader.cli.discover", "upgrader.cli.origins", "upgrader.adapters.kube",
     "upgrader.adapters.aliyun", "upgrader.discover.collect", "upgrader.discover.files"],
)  # fmt: skip
def test_importing_loads_no_sdk(module: str) -> None:
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
