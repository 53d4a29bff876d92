"""The durable engine and its worker: whatever becomes of a workflow, its slot is free afterwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from dbos import DBOS

from tests.fleet.stand_in import FileJob
from tests.fleet.test_kill import ROOT, check_each_once, create, worker
from upgrader.fleet.control import Workers
from upgrader.fleet.job import Outcome, Watch
from upgrader.fleet.ledger import Ledger
from upgrader.fleet.runtime import work_on
from upgrader.fleet.strategy import Strategy
from upgrader.fleet.tables import Claim
from upgrader.ports.clock import SystemClock


class TakenForDead(FileJob):
    """At the first looks, another worker takes the cluster away and cancels the workflow, as it does with the dead."""

    def __init__(self, folder: Path, url: str, times: int) -> None:
        super().__init__(folder)
        self.url, self.left = url, times

    def upgrade(self, claim: Claim, strategy: Strategy, watch: Watch) -> Outcome:
        if self.left:
            self.left -= 1
            other = Ledger(self.url, SystemClock())
            Workers(other, silence_s=-60.0).reap(claim.run)
            other.close()
            assert DBOS.workflow_id is not None
            DBOS.cancel_workflow(DBOS.workflow_id)
        return super().upgrade(claim, strategy, watch)


def main() -> None:
    """A worker with one slot in a process of its own, taken for dead three times: `test_engine URL FOLDER`."""
    url, folder = sys.argv[1:3]
    row = work_on("r1", url, TakenForDead(Path(folder), url, 3), SystemClock(), slots=1, say=print, stall_s=20.0)
    print(row.state)  # noqa: T201


def test_a_worker_that_was_taken_for_dead_has_its_slot_back(tmp_path: Path) -> None:
    url, folder = f"sqlite:///{tmp_path}/fleet.db", tmp_path / "clusters"
    folder.mkdir()
    create(url)
    ended = subprocess.run(
        [sys.executable, "-m", "tests.fleet.test_engine", url, str(folder)], cwd=ROOT, check=False, timeout=180,
        capture_output=True, text=True,
    )  # fmt: skip
    said = ended.stdout.splitlines()
    assert said[-1] == "SUCCEEDED", ended.stderr
    assert sum("its end could not be written down" in line for line in said) == 3
    check_each_once(url, folder)


def test_an_engine_that_knows_an_older_run_of_that_name_runs_the_new_one(tmp_path: Path) -> None:
    """The ledger was deleted and the engine's own database was not: nothing in it stands for work to be done."""
    url = f"sqlite:///{tmp_path}/fleet.db"
    for place in ("first", "second"):
        folder = tmp_path / place
        folder.mkdir()
        create(url)
        out, err = worker(url, folder, 0.0).communicate(timeout=180)
        assert out.strip() == "SUCCEEDED", err
        check_each_once(url, folder)
        for path in tmp_path.glob("fleet.db*"):
            path.unlink()


if __name__ == "__main__":
    main()
