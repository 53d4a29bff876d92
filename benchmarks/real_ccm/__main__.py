"""Real CCM binaries against the lab, and the forecast against what they do.

    python -m benchmarks.real_ccm run --binaries DIR --out DIR --pair v2.10.0:v2.14.0 [--pair …] [--seeds 1,2,3]
        [--variant clean|edited|touched|both|changed …] [--lb clb|nlb|both] [--services 40] [--nodes plain|mixed|many]
        [--kinds common|rare]
    python -m benchmarks.real_ccm life --binaries DIR --out DIR --version v2.14.0 [--lb clb|nlb] [--dry-run]
    python -m benchmarks.real_ccm walk --binaries DIR --out DIR --version v2.14.0 [--lb clb|nlb] [--reference DIR]
    python -m benchmarks.real_ccm simulated OUT/walk-….json   the lab's simulated CCM in the same life
    python -m benchmarks.real_ccm refusals --binaries DIR --out DIR --reference DIR --version v2.10.0
    python -m benchmarks.real_ccm dry --binaries DIR --out DIR --version v2.14.0      `plan --shadow`, both programs
    python -m benchmarks.real_ccm compare OUT/WORLD…      once more from what was kept, without a CCM
    python -m benchmarks.real_ccm errors OUT/WORLD…       what the lab refused, to be judged by eye

DIR holds executables named after their version (`ccm-v2.14.0`). Each world: the old CCM makes random Services in a
lab, some are edited in the console or touched, `ccm-upgrade discover` reads it, the new CCM takes over. Compared are
its requests with `forecast.writes` as (Service, action, object), the hash labels, the weights, the events; named are
actions that the lab does not have. Everything is on loopback. Exit 1 where something disagrees.

`walk` leads a Service through its life with the cloud in another process (`lab start --cloud-only`), and holds each
step's requests against observed ones.
`life` makes, changes and deletes one Service under one CCM, and prints what was asked and answered at each step.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from benchmarks.real_ccm.compare import compare, details, table
from benchmarks.real_ccm.dry import dry
from benchmarks.real_ccm.life import live
from benchmarks.real_ccm.refusals import refusals
from benchmarks.real_ccm.simulated import beside
from benchmarks.real_ccm.walk import walk
from benchmarks.real_ccm.worlds import Asked, read_world, run_world


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run")
    run.add_argument("--binaries", type=Path, required=True)
    run.add_argument("--out", type=Path, required=True)
    run.add_argument("--pair", action="append", required=True)
    run.add_argument("--seeds", default="1")
    run.add_argument("--variant", action="append", choices=("clean", "edited", "touched", "both", "changed"))
    run.add_argument("--lb", default="clb", choices=("clb", "nlb", "both"))
    run.add_argument("--services", type=int, default=40)
    run.add_argument("--nodes", default="plain", choices=("plain", "mixed", "many"))
    run.add_argument("--kinds", default="common", choices=("common", "rare"))
    life = commands.add_parser("life")
    life.add_argument("--binaries", type=Path, required=True)
    life.add_argument("--out", type=Path, required=True)
    life.add_argument("--version", action="append", required=True)
    life.add_argument("--lb", default="clb", choices=("clb", "nlb"))
    life.add_argument("--dry-run", action="store_true")
    dry_run = commands.add_parser("dry")
    dry_run.add_argument("--binaries", type=Path, required=True)
    dry_run.add_argument("--out", type=Path, required=True)
    dry_run.add_argument("--version", action="append", required=True)
    walks = commands.add_parser("walk")
    walks.add_argument("--binaries", type=Path, required=True)
    walks.add_argument("--out", type=Path, required=True)
    walks.add_argument("--reference", type=Path, default=None)
    walks.add_argument("--version", action="append", required=True)
    walks.add_argument("--lb", action="append", choices=("clb", "nlb"))
    refused = commands.add_parser("refusals")
    refused.add_argument("--binaries", type=Path, required=True)
    refused.add_argument("--out", type=Path, required=True)
    refused.add_argument("--reference", type=Path, required=True)
    refused.add_argument("--version", action="append", required=True)
    commands.add_parser("simulated").add_argument("walks", type=Path, nargs="+")
    for name in ("compare", "errors"):
        commands.add_parser(name).add_argument("worlds", type=Path, nargs="+")
    given = parser.parse_args()
    if given.command == "errors":
        for world in given.worlds:
            print(world.name, *read_world(world)[1].errors, sep="\n  ")
        return 0
    if given.command == "dry":
        found = [dry(given.binaries, version, given.out / f"dry-{version}") for version in given.version]
        print(json.dumps(found, indent=1, ensure_ascii=False))
        return 0 if all(one["same"] for one in found) else 1
    if given.command == "refusals":
        told = [refusals(given.binaries, version, given.out / f"refusals-{version}", given.reference)
                for version in given.version]  # fmt: skip
        print(json.dumps(told, indent=1, ensure_ascii=False))
        return 1 if any(one["simulated differs from real"] for one in told) else 0
    if given.command == "simulated":
        found = {walked.stem: beside(walked) for walked in given.walks}
        print(json.dumps(found, indent=1, ensure_ascii=False))
        return 1 if any(found.values()) else 0
    if given.command == "walk":
        return _walks(given)
    if given.command == "life":
        return _lives(given)
    return _report(_run(given) if given.command == "run" else given.worlds)


def _run(given: argparse.Namespace) -> list[Path]:
    done = []
    for pair in given.pair:
        old, new = pair.split(":")
        for seed in given.seeds.split(","):
            for variant in given.variant or ["clean"]:
                asked = Asked(
                    old=old, new=new, seed=int(seed), variant=variant, lb=given.lb, services=given.services,
                    nodes=given.nodes, kinds=given.kinds,
                )  # fmt: skip
                folder = given.out / asked.name
                began = time.monotonic()
                run_world(asked, given.binaries, folder)
                print(f"{asked.name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
                done.append(folder)
    return done


def _lives(given: argparse.Namespace) -> int:
    sick = False
    for version in given.version:
        print(f"== {version} {given.lb}")
        folder = given.out / f"life-{version}-{given.lb}"
        for step in live(given.binaries, version, given.lb, folder, dry_run=given.dry_run):
            sick |= bool(step.get("errors") or step.get("unhandled") or step.get("left"))
            print(json.dumps(step, ensure_ascii=False))
    return 1 if sick else 0


def _walks(given: argparse.Namespace) -> int:
    sick = False
    for version, lb in ((version, lb) for version in given.version for lb in given.lb or ("clb", "nlb")):
        found = walk(given.binaries, version, lb, given.out / f"walk-{version}-{lb}", given.reference)
        (given.out / f"walk-{version}-{lb}.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
        differs = [f"  {one['step']}: {said}" for one in found["steps"] for said in one["differs"]]
        strange = [said for said in differs if not said.endswith(")")]
        restless = [one["step"] for one in found["steps"] if not one["rested"]]
        writes = sum(len(one["writes"]) for one in found["steps"])
        print(
            f"{version} {lb}: {len(found['steps'])} steps, {writes} writes, unhandled {found['unhandled']}, "
            f"refused {found['errors']}, not at rest {restless}, {len(differs)} differ, "
            f"{len(strange)} without a known cause",
            *differs,
            sep="\n",
        )
        sick |= bool(found["unhandled"] or strange)
    return 1 if sick else 0


def _report(worlds: list[Path]) -> int:
    found = [compare(world) for world in worlds]
    for one, world in zip(found, worlds, strict=True):
        if text := details(one, world):
            print(text)
    print(table(found))
    return 0 if all(one.clean for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
