"""What people do in the console and in the cluster between two CCMs: random, seeded, on the lab's own state."""

from __future__ import annotations

import copy
import random
from typing import Any

from benchmarks.real_ccm.nlb_edits import change_nlb_service
from benchmarks.real_ccm.place import Place
from benchmarks.real_ccm.rare import rare_notes
from upgrader.forecast.hash import HASH_LABEL
from upgrader.lab.cloud.slb.model import Backend, Group, Listener, LoadBalancer

_SETTINGS = {"Scheduler": "wlc", "Bandwidth": 12, "HealthCheckConnectTimeout": 44, "PersistenceTimeout": 77,
             "StickySession": "off", "HealthCheck": "off", "IdleTimeout": 21, "EstablishedTimeout": 77}  # fmt: skip
CONSOLE = ("weight", "backend-missing", "backend-extra", "backends-gone", "tags-gone", "tag-gone", "tag-extra", "spec",
           "bandwidth", "name", "charge", "internet-charge", "delete-protection", "modification-protection",
           "listener-setting", "listener-gone", "listener-stopped", "listener-described", "listener-by-hand",
           "listener-like-ccm", "listener-group", "group-by-hand", "lb-gone", "lb-copied")  # fmt: skip


def edit_console(place: Place, seed: int, share: float = 0.6) -> list[str]:
    """Edit so many of the CLBs, each once; returns what was done."""
    chance, done = random.Random(f"edit/{seed}"), []
    world = place.lab.cloud.world

    def act() -> None:
        for lb in list(world.slb.load_balancers.values()):
            if chance.random() < share:
                what = chance.choice(CONSOLE)
                groups = [one for one in world.slb.groups.values() if one.load_balancer_id == lb.id]
                if what == "lb-gone":
                    del world.slb.load_balancers[lb.id]
                    for group in groups:
                        del world.slb.groups[group.id]
                    done.append(f"{what} {lb.id}")
                elif what == "lb-copied":
                    twin = copy.deepcopy(lb)
                    twin.id, twin.listeners, twin.address = world.new_bp1("lb"), {}, world.new_public_ip()
                    world.slb.load_balancers[twin.id] = twin
                    done.append(f"{what} {lb.id}")
                elif _clb(chance, what, lb, groups) and _group(chance, place, what, groups):
                    done.append(f"{what} {lb.id}")

    place.lab.run(act)
    return done


def _clb(chance: random.Random, what: str, lb: LoadBalancer, groups: list[Group]) -> bool:
    if not what.startswith("listener"):
        for field, value in _attributes(what, lb).items():
            setattr(lb, field, value)
        return True
    if not lb.listeners:
        return False
    listener = chance.choice(list(lb.listeners.values()))
    match what:
        case "listener-setting":
            known = sorted(name for name in _SETTINGS if name in listener.settings)
            for name in known and [chance.choice(known)]:
                listener.settings[name] = _SETTINGS[name]
        case "listener-gone":
            del lb.listeners[f"{listener.protocol}:{listener.port}"]
        case "listener-stopped":
            listener.status = "stopped"
        case "listener-described":
            listener.settings["Description"] = "by-hand"
        case "listener-group":
            listener.settings["VServerGroupId"] = chance.choice(groups).id if groups else ""
        case _:
            settings = copy.deepcopy(listener.settings)
            if what == "listener-by-hand":
                settings["Description"] = "by-hand"
            lb.listeners["tcp:31999"] = Listener(port=31999, protocol="tcp", status="running", settings=settings)
    return True


def _attributes(what: str, lb: LoadBalancer) -> dict[str, Any]:
    """The fields of a CLB that an edit sets."""
    own = "kubernetes.do.not.delete"
    flipped = {
        "charge": ("charge_type", "PayBySpec", "PayByCLCU"),
        "internet-charge": ("internet_charge_type", "paybytraffic", "paybybandwidth"),
        "delete-protection": ("delete_protection", "on", "off"),
        "modification-protection": ("modification_protection", "ConsoleProtection", "NonProtection"),
    }
    fixed: dict[str, dict[str, Any]] = {
        "tags-gone": {"tags": {}},
        "tag-gone": {"tags": {key: value for key, value in lb.tags.items() if key != own}},
        "tag-extra": {"tags": {**lb.tags, "by": "hand"}},
        "spec": {"spec": "slb.s3.medium"},
        "bandwidth": {"bandwidth": 77},
        "name": {"name": "by-hand"},
    }
    if what in flipped:
        field, one, other = flipped[what]
        return {field: other if getattr(lb, field) == one else one}
    return fixed.get(what, {})


