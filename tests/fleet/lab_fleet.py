"""A fleet on the lab, upgraded by the real command in a process of its own, and what the lab saw of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from aiohttp import web

from upgrader.fleet.model import FAILED_STATES
from upgrader.lab.lab import Lab

STRATEGY = """
name: rehearsal
target: v2.14.0
budget: {{failures: {failures}}}
max_parallel: {{total: {parallel}, per_region: {parallel}, per_account: {parallel}}}
waves:
  - {{name: canary, count: 2, max_parallel: 2, budget: {{failures: 2}}}}
  - {{name: rest, rest: true}}
"""


class WitnessedLab(Lab):
    """Writes down each write to a cluster's own API: (seconds, cluster, method, path)."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.written: list[tuple[float, str, str, str]] = []

    async def _kubernetes(self, request: web.Request, cluster_id: str, rest: str) -> web.StreamResponse:
        if request.method != "GET":
            self.written.append((time.monotonic(), cluster_id, request.method, rest))
        return await super()._kubernetes(request, cluster_id, rest)


def command(lab: Lab, folder: Path, *args: str) -> list[str]:
    """The command line of the installed tool."""
    return [sys.executable, "-c", "from upgrader.cli.main import main; main()", *args]


def environment(lab: Lab, folder: Path) -> dict[str, str]:
    """The lab's own exports, and a state directory in `folder`."""
    return {**os.environ, **lab.environment, "CCM_UPGRADE_STATE": str(folder / "state"), "HOME": str(folder)}


def ran(lab: Lab, folder: Path, *args: str, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
    """One command, to its end."""
    return subprocess.run(
        command(lab, folder, *args), env=environment(lab, folder), cwd=folder, text=True, capture_output=True,
        timeout=timeout_s, check=False,
    )  # fmt: skip


def peak_memory(process: subprocess.Popen[Any]) -> int:
    """The largest resident memory of a process until it ended, in MiB."""
    peak, proc = 0, Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        try:
            found = next((line for line in proc.read_text().splitlines() if line.startswith("VmHWM")), "")
        except OSError:
            break
        peak = max(peak, int(found.split()[1]) // 1024 if found else 0)
        threading.Event().wait(0.5)
    return peak


def most_in_danger(lab: WitnessedLab, status: dict[str, Any]) -> int:
    """The most clusters that were failed or in flight at one instant, by the lab's own witness.

    A cluster is in flight from the first write to its API (the run's lock) to the last (the lock given back); one whose
    upgrade failed stays in danger.
    """
    ended = {c["id"]: c["state"] for wave in status["waves"] for c in wave["clusters"]}
    spans: dict[str, list[float]] = {}
    for at, cluster, _, path in lab.written:
        if "/leases" in path:
            spans.setdefault(cluster, [at, at])[1] = at
    moves = []
    for cluster, (first, last) in spans.items():
        moves.append((first, 1))
        if ended[cluster] not in FAILED_STATES:
            moves.append((last, -1))
    now = most = 0
    for _, move in sorted(moves):
        now += move
        most = max(most, now)
    return most


def status_of(lab: Lab, folder: Path) -> dict[str, Any]:
    """What `fleet status -o json` says of the newest run."""
    found: dict[str, Any] = json.loads(ran(lab, folder, "fleet", "status", "-o", "json").stdout)
    return found
