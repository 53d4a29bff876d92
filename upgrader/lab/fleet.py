"""A fleet to rehearse on: so many clusters, mixed in kind, version and region, a given share of them sick."""

from __future__ import annotations

import random

from msgspec.structs import replace

from upgrader.lab.cloud.cs.model import Outcome
from upgrader.lab.scenario import AddonSpec, CloudEdit, ClusterSpec, RamSpec, Scenario, ServiceSpec
from upgrader.model.errors import InputError
from upgrader.model.facts import ClusterKind, Network

KINDS: tuple[ClusterKind, ...] = ("managed", "dedicated", "self-managed")
NETWORKS: tuple[Network, ...] = ("flannel", "terway")
VERSIONS = (
    "v1.9.3.239-g40d97e1-aliyun",
    "v1.9.3.378-g42eac35-aliyun",
    "v2.3.0",
    "v2.5.1",
    "v2.9.1",
    "v2.10.0",
    "v2.12.4",
)
REGIONS = ("cn-hangzhou", "cn-beijing", "cn-shanghai")
ILLNESSES = ("no-ram", "legacy-clb", "addon-fails", "addon-blocked", "lost-clb")
OFFERED = ("v2.14.0",)


def fleet(*, clusters: int, services: int = 3, seed: int = 0, sick_percent: int = 0) -> Scenario:
    """The same scenario for the same numbers. Raises `InputError` for numbers that can't be."""
    if clusters < 1 or services < 0 or not 0 <= sick_percent <= 100:
        raise InputError(what="a fleet has at least one cluster, and at most 100 percent of it is sick", where="--sick",
                         next_command="ccm-upgrade lab start --clusters 10 --sick 20")  # fmt: skip
    chance = random.Random(seed)
    sick = set(chance.sample(range(clusters), round(clusters * sick_percent / 100)))
    made = tuple(_cluster(number, services, chance, sick=number in sick) for number in range(clusters))
    return Scenario(name=f"fleet-{clusters}x{services}-{seed}", title=f"A fleet of {clusters} clusters", clusters=made)


def _cluster(number: int, services: int, chance: random.Random, *, sick: bool) -> ClusterSpec:
    kind = KINDS[number % len(KINDS)]
    spec = ClusterSpec(
        name=f"fleet-{number:04}",
        kind=kind,
        network=chance.choice(NETWORKS),
        region=chance.choice(REGIONS),
        ccm=chance.choice(VERSIONS),
        nodes=3,
        addon=AddonSpec(offered=OFFERED if kind != "self-managed" else ()),
        services=tuple(_service(place, chance) for place in range(services)),
    )
    return _ill(spec, chance) if sick else spec


def _service(place: int, chance: random.Random) -> ServiceSpec:
    pods = tuple(chance.randint(0, 3) for _ in range(3))
    return ServiceSpec(
        name=f"svc-{place}", pods=pods if any(pods) else (1, 0, 0), local=chance.random() < 0.5,
        ports=("443:8443",) if chance.random() < 0.3 else ("80",),
    )  # fmt: skip


def _ill(spec: ClusterSpec, chance: random.Random) -> ClusterSpec:
    illness = chance.choice(ILLNESSES)
    first = spec.services[0].name if spec.services else ""
    if illness == "no-ram" and spec.kind != "managed":
        return replace(spec, ram=RamSpec(missing=("nlb:ListAsynJobs", "vpc:CreateRouteEntries")))
    if illness == "legacy-clb" and first:
        return replace(
            spec, edits=(CloudEdit(service=first, do="untag"), CloudEdit(service=first, do="rename", value="mine"))
        )
    if illness == "lost-clb" and first:
        return replace(spec, edits=(CloudEdit(service=first, do="delete"),))
    if spec.kind == "self-managed":
        return replace(spec, broken_images=("*",))
    outcome: Outcome = "failed" if illness == "addon-fails" else "success"
    return replace(
        spec,
        addon=AddonSpec(
            offered=OFFERED, outcome=outcome, precheck="" if outcome == "failed" else "a node is not ready"
        ),
    )
