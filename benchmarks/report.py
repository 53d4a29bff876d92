"""How fast a report of many findings renders, format by format.

    python benchmarks/report.py [--findings 5000] [--rounds 3]

The best of some rounds, in this process; the budget is a second for each format.
"""

from __future__ import annotations

import argparse
import time

from tests.reports import worlds
from upgrader.report.present import present
from upgrader.report.render import FORMATS, render
from upgrader.report.terminal import render_plan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--findings", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    plan = worlds.large(asked.findings)
    print(f"{asked.findings} findings on {asked.findings} Services")
    for form in (*FORMATS, "text"):
        best, size = 9e9, 0
        for _ in range(asked.rounds):
            started = time.perf_counter()
            text = render_plan(plan) if form == "text" else render(present(plan), form)
            best, size = min(best, time.perf_counter() - started), len(text)
        print(f"{form:<6} {best:6.3f} s  {size / 1e6:6.2f} MB")


if __name__ == "__main__":
    main()
