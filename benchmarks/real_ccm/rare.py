"""Services as few people write them, drawn often: every annotation that the data know, and odd specs and endpoints."""

from __future__ import annotations

import copy
import random
from typing import Any

from benchmarks.real_ccm.place import Object
from upgrader.matrix.load import load_matrix

PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
# What a number or a text may be where the data give neither values nor bounds.
_TEXTS: dict[str, tuple[str, ...]] = {
    "acl-id": ("acl-1", "acl-1,acl-2"),
    "additional-resource-tags": ("x=1,y=2", "x", "acs:a=1,team=q", "ack.aliyun.com=z"),
    "alpn-policy": ("HTTP1Only", "HTTP2Optional"), "backend-label": ("kubernetes.io/hostname=node2", "a=b,c=d"),
    "bandwidth-package-id": ("cbwp-1",), "cacert-id": ("ca-1",), "cert-id": ("cert-1",), "cookie": ("abc",),
    "cross-zone-enabled": ("on", "off"), "vgroup-port": ("bad", "rsp-not-there:80"),
    "domain-extensions": ("a.example.com:cert-1", "", "a.e.com:cert-1,b.e.com:cert-2", "bad"),
    "hostname": ("h.example.com",),
    "forward-port": ("80:443", "8080:443"), "health-check-domain": ("d.example.com", "_"),
    "health-check-httpcode": ("http_2xx", "http_2xx,http_4xx"), "health-check-method": ("head", "get", "HEAD"),
    "health-check-uri": ("/", "/a?b=c"), "ip": ("192.168.0.250",), "master-zoneid": ("cn-hangzhou-h",),
    "slave-zoneid": ("cn-hangzhou-i",), "name": ("other-name", "x"), "preserve-lb-on-delete": ("true", "false", "x"),
    "resource-group-id": ("rg-y",), "network-type": ("vpc", "classic"), "slb-network-type": ("vpc", "classic"),
    "security-group-ids": ("sg-user1", "", "sg-user2,sg-user1"), "spec": ("slb.s2.small", "slb.s3.medium"),
    "tls-cipher-policy": ("tls_cipher_policy_1_0", "tls_cipher_policy_1_2"), "vswitch-id": ("vsw-lab-i", ":vsw-lab-h"),
    "additional-cert-ids": ("33-cn-hangzhou",), "graceful-shutdown": ("on",), "associate-eip": ("true",),
}  # fmt: skip
_LEFT_OUT = {"id", "zone-maps", "protocol-port", "force-override-listeners", "listener-port-range"}


