"""Twenty processes for one cluster: one wins. One that slept through its lock wakes up fenced out."""

from __future__ import annotations

import json
import os
import shutil
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from tests.crash.attempt import Attempt
from tests.crash.grid import TIMEOUT_S, Grid
from upgrader.execute.lock import LEASE
from upgrader.ports.clock import SystemClock

RACERS = 20


def said(attempt: Attempt) -> dict[str, object]:
    found: dict[str, object] = json.loads(Path(attempt.out).read_text(encoding="utf-8"))
    return found


@pytest.mark.slow
@pytest.mark.usefixtures("environment")
def test_one_of_twenty_wins_and_a_sleeper_is_fenced_out(tmp_path: Path) -> None:
    grid = Grid("dedicated-flannel", tmp_path)
    try:
        whole = grid.apply()

        # On machines of their own: nothing but the cluster's Lease stands between them.
        grid.reset_fresh()
        racers = [
            grid.attempt("apply", home=str(tmp_path / f"m{n}"), run=f"run-{n}", out=str(tmp_path / f"o{n}"))
            for n in range(RACERS)
        ]
        processes = [grid.process(one) for one in racers]
        for process in processes:
            process.join(TIMEOUT_S)
        ends = [said(one) for one in racers]
        assert [end["state"] for end in ends].count("SUCCEEDED") == 1
        assert {end["exit"] for end in ends} <= {0, 6, 9}
        assert grid.writes() == whole.writes

        # Stopped in the middle; a minute later its run goes on elsewhere, from a copy of its files.
        grid.reset_fresh()
        sleeper = grid.attempt("apply", stop_at=whole.points // 2)
        process = grid.process(sleeper)
        wait_until_stopped(process.pid)
        same_machine = grid.attempt("resume", out=str(tmp_path / "same"))
        second = grid.process(same_machine)
        second.join(TIMEOUT_S)
        assert said(same_machine)["exit"] == 9
        shutil.copytree(tmp_path / "runs", tmp_path / "copy")
        other = grid.attempt("resume", home=str(tmp_path / "copy"), out=str(tmp_path / "other"))
        a_minute_passes(grid)
        taker = grid.process(other)
        taker.join(TIMEOUT_S)
        assert said(other)["state"] == "SUCCEEDED", said(other)
        os.kill(process.pid, signal.SIGCONT)
        process.join(TIMEOUT_S)
        assert (said(sleeper)["state"], said(sleeper)["exit"]) == ("LockedError", 9)
        assert "lost its lock" in str(said(sleeper)["cause"])
        assert grid.writes() == whole.writes
    finally:
        grid.close()


def a_minute_passes(grid: Grid) -> None:
    """The Lease's last heartbeat lies a minute back."""
    beat = (SystemClock().now() - timedelta(seconds=61)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    local = grid.lab.cluster().local
    patch = {"spec": {"renewTime": beat}}
    grid.lab.run(lambda: local.merge("leases", LEASE.name, LEASE.namespace, patch, group="coordination.k8s.io"))


def wait_until_stopped(pid: int) -> None:
    """Until the process is in the state that SIGSTOP brings."""
    while Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "T":
        os.sched_yield()
