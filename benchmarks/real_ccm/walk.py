"""The life of a CLB and of an NLB Service under a real CCM whose cloud is another process, held against what was seen.

Each step's requests (action and parameters, ids and names of this run put aside) are compared with those in
`lifecycle.json` of a folder of observations, where it has the version; beside them stand those of the lab's simulated
CCM in the same life. Reads of newer versions run side by side: they are compared as a bag, writes in their order
within an object. What differs is told.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from benchmarks.real_ccm.apart import Apart
from benchmarks.real_ccm.place import REGION, Object
from benchmarks.real_ccm.services import NLB_CLASS, PREFIX
from upgrader.lab.journal import Request
from upgrader.model.version import parse_version
from upgrader.ports.clock import SystemClock

_QUIET_S = {"clb": 5.0, "nlb": 8.0}
# CCM looks for a new NLB again after twenty seconds where it is not active at once, and for jobs after some.
_SLOW_S, _LIMIT_S, _START_S = 26.0, 150.0, 60.0
_MACHINE = re.compile(
    r"\b(lb|rsp|nlb|sgp|lsn|vpc|vsw|rule|job)-[\w-]+|(?<=[/.])3[0-2]\d{3}(?=[/.])|\ba[0-9a-f]{31}\b|(?<=\"port\":)3[0-2]\d{3}"
)
_DROPPED = ("ClientToken", "RegionId", "JobIds.1", "JobId")
_PORTS = re.compile(r"Servers\.\d+\.Port$")
# Fields that CCM's own structures carry into the request, and which no cloud reads.
_OWN_FIELDS = re.compile(r'"(NodeName|TargetRef|Invalid|IsUserManaged)":(\{[^}]*\}|[^,}]*),?')

# Older clients read watches in protobuf alone, which the Kubernetes API here does not write: they look at the world
# when they start, and so are started again after each step.
_READS_JSON_SINCE = parse_version("v2.1.0")

Step = tuple[str, Callable[[], None]]


class Hands(Protocol):
    """What changes the cluster, and the cloud as its owner does in the console."""

    def write(self, *objects: Object) -> None:
        """Create or replace objects."""

    def patch(self, plural: str, namespace: str, name: str, patch: Object) -> None:
        """A merge patch."""

    def delete(self, plural: str, namespace: str, name: str) -> None:
        """Delete one object."""

    def objects(self, plural: str, group: str = "") -> list[Object]:
        """What is there."""

    def requests(self, since: int = 0) -> tuple[Request, ...]:
        """The cloud's journal."""

    def console(self, action: str, params: dict[str, str]) -> None:
        """One request of the account's owner."""


def walk(binaries: Path, version: str, lb: str, directory: Path, reference: Path | None) -> Object:
    """All steps with what differs; `unhandled`, `errors`, and what is left at the end."""
    with Apart(directory) as place:
        place.furnish()
        steps = []
        with place.ccm(binaries, parse_version(version)) as ccm:
            # Started before there is anything, as where the reference was taken: its first list is no event.
            SystemClock().sleep(_START_S / 4)
            for name, act in life(place, lb):
                mark = place.last_seq
                act()
                if ccm.version < _READS_JSON_SINCE:
                    ccm.__exit__()
                    ccm.start()
                slow = lb == "nlb" and name.startswith(("create", "delete"))
                rested = place.quiet(ccm, for_s=_SLOW_S if slow else _QUIET_S[lb], limit_s=_LIMIT_S,
                                     first_s=_START_S if name.startswith("create") or ccm.version < _READS_JSON_SINCE
                                     else 0.0)  # fmt: skip
                steps.append({"step": name, "rested": rested, **_told(place.requests(mark))})
        seen = _seen(reference, version, lb, [one["step"] for one in steps])
        return {
            "version": version, "lb": lb, "unhandled": place.unhandled(),
            "errors": sorted({error for one in steps for error in one["errors"]}),
            "steps": [{**one, "differs": _differs(one, its)} for one, its in zip(steps, seen, strict=True)],
        }  # fmt: skip


def _told(asked: Iterable[Request]) -> Object:
    asked = tuple(asked)
    return {
        "reads": sorted(f"{one.product}:{one.action}" for one in asked if not one.write),
        "writes": [[f"{one.product}:{one.action}", _plain(one.params)] for one in asked if one.write],
        "errors": [f"{one.action} {one.code}: {one.message[:160]}" for one in asked if one.code],
    }