def _group(chance: random.Random, place: Place, what: str, groups: list[Group]) -> bool:
    with_backends = [one for one in groups if one.backends]
    if what == "group-by-hand" and groups:
        world, lb_id = place.lab.cloud.world, groups[0].load_balancer_id
        made = Group(id=world.new_bp1("rsp"), name="by-hand", load_balancer_id=lb_id)
        world.slb.groups[made.id] = made
    if not what.startswith(("weight", "backend")):
        return True
    if not with_backends:
        return False
    group = chance.choice(with_backends)
    if what == "weight":
        chance.choice(group.backends).weight = chance.choice((0, 7, 100))
    elif what == "backend-missing":
        group.backends.remove(chance.choice(group.backends))
    elif what == "backend-extra":
        like = group.backends[0]
        described = chance.choice((like.description, "by-hand", ""))
        group.backends.append(Backend(server_id="i-extra9", port=like.port, weight=10, description=described))
    else:
        group.backends.clear()
    return True


def touch(place: Place) -> None:
    """A harmless annotation on every Service: the next CCM syncs each in full."""
    for service in place.objects("services"):
        metadata = service["metadata"]
        place.patch("services", metadata["namespace"], metadata["name"],
                    {"metadata": {"annotations": {"example.com/touched": "1"}}})  # fmt: skip


CHANGES = ("scaled", "port-added", "port-removed", "policy", "note-removed", "note-added", "class-added", "ended",
           "deleted", "selector", "hash-gone", "hash-wrong", "eni", "reused", "ranges", "target-port", "node-port",
           "protocol", "port-renamed", "notes-gone", "note-any", "note-any", "finalizer-gone")  # fmt: skip


