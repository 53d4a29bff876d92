"""Clusters that are upgraded at once, and write down when they began and ended: one file for each, one line a moment.

Run as a program it is one worker process, so that a test can kill it: `stand_in.py URL RUN FOLDER SLOTS PAUSE_S`.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from upgrader.fleet.job import Outcome, Watch
from upgrader.fleet.model import Member
from upgrader.fleet.runtime import work_on
from upgrader.fleet.strategy import Strategy
from upgrader.fleet.tables import Claim
from upgrader.model.errors import BugError
from upgrader.model.plan import Plan
from upgrader.ports.clock import SystemClock


class FileJob:
    """Reads before it writes, as the real job does: what is upgraded already is not upgraded again."""

    def __init__(self, folder: Path, pause_s: float = 0.0, sick: frozenset[str] = frozenset()) -> None:
        self.folder, self.pause_s, self.sick = folder, pause_s, sick

    def plan(self, member: Member, strategy: Strategy) -> Plan:
        raise BugError("the stand-in has no plans")

    def verify(self, member: Member, cluster_run: str) -> str:
        return ""

    def share(self, strategy: Strategy, workers: int) -> None:
        pass

    def upgrade(self, claim: Claim, strategy: Strategy, watch: Watch) -> Outcome:
        log = self.folder / claim.member.id
        watch.step("look")
        if claim.member.id in self.sick:
            return Outcome(state="rolled-back", error="sick")
        if log.exists() and "upgraded" in log.read_text():
            return Outcome(state="succeeded")
        threading.Event().wait(self.pause_s)
        watch.step("upgrade")
        with log.open("a") as file:
            file.write(f"upgraded {os.getpid()} {claim.fence}\n")
            file.flush()
        threading.Event().wait(self.pause_s)
        watch.step("verify")
        return Outcome(state="succeeded")


def main() -> None:
    """One worker process."""
    url, run, folder, slots, pause_s = sys.argv[1:6]
    row = work_on(run, url, FileJob(Path(folder), float(pause_s)), SystemClock(), slots=int(slots),
                  say=lambda text: None, silence_s=2.0)  # fmt: skip
    sys.stdout.write(row.state + "\n")


if __name__ == "__main__":
    main()
