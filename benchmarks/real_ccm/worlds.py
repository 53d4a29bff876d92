"""One world: made by one real CCM, perhaps edited, forecast by us, taken over by another real CCM."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from benchmarks.real_ccm.attribute import Owners, Sent
from benchmarks.real_ccm.binary import Ccm
from benchmarks.real_ccm.changes import change_nodes, change_services
from benchmarks.real_ccm.edits import edit_console, touch
from benchmarks.real_ccm.nlb import bring_nlb
from benchmarks.real_ccm.nlb_edits import edit_nlb
from benchmarks.real_ccm.place import CLUSTER_ID, ELSEWHERE, MANY_NODES, NODES, REGION, VPC, Place
from benchmarks.real_ccm.services import Made, make_services, own_group
from upgrader.lab.cloud import seed as plant
from upgrader.lab.cloud.slb.model import Acl, Backend, Certificate, Group, Listener, LoadBalancer
from upgrader.model.errors import InputError
from upgrader.model.kube import Service
from upgrader.model.version import parse_version

Variant = Literal["clean", "edited", "touched", "both", "changed"]
STARTS = 3
_HASH = "service.beta.kubernetes.io/hash"


class Asked(Struct, frozen=True, kw_only=True):
    """Which world: `lb` is clb, nlb or both; `nodes` all alike, of every sort, or many; times in seconds."""

    old: str
    new: str
    seed: int
    variant: Variant = "clean"
    services: int = 40
    lb: str = "clb"
    nodes: Literal["plain", "mixed", "many"] = "plain"
    kinds: Literal["common", "rare"] = "common"
    quiet_s: float = 16.0
    limit_s: float = 200.0

    @property
    def name(self) -> str:
        """A name for its folder."""
        named = {"plain", "common"}
        kind = "-".join((self.lb, *(one for one in (self.nodes, self.kinds) if one not in named)))
        return f"{self.old}-{self.new}-{kind}-{self.variant}-{self.seed}"


class Seen(Struct, frozen=True, kw_only=True):
    """What the new CCM did, and what the lab answered either; `later`: what it wrote at the next edit, if any."""

    requests: list[dict[str, Any]]
    labels: dict[str, str | None]
    before_labels: dict[str, str | None]
    events: dict[str, list[tuple[str, str, str]]]
    weights: dict[str, dict[str, int]]
    errors: list[str]
    unhandled: list[str]
    edits: list[str]
    notes: list[str]
    kinds: dict[str, str]
    later: list[Sent] | None = None


def run_world(asked: Asked, binaries: Path, directory: Path) -> None:
    """Run it; `facts.json`, `seen.json` and `after.json` in `directory` are what `compare` needs. Loopback only."""
    old, new = parse_version(asked.old), parse_version(asked.new)
    with Place(directory, seed=asked.seed) as place:
        mixed = random.Random(f"nodes/{asked.seed}") if asked.nodes == "mixed" else None
        place.furnish(mixed, count=MANY_NODES if asked.nodes == "many" else NODES)
        services = make_services(asked.seed, asked.services, asked.lb, rare=asked.kinds == "rare")
        _bring(place, services)
        notes, owners = [], Owners()
        with place.ccm(binaries, old) as ccm:
            for made in services:
                place.write(*made.objects)
            notes += _settle(place, asked, ccm)
        errors = _errors(place, 0)
        owners.learn(_services(place), place.lab.cloud.world)
        edits = []
        if asked.variant in ("edited", "both"):
            edits = edit_console(place, asked.seed) + edit_nlb(place, asked.seed)
        if asked.variant in ("touched", "both"):
            touch(place)
        if asked.variant == "changed":
            edits = change_services(place, asked.seed) + (change_nodes(place, asked.seed) if mixed else [])
        owners.learn(_services(place), place.lab.cloud.world)
        owners.mark()
        _discover(place, asked.old, directory / "facts.json")
        before, told, mark = _labels(place), _event_counts(place), place.lab.cloud.journal.last_seq
        with place.ccm(binaries, new) as ccm:
            notes += _settle(place, asked, ccm)
            owners.learn(_services(place), place.lab.cloud.world)
            _discover(place, asked.new, directory / "after.json")
            writes = [one for one in place.requests(mark) if one.write]
            labels, events, weights = _labels(place), _events(place, told), _weights(place)
            errors = sorted({*errors, *_errors(place, mark)})
            mark, later = place.lab.cloud.journal.last_seq, None
            if asked.variant in ("clean", "edited"):
                touch(place)
                notes += _settle(place, asked, ccm)
                later = sorted({owners.of(one) for one in place.requests(mark) if one.write and not one.code})
        seen = Seen(
            requests=[{"sent": owners.of(one), "params": one.params, "code": one.code} for one in writes],
            labels=labels, before_labels=before, events=events, weights=weights, later=later, errors=errors,
            unhandled=sorted({f"{one.product}:{one.action}" for one in place.lab.cloud.journal.unhandled()}),
            edits=edits, notes=notes, kinds={one.key: one.kind for one in services},
        )  # fmt: skip
        (directory / "seen.json").write_bytes(msgspec.json.format(msgspec.json.encode(seen)))
        (directory / "asked.json").write_bytes(msgspec.json.encode(asked))


def _bring(place: Place, services: list[Made]) -> None:
    """What users have in the account: CLBs that Services name, a certificate, an access control list, interfaces."""
    world = place.lab.cloud.world

    def act() -> None:
        for name in ("cert-1", "cert-2"):
            world.slb.certificates[name] = Certificate(id=name, region=REGION)
        world.slb.acls["acl-1"] = Acl(id="acl-1", name="acl-1", region=REGION)
        for made in services:
            if made.brought.startswith("nlb-"):
                bring_nlb(world, made.brought)
            elif made.brought and made.brought not in world.slb.load_balancers:
                group = own_group(made.brought)
                settings: dict[str, str | int] = {
                    "Description": "by-hand", "Bandwidth": -1, "Scheduler": "rr", "VServerGroupId": "",
                    "AclStatus": "off", "AclId": "", "AclType": "", "HealthCheck": "on", "HealthCheckType": "tcp",
                    "PersistenceTimeout": 0, "EstablishedTimeout": 900, "HealthCheckSwitch": "on",
                }  # fmt: skip
                world.slb.load_balancers[made.brought] = LoadBalancer(
                    id=made.brought, name=made.brought, region=REGION, address=world.new_public_ip(), vpc_id=VPC,
                    created=plant.CREATED,
                    listeners={
                        f"{protocol}:{port}": Listener(
                            port=port, protocol=protocol, status="running",
                            settings=settings if port == 31000 else {**settings, "VServerGroupId": group},
                        )
                        for protocol, port in (("tcp", 31000), *made.taken)
                    },
                )  # fmt: skip
                world.slb.groups[group] = Group(
                    id=group, name="by-hand", load_balancer_id=made.brought,
                    backends=[Backend(server_id="i-node1", port=31000, weight=33, description="by-hand")],
                )  # fmt: skip
            for ip, machine in made.interfaces:
                made_eni = plant.add_interface(world, f"eni-{ip.replace('.', '-')}", [ip], machine or "i-node1")
                # One that the lab knows nothing of it would make up.
                made_eni.vpc_id = VPC if machine else ELSEWHERE

    place.lab.run(act)


def _settle(place: Place, asked: Asked, ccm: Ccm) -> list[str]:
    for _ in range(STARTS):
        if place.quiet(ccm, for_s=asked.quiet_s, limit_s=asked.limit_s, first_s=90.0):
            return []
        if ccm.alive():
            return [f"{ccm.version} did not come to rest"]
        # A CCM that does not reach the cloud in time ends; on a busy machine that is no news.
        ccm.start()
    return [f"{ccm.version} ended: {ccm.said()}"]


def _discover(place: Place, version: str, path: Path) -> None:
    """Our own tool, as a user runs it."""
    command = [str(Path(sys.executable).with_name("ccm-upgrade")), "discover", "-o", str(path),
               "--kubeconfig", str(place.kubeconfig), "--endpoint", place.lab.url, "--cluster-id", CLUSTER_ID,
               "--region", REGION, "--vpc-id", VPC, "--from", version, "--kind", "self-managed",
               "--network", "terway"]  # fmt: skip
    environment = {**os.environ, **place.lab.environment}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise InputError(what="discover failed", where=str(path), why=run.stderr[-2000:])


def _services(place: Place) -> list[Service]:
    return [msgspec.convert(one, Service, strict=False) for one in place.objects("services")]


def _labels(place: Place) -> dict[str, str | None]:
    found = {}
    for one in place.objects("services"):
        metadata = one["metadata"]
        found[f"{metadata['namespace']}/{metadata['name']}"] = (metadata.get("labels") or {}).get(_HASH)
    return found


def _event_counts(place: Place) -> dict[str, int]:
    return {one["metadata"]["uid"]: one.get("count") or 1 for one in place.objects("events")}


def _events(place: Place, told: dict[str, int]) -> dict[str, list[tuple[str, str, str]]]:
    """Events on Services since `told`."""
    found: dict[str, set[tuple[str, str, str]]] = {}
    for one in place.objects("events"):
        about = one["involvedObject"]
        if about.get("kind") == "Service" and (one.get("count") or 1) > told.get(one["metadata"]["uid"], 0):
            key = f"{about.get('namespace')}/{about['name']}"
            found.setdefault(key, set()).add((one["type"], one["reason"], one.get("message") or ""))
    return {key: sorted(events) for key, events in sorted(found.items())}


def _weights(place: Place) -> dict[str, dict[str, int]]:
    """Group id → backend → weight, as the new CCM left it."""
    world = place.lab.cloud.world
    clb = {one.id: {f"{b.server_id if b.type == 'ecs' else b.server_ip}:{b.port}": b.weight for b in one.backends}
           for one in world.slb.groups.values()}  # fmt: skip
    nlb = {
        one.id: {f"{s.server_id if s.type == 'Ecs' else s.server_ip}:{s.port}": s.weight for s in one.servers}
        for one in world.nlb.groups.values()
    }
    return {**clb, **nlb}


def _errors(place: Place, since: int) -> list[str]:
    """What the lab refused: each must be what the real cloud would refuse too."""
    return sorted({f"{one.product}:{one.action} {one.code}: {one.message[:200]}"
                   for one in place.requests(since) if one.code})  # fmt: skip


def read_world(directory: Path) -> tuple[Asked, Seen]:
    """What `run_world` wrote."""
    asked = msgspec.json.decode((directory / "asked.json").read_bytes(), type=Asked)
    return asked, msgspec.json.decode((directory / "seen.json").read_bytes(), type=Seen)


def load_json(path: Path) -> Any:
    """A JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))
