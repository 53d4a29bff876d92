"""Random but realistic dumps, the same for the same seed: what `kubectl get svc,endpointslices -A -o json` prints.

python benchmarks/dumps.py services 50000 > services.json
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from msgspec import convert

from upgrader.forecast.hash import HASH_LABEL, hash_by
from upgrader.matrix.behaviour import HashFormula
from upgrader.model.kube import Service

Labels = Literal["none", "foreign", "H1", "H2", "H3"]
"""What stands in the hash label: nothing, a value nobody computes, or what a formula computes."""
Broken = Literal["no", "port", "null"]
"""What is wrong with every Service."""

_PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
# Annotation → the values that turn up, and how often it is there.
_ANNOTATIONS: tuple[tuple[str, tuple[str, ...], float], ...] = (
    ("address-type", ("intranet", "internet"), 0.6),
    ("spec", ("slb.s1.small", "slb.s2.medium", "slb.s3.large"), 0.4),
    ("charge-type", ("paybytraffic", "paybybandwidth"), 0.2),
    ("bandwidth", ("10", "50", "100", "200"), 0.15),
    ("scheduler", ("wrr", "rr", "wlc"), 0.2),
    ("health-check-flag", ("on", "off"), 0.15),
    ("health-check-type", ("tcp", "http"), 0.15),
    ("health-check-uri", ("/healthz", "/ready", "/"), 0.1),
    ("health-check-interval", ("2", "5", "10"), 0.1),
    ("health-check-timeout", ("3", "5"), 0.1),
    ("healthy-threshold", ("3", "8"), 0.1),
    ("persistence-timeout", ("0", "1800"), 0.05),
    ("acl-status", ("on", "off"), 0.05),
    ("protocol-port", ("https:443,http:80", "tcp:80", "udp:53"), 0.1),
    ("connection-drain", ("on",), 0.05),
    ("additional-resource-tags", ("team=a,stage=prod", "cost=12"), 0.08),
)
_WORDS = ("api", "web", "gate", "auth", "pay", "cart", "chat", "feed", "mail", "node", "push", "rank", "sync", "user")
_ZONES = ("cn-hangzhou-h", "cn-hangzhou-i", "cn-hangzhou-j")


def service(number: int, dice: random.Random, labels: Labels = "none") -> dict[str, Any]:
    """A Service, nine of ten of type LoadBalancer, about 1.7 kB compact."""
    name = f"{dice.choice(_WORDS)}-{dice.choice(_WORDS)}-{number}"
    namespace = f"{dice.choice(_WORDS)}-{number % 211}"
    balanced = dice.random() < 0.9
    annotations = {_PREFIX + key: dice.choice(values) for key, values, often in _ANNOTATIONS if dice.random() < often}
    if dice.random() < 0.03:
        annotations[_PREFIX + "id"] = f"lb-{dice.getrandbits(80):020x}"
    spec = _spec(name, number, dice, balanced)
    if dice.random() < 0.8:
        applied = {"apiVersion": "v1", "kind": "Service",
                   "metadata": {"annotations": annotations, "name": name, "namespace": namespace},
                   "spec": {key: spec[key] for key in ("ports", "selector", "type")}}  # fmt: skip
        # As kubectl apply writes it: compact, a line break at the end.
        text = json.dumps(applied, separators=(",", ":")) + "\n"
        annotations["kubectl.kubernetes.io/last-applied-configuration"] = text
    metadata: dict[str, Any] = {
        "annotations": dict(sorted(annotations.items())),
        "creationTimestamp": f"202{dice.randrange(6)}-0{dice.randrange(1, 10)}-1{dice.randrange(10)}T08:15:30Z",
        "labels": {"app": name, "app.kubernetes.io/managed-by": "Helm", "team": f"team-{dice.randrange(40)}"},
        "name": name, "namespace": namespace, "resourceVersion": str(dice.randrange(10**9)), "uid": _uid(dice),
    }  # fmt: skip
    status: dict[str, Any] = {"loadBalancer": {}}
    if balanced and dice.random() < 0.98:
        metadata["finalizers"] = ["service.k8s.alibaba/resources"]
        status["loadBalancer"]["ingress"] = [{"ip": f"47.{dice.randrange(256)}.{number >> 8 & 255}.{number & 255}"}]
    found = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec, "status": status}
    if balanced and labels != "none":
        formula: HashFormula = "H3" if labels == "foreign" else labels
        value = hash_by(convert(found, Service), formula) or ""
        metadata["labels"][HASH_LABEL] = value[::-1] if labels == "foreign" else value
    return found


def _spec(name: str, number: int, dice: random.Random, balanced: bool) -> dict[str, Any]:
    address = f"172.{16 + number // 65536}.{number >> 8 & 255}.{number & 255}"
    ports = []
    for place, (port_name, port) in enumerate(dice.sample((("http", 80), ("https", 443), ("grpc", 9000)),
                                                          dice.choice((1, 1, 2, 2, 3)))):  # fmt: skip
        ports.append({"name": port_name, "nodePort": 30000 + (number * 3 + place) % 2768, "port": port,
                      "protocol": "TCP", "targetPort": dice.choice((8080, 8443, port_name))})  # fmt: skip
        if not balanced:
            del ports[-1]["nodePort"]
    spec: dict[str, Any] = {
        "clusterIP": address, "clusterIPs": [address], "internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack", "ports": ports, "selector": {"app": name}, "sessionAffinity": "None",
        "type": "LoadBalancer" if balanced else "ClusterIP",
    }  # fmt: skip
    if balanced:
        spec["allocateLoadBalancerNodePorts"] = True
        spec["externalTrafficPolicy"] = dice.choice(("Local", "Cluster"))
        if spec["externalTrafficPolicy"] == "Local":
            spec["healthCheckNodePort"] = 32000 + number % 700
    return spec


def endpoint_slice(number: int, dice: random.Random) -> dict[str, Any]:
    """An EndpointSlice of one to twenty endpoints, about 2.5 kB compact."""
    name = f"{dice.choice(_WORDS)}-{dice.choice(_WORDS)}-{number}"
    endpoints = [
        {"addresses": [f"10.{dice.randrange(256)}.{dice.randrange(256)}.{place}"],
         "conditions": {"ready": dice.random() < 0.95, "serving": True, "terminating": False},
         "nodeName": f"cn-hangzhou.10.0.{dice.randrange(8)}.{dice.randrange(256)}",
         "targetRef": {"kind": "Pod", "name": f"{name}-{place:05x}", "namespace": "default", "uid": _uid(dice)},
         "zone": dice.choice(_ZONES)}
        for place in range(dice.randrange(1, 21))
    ]  # fmt: skip
    return {
        "addressType": "IPv4", "apiVersion": "discovery.k8s.io/v1", "endpoints": endpoints, "kind": "EndpointSlice",
        "metadata": {"labels": {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                                "kubernetes.io/service-name": name},
                     "name": f"{name}-abcde", "namespace": "default", "uid": _uid(dice)},
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
    }  # fmt: skip


def broken(found: dict[str, Any], how: Broken) -> dict[str, Any]:
    """The Service with a port that is no number, or with null where the API server never writes it."""
    if how == "port":
        found["spec"]["ports"][0]["port"] = "eighty"
    elif how == "null":
        found["metadata"]["labels"] = None
    return found


def _uid(dice: random.Random) -> str:
    digits = f"{dice.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def services(count: int, seed: int = 0, labels: Labels = "none") -> Iterator[dict[str, Any]]:
    """`count` Services."""
    dice = random.Random(seed)
    return (service(number, dice, labels) for number in range(count))


def endpoint_slices(count: int, seed: int = 0) -> Iterator[dict[str, Any]]:
    """`count` EndpointSlices."""
    dice = random.Random(seed)
    return (endpoint_slice(number, dice) for number in range(count))


def text_of(items: Iterator[dict[str, Any]], *, indent: int | None = None) -> str:
    """A v1 List in the API server's order, compact or as kubectl prints it."""
    separators = (",", ":") if indent is None else None
    ordered = sorted(items, key=lambda one: (one["metadata"]["namespace"], one["metadata"]["name"]))
    whole = {"apiVersion": "v1", "items": ordered, "kind": "List", "metadata": {"resourceVersion": ""}}
    return json.dumps(whole, indent=indent, separators=separators) + "\n"


def write(path: Path, items: Iterator[dict[str, Any]], *, indent: int | None = None) -> None:
    """The same into a file."""
    path.write_text(text_of(items, indent=indent))


def main() -> None:
    """Print a dump."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["services", "endpointslices"])
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--labels", choices=["none", "foreign", "H1", "H2", "H3"], default="none")
    parser.add_argument("--broken", choices=["no", "port", "null"], default="no")
    parser.add_argument("--indent", type=int, default=None)
    asked = parser.parse_args()
    made = endpoint_slices(asked.count, asked.seed)
    if asked.what == "services":
        made = (broken(one, asked.broken) for one in services(asked.count, asked.seed, asked.labels))
    sys.stdout.write(text_of(made, indent=asked.indent))


if __name__ == "__main__":
    main()
