"""How fast the lab is: start, requests a second, a list of 10,000 Services, a fleet in memory.

Seconds are by the wall, and of the process's own core beside them: on a busy machine only the second are the lab's.

python -m benchmarks.lab            every figure
python -m benchmarks.lab start      one of them: start, requests, services, fleet
"""

from __future__ import annotations

import resource
import ssl
import sys
import time
import urllib.request
from collections.abc import Callable

from upgrader.lab.build import build
from upgrader.lab.clock import LabClock
from upgrader.lab.cloud.cloud import Cloud
from upgrader.lab.fleet import fleet
from upgrader.lab.lab import TOKEN, Lab
from upgrader.lab.scenario import load_scenario

SERVICES, REQUESTS, CLUSTERS = 10_000, 3_000, 1_000


class Watch:
    """Shows what has passed since it was made."""

    def __init__(self) -> None:
        self._wall, self._core = time.perf_counter(), time.process_time()

    @property
    def core_s(self) -> float:
        """Seconds of the process's own."""
        return time.process_time() - self._core

    def __str__(self) -> str:
        return f"{time.perf_counter() - self._wall:.2f} s, {self.core_s:.2f} s of one core"


def start() -> str:
    """From nothing to answering."""
    watch = Watch()
    with Lab(load_scenario("dedicated-flannel")):
        return f"start: {watch} (wanted: 1 s)"


def requests() -> str:
    """Simple requests in the process, one after another: what the cloud's state machine costs."""
    cloud = Cloud(clock=LabClock(held=True))
    build(load_scenario("dedicated-flannel"), cloud)
    watch = Watch()
    for _ in range(REQUESTS):
        cloud.call("slb", "DescribeLoadBalancers", {"RegionId": "cn-hangzhou"})
    return f"requests: {REQUESTS / watch.core_s:,.0f} a second of one core (wanted: 1,000)"


def services() -> str:
    """A list of 10,000 Services over https, as kubectl asks for it."""
    with Lab(load_scenario("managed-terway")) as lab:
        cluster = lab.cluster()
        pattern = cluster.local.get("services", "web", "default")
        assert pattern is not None
        for number in range(SERVICES):
            metadata = {**pattern["metadata"], "name": f"svc-{number}", "uid": f"uid-{number}"}
            cluster.api.store.put(("", "services"), {**pattern, "metadata": metadata})
        watch = Watch()
        lab.run(cluster.controllers.settle)
        told = f"slices and Endpoints of {SERVICES:,} Services: {watch}\n"
        context = ssl.create_default_context(cafile=str(lab.ca_file))
        url = f"{lab.secure_url}/k8s/{cluster.id}/api/v1/services"
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"})
        watch = Watch()
        with urllib.request.urlopen(request, context=context) as answer:
            size = len(answer.read())
        return f"{told}list of {SERVICES:,} Services: {watch}, {size / 1e6:.0f} MB (wanted: 1 s)"


def one_fleet() -> str:
    """A thousand clusters with three Services each, synced by their CCMs, in one process."""
    watch = Watch()
    build(fleet(clusters=CLUSTERS, services=3, sick_percent=10), Cloud(clock=LabClock(held=True)))
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"{CLUSTERS:,} clusters: {megabytes:,.0f} MB (wanted: 2,048), made in {watch}"


FIGURES: dict[str, Callable[[], str]] = {"start": start, "requests": requests, "services": services, "fleet": one_fleet}


def main() -> None:
    """Print the figures that were asked for."""
    for name in sys.argv[1:] or FIGURES:
        print(FIGURES[name]())


if __name__ == "__main__":
    main()
