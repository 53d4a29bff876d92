"""The life of one Service under one real CCM: each step's requests, and what the lab refused or did not know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.real_ccm.binary import Ccm
from benchmarks.real_ccm.place import REGION, Object, Place
from benchmarks.real_ccm.services import NLB_CLASS, PREFIX
from upgrader.model.version import parse_version

_CREATE = "create"
_DRY_RUN = "dry run"
_QUIET_S, _LIMIT_S, _START_S = 6.0, 90.0, 60.0


def live(binaries: Path, version: str, lb: str, directory: Path, *, dry_run: bool = False) -> list[Object]:
    """Step by step: its name, requests in order, errors, events, finalizers; the last one tells what is left."""
    with Place(directory) as place:
        place.furnish()
        with place.ccm(binaries, parse_version(version)) as ccm:
            told = [_step(place, ccm, name, act) for name, act in _steps(place, lb)]
        if dry_run:
            place.write(*_service(lb))
            with place.ccm(binaries, parse_version(version), extra=("--dry-run=true",)) as ccm:
                told.append(_step(place, ccm, _DRY_RUN, lambda: None))
        world = place.lab.cloud.world
        left = [*world.slb.load_balancers, *world.nlb.load_balancers, *world.nlb.groups, *world.ecs.security_groups]
        unhandled = sorted({f"{one.product}:{one.action}" for one in place.lab.cloud.journal.unhandled()})
        return [*told, {"step": "left", "left": left, "unhandled": unhandled}]


def _step(place: Place, ccm: Ccm, name: str, act: Any) -> Object:
    mark = place.lab.cloud.journal.last_seq
    told = {one["metadata"]["uid"]: one.get("count") or 1 for one in place.objects("events")}
    act()
    starting = name in (_CREATE, _DRY_RUN)
    rested = place.quiet(ccm, for_s=_QUIET_S, limit_s=_LIMIT_S, first_s=_START_S if starting else 0.0)
    asked = place.requests(mark)
    found = [one for one in place.objects("services") if one["metadata"]["name"] == "c1"]
    return {
        "step": name,
        "actions": [f"{one.product}:{one.action}" for one in asked],
        "errors": [f"{one.action} {one.code}: {one.message}" for one in asked if one.code],
        "events": sorted({one["reason"] for one in place.objects("events")
                          if (one.get("count") or 1) > told.get(one["metadata"]["uid"], 0)}),
        "finalizers": found[0]["metadata"].get("finalizers", []) if found else None,
        "rested": rested,
    }  # fmt: skip


def _steps(place: Place, lb: str) -> list[tuple[str, Any]]:
    def note(short: str, value: str) -> Any:
        return lambda: place.patch("services", "default", "c1", {"metadata": {"annotations": {PREFIX + short: value}}})

    def ports(*numbers: int) -> Any:
        found = [{"name": f"tcp-{n}", "port": n, "protocol": "TCP", "targetPort": n} for n in numbers]
        return lambda: place.patch("services", "default", "c1", {"spec": {"ports": found}})

    shared: list[tuple[str, Any]] = [
        (_CREATE, lambda: place.write(*_service(lb))),
        ("idle", lambda: None),
        ("endpoints change (node2 1->2 pods)", lambda: place.write(*_ends((2, 2), 80))),
        ("add port 443", ports(80, 443)),
        ("remove port 443", ports(80)),
        ("annotate additional-resource-tags a=1", note("additional-resource-tags", "a=1")),
    ]
    own: list[tuple[str, Any]] = [
        ("annotate spec=slb.s2.small", note("spec", "slb.s2.small")),
        ("annotate instance-charge-type PayBySpec", note("instance-charge-type", "PayBySpec")),
        ("annotate bandwidth=50", note("bandwidth", "50")),
        ("annotate health check", note("health-check-type", "http")),
        ("annotate name", note("name", "other")),
        ("annotate delete-protection off", note("delete-protection", "off")),
        ("listener to http", note("protocol-port", "http:80")),
    ]
    nlb: list[tuple[str, Any]] = [
        ("annotate proxy-protocol", note("proxy-protocol", "on")),
        ("annotate scheduler", note("scheduler", "rr")),
        ("annotate name", note("name", "other")),
    ]

    def policy() -> None:
        place.patch("services", "default", "c1", {"spec": {"externalTrafficPolicy": "Cluster"}})

    return [*shared, *(own if lb == "clb" else nlb), ("policy Local->Cluster", policy),
            ("delete", lambda: place.delete("services", "default", "c1"))]  # fmt: skip


def _service(lb: str) -> list[Object]:
    spec: Object = {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "selector": {"app": "c1"},
                    "ports": [{"name": "tcp-80", "port": 80, "protocol": "TCP", "targetPort": 80}]}  # fmt: skip
    notes = {}
    if lb == "nlb":
        spec["loadBalancerClass"] = NLB_CLASS
        notes = {f"{PREFIX}zone-maps": f"{REGION}-h:vsw-lab-h,{REGION}-i:vsw-lab-i"}
    metadata = {"name": "c1", "namespace": "default", "annotations": notes}
    return [*_ends((2, 1), 80), {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}]


def _ends(pods: tuple[int, ...], port: int) -> list[Object]:
    addresses = [
        {"ip": f"10.{place}.0.{copy}", "nodeName": f"node{place}"}
        for place, count in enumerate(pods, 1)
        for copy in range(1, count + 1)
    ]
    listed = [{"name": "tcp-80", "port": port, "protocol": "TCP"}, {"name": "tcp-443", "port": 443, "protocol": "TCP"}]
    ends = [{"addresses": [one["ip"]], "nodeName": one["nodeName"],
             "conditions": {"ready": True, "serving": True, "terminating": False}} for one in addresses]  # fmt: skip
    return [
        {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "c1", "namespace": "default"},
         "subsets": [{"addresses": addresses, "ports": listed}]},
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "endpoints": ends,
         "ports": listed, "metadata": {"name": "c1-abc", "namespace": "default",
                                       "labels": {"kubernetes.io/service-name": "c1"}}},
    ]  # fmt: skip
