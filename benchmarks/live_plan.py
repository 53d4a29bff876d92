"""A live plan of a cluster with many load balancers: requests by action, how long, and how many on their way at most.

    python -m benchmarks.live_plan [--services 100 1000] [--foreign 1000] [--quota 60]

The lab runs in a process of its own. Three looks at each cluster: alone; beside `--foreign` load balancers of others in
the same region; and with a quota of so many requests a second, beyond which the cloud throttles.
Wanted: what others have costs pages, never details; details grow with the cluster's own load balancers; a bounded
number is on its way; a throttled plan is the same plan, later.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace
from upgrader.adapters.recorded import Recorder

from upgrader import pipeline
from upgrader.adapters.aliyun.client import SdkTransport
from upgrader.adapters.aliyun.cloud import AliyunCloud
from upgrader.adapters.aliyun.endpoint import parse_endpoint
from upgrader.adapters.aliyun.retry import LOOPBACK_PER_S, Bucket
from upgrader.adapters.kube import connect
from upgrader.discover.collect import discover
from upgrader.discover.said import Said
from upgrader.lab.cloud.slb.model import LoadBalancer
from upgrader.lab.faults import Fault
from upgrader.lab.fleet import fleet
from upgrader.lab.lab import Lab
from upgrader.matrix.load import load_matrix
from upgrader.model.plan import Plan
from upgrader.model.version import parse_version
from upgrader.ports.clock import SystemClock


class Look(Struct, frozen=True):
    """One plan: the plan itself, how long it took, what it asked, and how much of that at once."""

    plan: Plan
    seconds: float
    asked: Counter[str]
    at_once: int


def serve(services: int, commands: Connection) -> None:
    """A lab until it is told to stop: says how it is reached, then does what it is sent."""
    scenario = fleet(clusters=1, services=services, seed=1)
    with Lab(scenario) as lab:
        lab.settle()
        commands.send((lab.environment, lab.scenario.clusters[0].region))
        for name, number in iter(commands.recv, ("stop", 0)):
            if name == "foreign":
                lab.run(partial(add_foreign, lab, int(number)))
            else:
                lab.cloud.faults.add(Fault(action="*", code="Throttling.User", over_per_s=number, times=None))
            commands.send("done")


def add_foreign(lab: Lab, number: int) -> None:
    """Load balancers that somebody else has in the cluster's region."""
    region = lab.scenario.clusters[0].region
    for place in range(number):
        one = LoadBalancer(id=f"lb-foreign-{place:05}", name=f"other-{place}", region=region,
                           address=f"10.9.{place >> 8}.{place & 255}", tags={"team": "other"})  # fmt: skip
        lab.cloud.world.slb.load_balancers[one.id] = one


@contextmanager
def served(services: int) -> Iterator[tuple[Connection, dict[str, str], str]]:
    """The lab in a process of its own: where to send commands, the environment to reach it with, the region."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(services, theirs), daemon=True)
    process.start()
    environment, region = ours.recv()
    os.environ.update(environment)
    try:
        yield ours, environment, region
    finally:
        ours.send(("stop", 0))
        process.join(10)


def look(environment: dict[str, str], region: str) -> Look:
    """A live plan, counted at the last place before the wire."""
    clock = SystemClock()
    counted = Recorder(SdkTransport(endpoint=parse_endpoint(environment["CCM_UPGRADE_ENDPOINT"])), read_only=True)
    bucket = Bucket(clock, rate_per_s=LOOPBACK_PER_S, burst=LOOPBACK_PER_S)
    cluster = connect(Path(environment["KUBECONFIG"]))
    start = time.perf_counter()
    facts = discover(cluster, AliyunCloud(counted, region=region, clock=clock, bucket=bucket), Said(), clock)
    plan = pipeline.make_plan(facts, parse_version("v2.14.0"), load_matrix(), now=clock.now(), nonce="n")
    return Look(plan, time.perf_counter() - start, Counter(call.name for call in counted.calls), counted.most_at_once)


def told(name: str, found: Look) -> None:
    """A line for the look, and one for its commonest requests."""
    unknown = sum(finding.outcome == "UNKNOWN" for finding in found.plan.findings)
    print(f"  {name:<10}{found.seconds:7.1f} s {found.asked.total():6} requests, {found.at_once} at once, "
          f"{len(found.plan.coverage.gaps)} gaps, {unknown} unknown", flush=True)  # fmt: skip
    print("    " + ", ".join(f"{count} {action}" for action, count in found.asked.most_common(8)), flush=True)


def judged(plan: Plan) -> object:
    """What has to be the same however the plan was come by."""
    return replace(plan, id="", created="", expires="")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--services", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--foreign", type=int, default=1000)
    parser.add_argument("--quota", type=float, default=60.0)
    asked = parser.parse_args()
    for services in asked.services:
        with served(services) as (commands, environment, region):
            print(f"{services} load balancers", flush=True)
            alone = look(environment, region)
            told("alone", alone)
            commands.send(("foreign", asked.foreign))
            commands.recv()
            beside = look(environment, region)
            told("beside", beside)
            more = beside.asked - alone.asked
            print(f"    {asked.foreign} of others cost {dict(more)}")
            commands.send(("quota", asked.quota))
            commands.recv()
            slowed = look(environment, region)
            told("throttled", slowed)
            print(f"    the same plan: {judged(slowed.plan) == judged(beside.plan)}")


if __name__ == "__main__":
    main()
