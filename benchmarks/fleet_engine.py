"""What the fleet's engine costs beside DBOS alone: the same number of clusters and steps, both in one run.

python -m benchmarks.fleet_engine [--clusters 10000] [--steps 9] [--database postgresql://…]

The floor is one DBOS workflow a cluster with so many empty steps. Ours is what `fleet apply` runs: claim, budget,
fence, workflow, so many steps told to the ledger, end; the job on the cluster is empty.
Wanted: at most 1.5 times the floor. Processor time is the steadier measure where other work runs beside; a server's is
not in it.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from upgrader.fleet.job import Outcome, Watch
from upgrader.fleet.ledger import Ledger
from upgrader.fleet.model import Member
from upgrader.fleet.runtime import work_on
from upgrader.fleet.strategy import BudgetSpec, Parallel, Strategy, WaveSpec
from upgrader.fleet.tables import Claim
from upgrader.fleet.waves import waves_of
from upgrader.model.plan import Plan
from upgrader.ports.clock import SystemClock

SLOTS = 16
WANTED = 1.5


class InstantJob:
    """Tells so many steps, and does nothing."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def plan(self, member: Member, strategy: Strategy) -> Plan:
        raise AssertionError("nothing is planned here")

    def verify(self, member: Member, cluster_run: str) -> str:
        return ""

    def share(self, strategy: Strategy, workers: int) -> None:
        pass

    def upgrade(self, claim: Claim, strategy: Strategy, watch: Watch) -> Outcome:
        for number in range(self.steps):
            watch.step(f"step {number}")
        return Outcome(state="succeeded")


def ours(url: str, clusters: int, steps: int) -> float:
    """Seconds for a whole run of the fleet."""
    members = tuple(Member(id=f"c{n:05}", region=f"r{n % 7}", account=f"a{n % 3}") for n in range(clusters))
    strategy = Strategy(
        target="v2.14.0",
        waves=(
            WaveSpec(name="canary", percent=1),
            WaveSpec(name="tenth", percent=10),
            WaveSpec(name="rest", rest=True),
        ),
        budget=BudgetSpec(failures="50%"),
        max_parallel=Parallel(total=SLOTS, per_region=SLOTS, per_account=SLOTS),
    )
    ledger = Ledger(url, SystemClock())
    ledger.create("bench", strategy, members, waves_of(members, strategy))
    ledger.close()
    began = time.perf_counter()
    row = work_on("bench", url, InstantJob(steps), SystemClock(), slots=SLOTS, say=lambda _: None)
    took = time.perf_counter() - began
    assert row.state == "SUCCEEDED", row
    return took


def floor(url: str, clusters: int, steps: int) -> float:
    """Seconds for the same number of workflows and steps of DBOS alone, under the same settings."""
    from dbos import DBOS, DBOSConfig, SetWorkflowID

    from upgrader.fleet.durable import engine as durable

    @DBOS.step(name="empty")
    def empty(number: int) -> str:
        return f"step {number}"

    @DBOS.workflow(name="floor")
    def flow(cluster: str) -> str:
        for number in range(steps):
            empty(number)
        return cluster

    config = DBOSConfig(name="floor", system_database_url=url, application_version="floor", log_level="ERROR",
                        executor_id="floor", max_executor_threads=SLOTS + 4)  # fmt: skip
    if url.startswith("sqlite"):
        config["system_database_engine"] = durable._engine(url)
    DBOS(config=config)
    DBOS.launch()

    def one(number: int) -> None:
        with SetWorkflowID(f"floor/{number}"):
            DBOS.start_workflow(flow, f"c{number:05}").get_result()

    began = time.perf_counter()
    with ThreadPoolExecutor(SLOTS) as pool:
        list(pool.map(one, range(clusters)))
    took = time.perf_counter() - began
    DBOS.destroy()
    return took


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clusters", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=9)
    parser.add_argument("--database", default="")
    parser.add_argument("--part", choices=["ours", "floor"])
    parser.add_argument("--url", default="")
    args = parser.parse_args()
    if args.part:
        parts: dict[str, Callable[[str, int, int], float]] = {"ours": ours, "floor": floor}
        took = parts[args.part](args.url, args.clusters, args.steps)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        print(f"{took:.3f} {usage.ru_utime + usage.ru_stime:.3f} {usage.ru_maxrss // 1024}")
        return
    with tempfile.TemporaryDirectory() as folder:
        took, busy = dict[str, float](), dict[str, float]()
        for part in ("floor", "ours"):
            url = args.database or f"sqlite:///{Path(folder)}/{part}.db"
            # A process each: DBOS is launched once in a process, and the memory is the part's own.
            command = [sys.executable, "-m", "benchmarks.fleet_engine", "--part", part, "--url", url,
                       "--clusters", str(args.clusters), "--steps", str(args.steps)]  # fmt: skip
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
            took[part], busy[part] = float(out[0]), float(out[1])
            print(f"{part:5} {took[part]:8.1f} s  {args.clusters / took[part]:7.0f} clusters a second  "
                  f"{busy[part]:8.1f} s CPU  {out[2]} MiB", flush=True)  # fmt: skip
    ratio = took["ours"] / took["floor"]
    print(f"ratio {ratio:.2f} (wanted: at most {WANTED}); of processor time {busy['ours'] / busy['floor']:.2f}")
    sys.exit(ratio > WANTED)


if __name__ == "__main__":
    main()
