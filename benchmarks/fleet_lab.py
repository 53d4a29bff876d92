"""A fleet of the lab, upgraded by the real command: how long, how much memory, and was the budget ever passed.

python -m benchmarks.fleet_lab [--clusters 1000] [--services 3] [--sick 5] [--parallel 24] [--seed 7]

The lab runs here, the tool in a process of its own. Wanted: minutes, at most 1 GiB, never more in danger than agreed,
every healthy cluster verified, every sick one named with its cause.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.fleet.lab_fleet import (
    STRATEGY,
    WitnessedLab,
    command,
    environment,
    most_in_danger,
    peak_memory,
    status_of,
)
from upgrader.lab.fleet import fleet

MEMORY_MIB = 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, default in (("clusters", 1000), ("services", 3), ("sick", 5), ("parallel", 24), ("seed", 7)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    budget = max(4, 2 * args.clusters * args.sick // 100)
    scenario = fleet(clusters=args.clusters, services=args.services, seed=args.seed, sick_percent=args.sick)
    began = time.monotonic()
    lab = WitnessedLab(scenario)
    with lab, tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        print(f"lab: {args.clusters} clusters after {time.monotonic() - began:.0f} s (CPU: "
              f"{computed(resource.RUSAGE_SELF):.0f} s), {memory()} MiB", flush=True)  # fmt: skip
        (folder / "s.yaml").write_text(STRATEGY.format(failures=budget, parallel=args.parallel))
        plan = ("fleet", "plan", "--strategy", "s.yaml", "--account", "--kubeconfig", str(lab.kubeconfig),
                "-o", "fleet.json")  # fmt: skip
        timed(lab, folder, *plan)
        timed(lab, folder, "fleet", "apply", "fleet.json", "--yes", "--slots", str(args.parallel))
        status = status_of(lab, folder)
        clusters = [one for wave in status["waves"] for one in wave["clusters"]]
        most, unnamed = (
            most_in_danger(lab, status),
            [c for c in clusters if c["state"] != "succeeded" and not c["error"]],
        )
        print(f"{status['state']}: {dict(Counter(c['state'] for c in clusters))}")
        print(f"most in danger at one instant: {most} of {budget}")
        for why, count in Counter(c["error"][:100] for c in clusters if c["state"] != "succeeded").most_common(12):
            print(f"  {count:4} {why}")
        sys.exit(most > budget or bool(unnamed) or status["totals"].get("waiting", 0) > 0)


def memory() -> int:
    """The largest resident memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def timed(lab: WitnessedLab, folder: Path, *args: str) -> None:
    """Run a command; print its time, what it and the lab computed, and its peak memory."""
    began, own, lab_s = time.monotonic(), computed(resource.RUSAGE_CHILDREN), computed(resource.RUSAGE_SELF)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command(lab, folder, *args), env=environment(lab, folder), cwd=folder, stdout=log,
                                   stderr=log)  # fmt: skip
        peak = peak_memory(process)
    code, took = process.wait(), time.monotonic() - began
    own, lab_s = computed(resource.RUSAGE_CHILDREN) - own, computed(resource.RUSAGE_SELF) - lab_s
    print(f"{args[1]}: exit {code}, {took:.0f} s (CPU: {own:.0f} s, the lab {lab_s:.0f} s), {peak} MiB "
          f"({'within' if peak <= MEMORY_MIB else 'beyond'} {MEMORY_MIB})", flush=True)  # fmt: skip


def computed(who: int) -> float:
    """Seconds of a core, of this process or of those that it waited for."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