def _plain(params: dict[str, str]) -> dict[str, str]:
    """Parameters without what is of this run alone."""
    found = {}
    for name, value in sorted(params.items()):
        if name in _DROPPED:
            continue
        text = "<port>" if _PORTS.search(name) else _OWN_FIELDS.sub("", value)
        text = _MACHINE.sub("<id>", text.replace(",}", "}"))
        found[name] = text.replace("k8s/<id>", "k8s/_").replace("c0123456789abcdef0123456789abcdef", "<cluster>")
    return found


def _seen(reference: Path | None, version: str, lb: str, names: list[str]) -> list[Object | None]:
    """The observed steps beside ours, None where nobody looked."""
    whole = json.loads((reference / "lifecycle.json").read_text(encoding="utf-8")) if reference else {}
    by_name = {one["step"]: one for one in (whole.get(version) or {}).get(f"{lb}_lifecycle") or ()}
    return [by_name.get(name) for name in names]


def _differs(ours: Object, seen: Object | None) -> list[str]:
    """In words; empty where both are the same, or where nobody looked."""
    if seen is None:
        return []
    theirs = [[f"{one['prod']}:{one['action']}", _plain(one["params"])] for one in seen["write_requests"]]
    written = {action for action, _ in theirs}
    reads = Counter(one for one in seen["actions"] if one not in written)
    said = [f"read {name} {count:+d}{_cause(name, count)}" for name, count in _counted(Counter(ours["reads"]), reads)]
    mine, other = ([json.dumps(one, sort_keys=True) for one in side] for side in (ours["writes"], theirs))
    if sorted(mine) != sorted(other):
        said += [f"only here: {one}" for one in mine if one not in other]
        said += [f"only there: {one}" for one in other if one not in mine]
    return said


def _cause(read: str, count: int) -> str:
    """Why such a difference is none of the requests' own, where that is known."""
    waits = read in ("nlb:GetJobStatus", "nlb:GetLoadBalancerAttribute", "nlb:ListAsynJobs") and count > 0
    return " (jobs take time in the lab; those of the observed cloud were done at once)" if waits else ""


def _counted(ours: Counter[str], theirs: Counter[str]) -> list[tuple[str, int]]:
    return [(name, ours[name] - theirs[name]) for name in sorted({*ours, *theirs}) if ours[name] != theirs[name]]


# -- the life ----------------------------------------------------------------------------------------------------------


def life(place: Hands, lb: str) -> list[Step]:
    """The steps by the names under which they were observed, and some more."""
    name = "c1" if lb == "clb" else "n1"

    def note(short: str, value: str) -> Callable[[], None]:
        return lambda: place.patch("services", "default", name, {"metadata": {"annotations": {PREFIX + short: value}}})

    def both(port_list: tuple[int, ...], mark: str) -> Callable[[], None]:
        ports = [{"name": f"tcp-{n}", "port": n, "protocol": "TCP", "targetPort": n} for n in port_list]
        # The observed edits moved an annotation and the ports in one update.
        patch = {"metadata": {"annotations": {"example.com/edit": mark}}, "spec": {"ports": ports}}
        return lambda: place.patch("services", "default", name, patch)

    policy = {"spec": {"externalTrafficPolicy": "Cluster"}}
    if lb == "nlb":
        return [
            ("pods", lambda: place.write(*_ends(name, (3, 2, 1)))),
            ("create", lambda: place.write(_service(name, lb))),
            ("endpoints change", lambda: place.write(*_ends(name, (3, 2, 2)))),
            ("annotate additional-resource-tags a=1", note("additional-resource-tags", "a=1")),
            ("console edits", lambda: _edit_nlb(place)),
            ("sync after console edits", both((80, 443), "2")),
            ("policy Local->Cluster", lambda: place.patch("services", "default", name, policy)),
            ("remove port 443", both((80,), "3")),
            ("delete", lambda: place.delete("services", "default", name)),
        ]
    return [
        # In one write with the Service they would be a second reason to sync it.
        ("pods", lambda: place.write(*_ends(name, (2, 1)))),
        ("create (no annotations)", lambda: place.write(_service(name, lb))),
        ("idle 8s after create", lambda: None),
        ("endpoints change (node2 1->2 pods)", lambda: place.write(*_ends(name, (2, 2)))),
        ("add port 443", both((80, 443), "1")),
        ("remove port 443", both((80,), "2")),
        ("annotate spec=slb.s2.small", note("spec", "slb.s2.small")),
        ("annotate charge-type (instance-charge-type) PayBySpec", note("instance-charge-type", "PayBySpec")),
        ("annotate additional-resource-tags a=1", note("additional-resource-tags", "a=1")),
        ("annotate bandwidth=50", note("bandwidth", "50")),
        ("policy Local->Cluster", lambda: place.patch("services", "default", name, policy)),
        ("console edits", lambda: _edit_clb(place)),
        ("sync after console edits", note("health-check-type", "http")),
        ("delete", lambda: place.delete("services", "default", name)),
    ]