def rare_notes(chance: random.Random, lb: str) -> dict[str, str]:
    """Annotations by their short names: any that is in the data, with a value that it may have."""
    known = [one for one in load_matrix().annotations if lb in one.lb and one.name.startswith(PREFIX)]
    found = {}
    for one in chance.sample(known, chance.choice((0, 1, 2, 3, 4, 6))):
        short = one.name.removeprefix(PREFIX)
        if short in _LEFT_OUT:
            continue
        if one.kind == "int":
            low, high = one.minimum or 0, one.maximum or 100
            value = str(chance.choice((low, high, (low + high) // 2, low + 1)))
        elif one.kind == "on-off":
            value = chance.choice(("on", "off", "on", "off", "On", "true", ""))
        else:
            value = chance.choice(one.values or _TEXTS.get(short, ("x",)))
        found[short] = value
    return found


def rare_interfaces(chance: random.Random, known: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The pods' interfaces; those of some pods are not there, or not any more: of no machine."""
    if chance.random() < 0.8:
        return known
    return tuple((ip, machine if chance.random() < 0.5 else "") for ip, machine in known)


def rare_spec(chance: random.Random, spec: dict[str, Any]) -> None:
    """Change the spec in one or two of the ways that the API allows and few people use."""
    ports = spec["ports"]
    for what in chance.sample(("selector", "many", "both", "names", "external", "session", "internal", "named"), 2):
        if chance.random() < 0.5:
            continue
        match what:
            case "selector":
                spec.pop("selector", None)
            case "many":
                spec["ports"] = ports = [
                    {"name": f"m{n}", "port": 7000 + n, "targetPort": 7000 + n, "protocol": ("TCP", "UDP")[n % 2]}
                    for n in range(chance.choice((6, 12)))
                ]
            case "both":
                one = ports[0]
                other = "UDP" if one["protocol"] == "TCP" else "TCP"
                ports[:] = [{**one, "name": "one"}, {**one, "name": "other", "protocol": other}, *(
                    {"name": "rest", **p} for p in ports[1:2] if p["port"] != one["port"])]  # fmt: skip
            case "names" if len(ports) == 1:
                ports[0].pop("name", None)
            case "external":
                spec["externalIPs"] = ["203.0.113.9"]
            case "session":
                spec |= {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}}}
            case "internal":
                spec |= {"internalTrafficPolicy": "Local", "publishNotReadyAddresses": True}
            case "named" if len(ports) > 1:
                ports[0]["targetPort"] = ports[1]["targetPort"]


def rare_ends(chance: random.Random, objects: list[Object], *, selector: bool) -> list[Object]:
    """The pods and endpoints of a Service, some of them in states or in an order that is seldom seen."""
    found = copy.deepcopy(objects)
    if not selector:
        return _by_hand(found)
    listed = next(one for one in found if one["kind"] == "Endpoints")
    piece = next(one for one in found if one["kind"] == "EndpointSlice")
    match chance.choice(("split", "ends", "ready-ends", "lost-node", "gate", "lost-pod", "none", "none")):
        case "split" if len(piece["endpoints"]) > 1:
            return [*found, _split(piece)]
        case "ends" if piece["endpoints"]:
            piece["endpoints"][0]["conditions"] = {"ready": False, "serving": True, "terminating": True}
            _keep_ready(listed, piece)
        case "ready-ends" if piece["endpoints"]:
            # As with publishNotReadyAddresses: pods that end are ready to the last.
            piece["endpoints"][0]["conditions"] = {"ready": True, "serving": True, "terminating": True}
            _keep_ready(listed, piece)
        case "lost-pod":
            lost = [one for one in found if one["kind"] == "Pod"][:1]
            return [one for one in found if one not in lost]
        case "lost-node" if piece["endpoints"]:
            lost = piece["endpoints"][-1]["nodeName"]
            for end in (*piece["endpoints"], *(one for subset in listed["subsets"] for one in _addresses(subset))):
                end["nodeName"] = "node-gone" if end["nodeName"] == lost else end["nodeName"]
        case "gate":
            _gate(chance, [one for one in found if one["kind"] == "Pod"][:2], listed, piece)
    return found


def _addresses(subset: Object) -> list[Object]:
    return [*subset.get("addresses", ()), *subset.get("notReadyAddresses", ())]


def _by_hand(objects: list[Object]) -> list[Object]:
    """Endpoints that somebody wrote: nobody's pods, and no word of their nodes."""
    for one in objects:
        ends = [*(one.get("endpoints") or ()), *(a for subset in one.get("subsets") or () for a in _addresses(subset))]
        for end in ends:
            end.pop("targetRef", None)
            end.pop("nodeName", None)
    return [one for one in objects if one["kind"] != "Pod"]


def _split(piece: Object) -> Object:
    """Half of the slice's endpoints in a second one; the last stands in both, as while it moves."""
    more, ends = copy.deepcopy(piece), piece["endpoints"]
    more["metadata"]["name"] += "1"
    more["endpoints"] = copy.deepcopy(ends[len(ends) // 2 - 1 :])
    piece["endpoints"] = ends[: len(ends) // 2]
    return more


def _gate(chance: random.Random, pods: list[Object], listed: Object, piece: Object) -> None:
    """Pods that wait for CCM's own readiness gate; some of them are not ready themselves."""
    names = {pod["metadata"]["name"] for pod in pods}
    for pod in pods:
        gate = f"service.readiness.alibabacloud.com/{listed['metadata']['name']}"
        pod["spec"]["readinessGates"] = [{"conditionType": gate}]
        ready = chance.choice(("True", "True", "False"))
        pod["status"] = {"phase": "Running", "conditions": [{"type": "ContainersReady", "status": ready}]}
    for end in piece["endpoints"]:
        if end["targetRef"]["name"] in names:
            end["conditions"] = {"ready": False, "serving": False, "terminating": False}
    _keep_ready(listed, piece)


def _keep_ready(listed: Object, piece: Object) -> None:
    """The Endpoints say the same as the slice."""
    ready = {ip for end in piece["endpoints"] if end["conditions"]["ready"] for ip in end["addresses"]}
    for subset in listed["subsets"]:
        known = _addresses(subset)
        for field, wanted in (("addresses", True), ("notReadyAddresses", False)):
            subset[field] = [one for one in known if (one["ip"] in ready) is wanted]
            if not subset[field]:
                del subset[field]