def change_services(place: Place, seed: int, share: float = 0.7) -> list[str]:
    """Change so many of the Services in the cluster, each once, while no CCM runs; returns what was done."""
    chance, done = random.Random(f"change/{seed}"), []
    for service in sorted(place.objects("services"), key=lambda one: str(one["metadata"]["name"])):
        if service["spec"].get("type") != "LoadBalancer" or chance.random() > share:
            continue
        what = chance.choice(CHANGES)
        metadata = service["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        if what == "deleted":
            place.delete("services", namespace, name)
        elif what == "scaled":
            _scale(chance, place, namespace, name)
        elif service["spec"].get("loadBalancerClass") and chance.random() < 0.5:
            what, patch = change_nlb_service(chance, service)
            place.patch("services", namespace, name, patch)
        elif patch := _change(chance, what, service):
            place.patch("services", namespace, name, patch)
        else:
            continue
        done.append(f"{what} {namespace}/{name}")
    return done


def _change(chance: random.Random, what: str, service: dict[str, Any]) -> dict[str, Any]:
    if spec := _spec(chance, what, service):
        return {"spec": spec}
    metadata = _metadata(chance, what, service)
    return {"metadata": metadata} if metadata else {}


def _metadata(chance: random.Random, what: str, service: dict[str, Any]) -> dict[str, Any]:
    notes = service["metadata"].get("annotations") or {}
    lead, by_class = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-", service["spec"].get("loadBalancerClass")
    backend = "service.beta.kubernetes.io/backend-type"
    match what:
        case "note-removed" if notes:
            return {"annotations": {chance.choice(sorted(notes)): None}}
        case "note-added":
            short, value = chance.choice((("spec", "slb.s2.small"), ("scheduler", "wlc"), ("bandwidth", "20"),
                                          ("health-check-interval", "7"), ("delete-protection", "off")))  # fmt: skip
            return {"annotations": {lead + short: value}}
        case "note-any":
            given = rare_notes(chance, "nlb" if by_class else "clb")
            return {"annotations": {lead + key: value for key, value in given.items()}}
        case "reused" if not by_class:
            return {"annotations": {lead + "id": "lb-reuse-shared"}}
    plain: dict[str, dict[str, Any]] = {
        "class-added": {"annotations": {"service.beta.kubernetes.io/class": "other"}},
        "hash-gone": {"labels": {HASH_LABEL: None}},
        "hash-wrong": {"labels": {HASH_LABEL: "0" * 56}},
        "finalizer-gone": {"finalizers": None},
        "notes-gone": {"annotations": None},
        "eni": {"annotations": {backend: None if backend in notes else "eni"}},
    }
    return plain.get(what, {})


def _spec(chance: random.Random, what: str, service: dict[str, Any]) -> dict[str, Any]:
    ports = service["spec"]["ports"]
    match what:
        case "port-added" if all(one.get("name") for one in ports):
            more = {"name": "more", "port": 7777, "targetPort": 7777, "protocol": "TCP"}
            return {"ports": [*ports, more]}
        case "port-removed" if len(ports) > 1:
            return {"ports": ports[1:]}
        case "policy":
            local = service["spec"].get("externalTrafficPolicy") == "Local"
            return {"externalTrafficPolicy": "Cluster" if local else "Local"}
        case "ended":
            only = ("externalTrafficPolicy", "loadBalancerSourceRanges", "allocateLoadBalancerNodePorts",
                    "loadBalancerClass", "healthCheckNodePort")  # fmt: skip
            return {"type": "ClusterIP", **dict.fromkeys(only)}
        case "selector":
            return {"sessionAffinity": "ClientIP"}
        case "ranges":
            return {"loadBalancerSourceRanges": ["10.1.0.0/16"]}
        case "target-port" | "node-port" | "protocol" | "port-renamed":
            moved = [_moved(chance, what, ports[0]), *ports[1:]]
            alone = len({(one["port"], one.get("protocol")) for one in moved}) == len(moved)
            return {"ports": moved} if alone else {}
    return {}


def _moved(chance: random.Random, what: str, port: dict[str, Any]) -> dict[str, Any]:
    match what:
        case "target-port":
            return {**port, "targetPort": 9999}
        case "node-port":
            return {**port, "nodePort": chance.randint(32700, 32760)} if port.get("nodePort") else port
        case "protocol":
            return {**port, "protocol": "UDP" if port.get("protocol") == "TCP" else "TCP"}
    return {**port, "name": "renamed"}


def change_nodes(place: Place, seed: int) -> list[str]:
    """One node goes, one is cordoned, one is no longer ready, one is kept out by a label; returns what was done."""
    chance, done = random.Random(f"nodes/{seed}"), []
    names = sorted(one["metadata"]["name"] for one in place.objects("nodes"))
    for what, name in zip(("gone", "cordoned", "kept-out"), chance.sample(names[1:], 3), strict=True):
        if what == "gone":
            place.delete("nodes", "", name)
        elif what == "cordoned":
            place.patch("nodes", "", name, {"spec": {"unschedulable": True}})
        else:
            label = {"node.kubernetes.io/exclude-from-external-load-balancers": ""}
            place.patch("nodes", "", name, {"metadata": {"labels": label}})
        done.append(f"{what} {name}")
    return done


def _scale(chance: random.Random, place: Place, namespace: str, name: str) -> None:
    """Fewer ready pods: some of each subset and slice are no longer ready."""
    gone = set()
    for one in place.objects("endpoints"):
        if (one["metadata"]["namespace"], one["metadata"]["name"]) == (namespace, name):
            for subset in one.get("subsets") or []:
                addresses = subset.get("addresses") or []
                gone = {a["ip"] for a in chance.sample(addresses, chance.randint(0, len(addresses)))}
                subset["notReadyAddresses"] = (subset.get("notReadyAddresses") or []) + [
                    a for a in addresses if a["ip"] in gone
                ]
                subset["addresses"] = [a for a in addresses if a["ip"] not in gone]
            place.write({**one, "apiVersion": "v1", "kind": "Endpoints"})
    for one in place.objects("endpointslices", "discovery.k8s.io"):
        if one["metadata"].get("labels", {}).get("kubernetes.io/service-name") == name:
            if one["metadata"]["namespace"] != namespace:
                continue
            for end in one.get("endpoints") or []:
                if set(end["addresses"]) & gone:
                    end["conditions"] = {"ready": False, "serving": False, "terminating": False}
            place.write({**one, "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice"})