def _edit_clb(place: Hands) -> None:
    """In the console: another name, another weight, a listener gone, another one by hand."""
    # The oldest versions make a group with its backends.
    group = next(one.params["VServerGroupId"] for one in place.requests() if one.params.get("VServerGroupId"))
    lb = {"LoadBalancerId": next(one.params["LoadBalancerId"] for one in place.requests()
                                 if one.params.get("LoadBalancerId"))}  # fmt: skip
    port = place.objects("services")[0]["spec"]["ports"][0]["nodePort"]
    weight = json.dumps([{"ServerId": "i-node1", "Port": port, "Weight": 7, "Type": "ecs"}])
    place.console("slb:SetLoadBalancerName", {**lb, "LoadBalancerName": "console"})
    place.console("slb:SetVServerGroupAttribute", {"VServerGroupId": group, "BackendServers": weight})
    listener = {"ListenerPort": "99", "BackendServerPort": "99", "Bandwidth": "-1"}
    place.console("slb:CreateLoadBalancerTCPListener", {**lb, **listener})
    place.console("slb:DeleteLoadBalancerListener", {**lb, "ListenerPort": "80", "ListenerProtocol": "tcp"})


def _edit_nlb(place: Hands) -> None:
    """In the console: another name, and another weight."""
    lb = next(one.params["LoadBalancerId"] for one in reversed(place.requests()) if one.params.get("LoadBalancerId"))
    place.console("nlb:UpdateLoadBalancerAttribute", {"LoadBalancerId": lb, "LoadBalancerName": "console"})
    sent = next(one.params for one in reversed(place.requests()) if one.action in (
        "AddServersToServerGroup", "UpdateServerGroupServersAttribute"))  # fmt: skip
    keep = {key: value for key, value in sent.items() if key.startswith("Servers.1.") or key == "ServerGroupId"}
    place.console("nlb:UpdateServerGroupServersAttribute", {**keep, "Servers.1.Weight": "7"})


def _service(name: str, lb: str) -> Object:
    spec: Object = {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "selector": {"app": name},
                    "ports": [{"name": "tcp-80", "port": 80, "protocol": "TCP", "targetPort": 80}]}  # fmt: skip
    notes = {} if lb == "clb" else {f"{PREFIX}zone-maps": f"{REGION}-h:vsw-lab-h,{REGION}-i:vsw-lab-i"}
    if lb == "nlb":
        spec["loadBalancerClass"] = NLB_CLASS
    metadata = {"name": name, "namespace": "default", "annotations": notes}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def _ends(name: str, pods: tuple[int, ...]) -> list[Object]:
    """Pods, Endpoints and an EndpointSlice: so many pods on each node."""
    where = [place for place, count in enumerate(pods, 1) for _ in range(count)]
    made: list[Object] = []
    refs: list[dict[str, Any]] = []
    for number, place in enumerate(where, 1):
        pod = {"name": f"{name}-{number}", "namespace": "default"}
        made.append({"apiVersion": "v1", "kind": "Pod", "metadata": {**pod, "labels": {"app": name}},
                     "spec": {"nodeName": f"node{place}", "containers": [{"name": "a", "image": "x"}]}})  # fmt: skip
        refs.append({"ip": f"10.{place}.0.{number}", "nodeName": f"node{place}", "targetRef": {"kind": "Pod", **pod}})
    ports = [{"name": f"tcp-{n}", "port": n, "protocol": "TCP"} for n in (80, 443)]
    ends = [{"addresses": [one["ip"]], "nodeName": one["nodeName"], "targetRef": one["targetRef"],
             "conditions": {"ready": True, "serving": True, "terminating": False}} for one in refs]  # fmt: skip
    return [
        *made,
        {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": name, "namespace": "default"},
         "subsets": [{"addresses": refs, "ports": ports}]},
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "endpoints": ends,
         "ports": ports, "metadata": {"name": f"{name}-abc", "namespace": "default",
                                      "labels": {"kubernetes.io/service-name": name}}},
    ]  # fmt: skip
