"""How fast, and with how much memory, dumps become facts: against msgspec's bare decode, and jq where it is there.

    python benchmarks/discover_files.py [--services 50000] [--slices 20000]

Each measurement runs in a process of its own, so that memory is that of the reading alone.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

READ = """
import sys, time
from pathlib import Path
import upgrader.discover.files as files
from upgrader.discover.said import Said
def peak_kb():
    return int(next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line))
before = peak_kb()
start = time.perf_counter()
facts = files.read_files([Path(sys.argv[1])], Said())
took = time.perf_counter() - start
after = peak_kb()
print(took, (after - before) / 1024, len(facts.services) + len(facts.endpoint_slices))
"""
BARE = """
import sys, time
from pathlib import Path
import msgspec
class Page(msgspec.Struct):
    items: list[msgspec.Raw]
def peak_kb():
    return int(next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line))
before = peak_kb()
start = time.perf_counter()
page = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Page)
took = time.perf_counter() - start
print(took, (peak_kb() - before) / 1024, len(page.items))
"""
LISTING = '.items[] | select(.spec.type=="LoadBalancer") | [.metadata.namespace, .metadata.name] | @tsv'


def service(number: int) -> dict[str, Any]:
    """A LoadBalancer Service as `kubectl get -o json` prints it, about 1.6 kB compact."""
    name = f"service-{number:06}"
    applied = json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "pad": "x" * 420})
    prefix = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": applied,
                f"{prefix}spec": "slb.s1.small", f"{prefix}address-type": "intranet",
            },
            "creationTimestamp": "2024-01-01T00:00:00Z",
            "finalizers": ["service.k8s.alibaba/resources"],
            "labels": {"app": name, "service.beta.kubernetes.io/hash": "a" * 56, "team": f"team-{number % 40}"},
            "name": name, "namespace": f"namespace-{number % 200}", "resourceVersion": str(10_000_000 + number),
            "uid": f"{number:08x}-0000-4000-8000-000000000000",
        },
        "spec": {
            "allocateLoadBalancerNodePorts": True, "clusterIP": "172.16.0.1", "clusterIPs": ["172.16.0.1"],
            "externalTrafficPolicy": "Local" if number % 3 else "Cluster", "healthCheckNodePort": 31000,
            "internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
            "ports": [{"name": "http", "nodePort": 30080, "port": 80, "protocol": "TCP", "targetPort": 8080},
                      {"name": "https", "nodePort": 30443, "port": 443, "protocol": "TCP", "targetPort": "https"}],
            "selector": {"app": name}, "sessionAffinity": "None", "type": "LoadBalancer",
        },
        "status": {"loadBalancer": {"ingress": [{"ip": f"47.{number >> 16}.{number >> 8 & 255}.{number & 255}"}]}},
    }  # fmt: skip


def endpoint_slice(number: int) -> dict[str, Any]:
    """An EndpointSlice with ten endpoints, about 2.5 kB compact."""
    name = f"service-{number:06}"
    endpoints = [
        {"addresses": [f"10.0.{place}.{number & 255}"], "conditions": {"ready": True, "serving": True},
         "nodeName": f"node-{place}", "zone": "cn-hangzhou-h",
         "targetRef": {"kind": "Pod", "name": f"{name}-{place}", "namespace": "default", "uid": f"{place:036x}"}}
        for place in range(10)
    ]  # fmt: skip
    return {
        "addressType": "IPv4", "apiVersion": "discovery.k8s.io/v1", "endpoints": endpoints, "kind": "EndpointSlice",
        "metadata": {"name": f"{name}-abcde", "namespace": "default",
                     "labels": {"kubernetes.io/service-name": name}},
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
    }  # fmt: skip


def write(path: Path, items: list[dict[str, Any]], *, indent: int | None = None) -> None:
    """A v1 List, compact or as kubectl prints it."""
    separators = (",", ":") if indent is None else None
    whole = {"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}}
    path.write_text(json.dumps(whole, indent=indent, separators=separators))


def measure(code: str, path: Path) -> tuple[float, float, int]:
    """Seconds, MB beyond the start, objects: the best of three."""
    runs = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
        took, memory, count = done.stdout.split()
        runs.append((float(took), float(memory), int(count)))
    return min(runs)


def main() -> None:
    """Print one line a measurement."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--services", type=int, default=50_000)
    parser.add_argument("--slices", type=int, default=20_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        dumps = {
            "services": [service(n) for n in range(asked.services)],
            "endpointslices": [endpoint_slice(n) for n in range(asked.slices)],
        }
        for name, items in dumps.items():
            for style, indent in (("compact", None), ("pretty", 4)):
                path = Path(folder) / f"{name}-{style}.json"
                write(path, items, indent=indent)
                size = path.stat().st_size / 1e6
                took, memory, count = measure(READ, path)
                bare, bare_memory, _ = measure(BARE, path)
                line = f"{name:<15}{style:<8}{size:6.0f} MB {count:6} objects: facts {took:.2f} s +{memory:.0f} MB, "
                line += f"bare decode {bare:.2f} s +{bare_memory:.0f} MB"
                jq = shutil.which("jq")
                if jq and name == "services":
                    start = time.perf_counter()
                    subprocess.run([jq, "-r", LISTING, str(path)], stdout=subprocess.DEVNULL, check=True)
                    line += f", jq {time.perf_counter() - start:.2f} s"
                print(line)


if __name__ == "__main__":
    main()
