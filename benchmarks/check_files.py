"""How fast, and with how much memory, `check -f` judges dumps: against jq's listing, msgspec's bare decode and orjson.

    python benchmarks/check_files.py [--services 50000] [--slices 20000] [--rounds 3]

Every measurement is a process of its own, start-up and all, with its bytecode at hand as pip leaves it; all in turn,
round by round, so that what else runs on the machine slows all alike. Told are the best times, and of the rounds' own
ratios by the clock the middle one. Memory is beyond that of an interpreter that does nothing.
The dumps are random but realistic (`dumps.py`): Services without a hash label, as v1.9.3.239 leaves them; with the
labels of v1.9.3.378, v2.5.1 and v2.10.0; and with a label that nobody computes, so that both formulas have to be.
Two more have something wrong in every Service.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from msgspec import Struct

HERE = Path(__file__).resolve().parent
# The Service FAQ's listing of all LoadBalancer Services.
LISTING = (
    '.items[] | select(.spec.type == "LoadBalancer") | {name: .metadata.name, namespace: .metadata.namespace, '
    "ip: .status.loadBalancer.ingress[0].ip, lb_type: "
    '.metadata.annotations."service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type"}'
)
BROKEN = ("port", "null")
# What stands in the hash label, and which version runs.
LABELS = (
    ("none", "v1.9.3.239"), ("H1", "v1.9.3.378"), ("H2", "v2.5.1"), ("H3", "v2.10.0"), ("foreign", "v2.10.0"),
)  # fmt: skip
CHECK = "from upgrader.cli.main import main; main()"
BARE = """
import sys, msgspec
class Page(msgspec.Struct):
    items: list[msgspec.Raw]
msgspec.json.decode(open(sys.argv[1], "rb").read(), type=Page)
"""
TYPED = """
import gc, sys, msgspec
from upgrader.model.kube import EndpointSlice, Service
class Page(msgspec.Struct):
    items: list[Service if "services" in sys.argv[1] else EndpointSlice]
gc.disable()
msgspec.json.decode(open(sys.argv[1], "rb").read(), type=Page)
"""
ORJSON = "import gc, sys, orjson; gc.disable(); orjson.loads(open(sys.argv[1], 'rb').read())"


class Run(Struct, frozen=True):
    """One process: its processor time, how long it took, and its largest memory."""

    cpu_s: float
    wall_s: float
    memory_mb: float


def measure(command: list[str]) -> Run:
    """The process, from start to end."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=HERE.parent, env=environment())
    _, _, usage = os.wait4(process.pid, 0)
    return Run(usage.ru_utime + usage.ru_stime, time.perf_counter() - start, usage.ru_maxrss / 1024)


def environment() -> dict[str, str]:
    """Ours, in which Python keeps bytecode: an installed package has it, a checkout need not."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "ccm-upgrade-benchmark")}


def commands(path: Path, running: str) -> dict[str, list[str]]:
    """What is compared, by name; what is not installed is left out."""
    python = sys.executable
    jq = shutil.which("jq")
    found = {
        "check": [python, "-c", CHECK, "check", "-f", str(path), "--from", running, "--to", "v2.14.0"],
        "msgspec raw": [python, "-c", BARE, str(path)],
        "msgspec typed": [python, "-c", TYPED, str(path)],
        "orjson": [python, "-c", ORJSON, str(path)],
    }
    if path.stem.removeprefix("services-") in BROKEN:
        del found["msgspec typed"]  # It refuses them.
    if subprocess.run([python, "-c", "import orjson"], capture_output=True, check=False).returncode:
        del found["orjson"]
    return found | ({"jq listing": [jq, LISTING, str(path)]} if jq and "services" in path.name else {})


def main() -> None:
    """Print a table: one line a dump, each tool with its time, its memory and how often `check` fits into it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--services", type=int, default=50_000)
    parser.add_argument("--slices", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    idle = min((measure([sys.executable, "-c", "pass"]) for _ in range(3)), key=lambda run: run.wall_s)
    print(f"interpreter alone: {idle.wall_s:.3f} s, {idle.memory_mb:.0f} MB")
    dumps = [(f"services-{label}", ["services", str(asked.services), "--labels", label], running)
             for label, running in LABELS]  # fmt: skip
    dumps += [(f"services-{how}", ["services", str(asked.services), "--broken", how], "v2.10.0")
              for how in BROKEN]  # fmt: skip
    dumps.append(("endpointslices", ["endpointslices", str(asked.slices)], "v2.10.0"))
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments, running in dumps:
            path = Path(folder) / f"{name}.json"
            with path.open("wb") as file:
                subprocess.run([sys.executable, str(HERE / "dumps.py"), *arguments], stdout=file, check=True)
            print(f"{name}: {path.stat().st_size / 1e6:.0f} MB")
            tools = commands(path, running)
            rounds = [{tool: measure(command) for tool, command in tools.items()} for _ in range(asked.rounds)]
            for tool in tools:
                runs = [one[tool] for one in rounds]
                wall_s, cpu_s = min(run.wall_s for run in runs), min(run.cpu_s for run in runs)
                memory = min(run.memory_mb for run in runs) - idle.memory_mb
                ratio = statistics.median(one[tool].wall_s / one["check"].wall_s for one in rounds)
                print(f"  {tool:<14}{wall_s:6.2f} s {cpu_s:6.2f} s CPU {memory:+6.0f} MB  {ratio:5.2f} × check")


if __name__ == "__main__":
    main()
