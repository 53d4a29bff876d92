"""What people do in the cluster between two CCMs: random, seeded, on its Services and nodes."""

from __future__ import annotations

import random
from typing import Any

from benchmarks.real_ccm.nlb_edits import change_nlb_service
from benchmarks.real_ccm.place import Place
from benchmarks.real_ccm.rare import rare_notes
from upgrader.forecast.hash import HASH_LABEL
from upgrader.lab.kube.status import ApiError

CHANGES = ("scaled", "port-added", "port-removed", "policy", "note-removed", "note-added", "class-added", "ended",
           "deleted", "selector", "hash-gone", "hash-wrong", "eni", "reused", "ranges", "target-port", "node-port",
           "protocol", "port-renamed", "notes-gone", "note-any", "note-any", "finalizer-gone", "own-group",
           "override")  # fmt: skip


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
            try:
                place.patch("services", namespace, name, patch)
            except ApiError:
                # The API refuses it, as where another Service has the node port.
                continue
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
        case "own-group" if lead + "id" in notes:
            port, lb = service["spec"]["ports"][0]["port"], notes[lead + "id"]
            return {"annotations": {lead + "vgroup-port": f"{lb.replace('lb-', 'rsp-hand-')}:{port}"}}
        case "override" if lead + "id" in notes:
            flag = lead + "force-override-listeners"
            return {"annotations": {flag: None if flag in notes else "true"}}
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
