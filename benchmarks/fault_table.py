"""The fault table to the end: each API call of an apply × each fault, on each scenario.

    python -m benchmarks.fault_table [SECONDS]

Every end is one of: done and verified; as before, byte for byte; paused with its cause. The exit code says which.
Ends with 1 where one is none of these. Loopback only.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.crash.faults import ENDS, FAULTS, Table
from tests.crash.grid import Grid
from upgrader.ports.clock import SystemClock

SCENARIOS = ("dedicated-flannel", "managed-terway", "self-managed")


def main(seconds: float = 3600.0) -> int:
    """Print a line for each call: how it ends under each fault."""
    clock, wrong, before = SystemClock(), 0, dict(os.environ)
    end = clock.monotonic() + seconds
    print("ends: " + ", ".join(f"{number} {name}" for number, name in enumerate(ENDS)))
    for name in SCENARIOS:
        counted = Counter[str]()
        with tempfile.TemporaryDirectory() as folder:
            table = Table(Grid(name, Path(folder)))
            try:
                for product, action in table.calls:
                    row = []
                    for title, fault in FAULTS.items():
                        if clock.monotonic() > end:
                            break
                        try:
                            ended, _, code = table.end_of(product, action, fault)
                            row.append(f"{title}: {ENDS.index(ended)}/{code}")
                            counted[ended] += 1
                        except AssertionError as error:
                            row.append(f"{title}: WRONG {error}")
                            wrong += 1
                    print(f"{name} {product}:{action}  " + "  ".join(row), flush=True)
            finally:
                table.grid.close()
                os.environ.clear()
                os.environ.update(before)
        print(f"{name}: {len(table.calls)} calls, {dict(counted)}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*(float(text) for text in sys.argv[1:2])))
