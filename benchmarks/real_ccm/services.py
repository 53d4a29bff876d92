"""Random Services with their pods: the same seed gives the same ones. The vocabulary is that of the annotation data."""

from __future__ import annotations

import random
from typing import Any

from msgspec import Struct

from benchmarks.real_ccm.extras import long_name, seldom_fields, tool_notes, wrong_words
from benchmarks.real_ccm.nlb import SOURCE_RANGES, nlb_notes
from benchmarks.real_ccm.place import NAMESPACES, NODES, Object
from benchmarks.real_ccm.rare import rare_ends, rare_interfaces, rare_notes, rare_spec
from benchmarks.real_ccm.words import CLB, L7
from upgrader.matrix.load import load_matrix

PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
LEGACY = "service.beta.kubernetes.io/alicloud-loadbalancer-"
NLB_CLASS = "alibabacloud.com/nlb"
# The cloud's quota.
BACKENDS_A_CLB = 200
_BACKEND_TYPE = "service.beta.kubernetes.io/backend-type"
_NAMES = ("web", "api", "grpc", "mqtt", "dns", "pay", "img", "push", "edge", "gateway", "istio-ingressgateway")
_PORTS = (53, 80, 443, 1883, 3306, 5060, 6379, 8080, 9090, 15021)
_LAYOUTS = ((1,), (1, 1, 1), (3, 2, 1), (5, 1), (2, 0, 3), (0, 2, 0, 1), (0,), (), (7, 3, 0, 1), (4, 4, 0, 2, 0))
# As many endpoints as the cluster puts into one slice.
_SLICE = 100
_MANY = ((60, 40), (101, 1), (0, 105, 3), (120, 30, 0, 2))


class Made(Struct, frozen=True, kw_only=True):
    """One Service with everything that belongs to it. `brought` is the id of a CLB that a user must have made.

    `taken` are listeners that the user has there already: protocol and port.
    """

    key: str
    kind: str
    objects: tuple[Object, ...]
    interfaces: tuple[tuple[str, str], ...] = ()
    brought: str = ""
    taken: tuple[tuple[str, int], ...] = ()


def make_services(seed: int, count: int, lb: str, *, rare: bool = False) -> list[Made]:
    """So many Services for `clb`, `nlb` or `both`, in a stable order; `rare`: of kinds that few people write."""
    chance = random.Random(seed)
    return [
        _service(random.Random(f"{seed}/{number}"), number, _kind(chance, lb), rare=rare) for number in range(count)
    ]


def _reuse(chance: random.Random, kind: str, lb_id: str, ports: list[Object]) -> dict[str, str]:
    """A CLB of the user's, and perhaps a group of theirs for one port or two, or one that is not there."""
    notes = {"id": lb_id}
    if kind not in ("reuse", "reuse-used") or chance.random() < 0.2:
        notes["force-override-listeners"] = "false" if kind in ("reuse", "reuse-used") else "true"
    if chance.random() < 0.4:
        group = chance.choice((own_group(lb_id), own_group(lb_id), "rsp-not-there"))
        notes["vgroup-port"] = ",".join(f"{group}:{one['port']}" for one in ports[: chance.choice((1, 2))])
    return notes


def own_group(lb_id: str) -> str:
    """The id of the group that the user made below a CLB of their own."""
    return lb_id.replace("lb-", "rsp-hand-")


def _kind(chance: random.Random, lb: str) -> str:
    if lb == "nlb" or (lb == "both" and chance.random() < 0.25):
        return "nlb"
    return chance.choices(
        ("clb", "reuse", "reuse-force", "reuse-used", "reuse-used-force", "reuse-shared", "other-class"),
        weights=(78, 4, 4, 3, 3, 5, 3),
    )[0]


def _service(chance: random.Random, number: int, kind: str, *, rare: bool) -> Made:
    namespace, name = chance.choice(NAMESPACES), long_name(chance, f"{chance.choice(_NAMES)}-{number:02}")
    ports = _ports(chance, named=chance.random() < 0.35)
    if kind == "reuse-shared" and chance.random() < 0.7:
        # Most people who share a load balancer know that its ports are not to be shared.
        ports[0]["port"] = 20000 + number
    eni = chance.random() < 0.2
    notes, brought = _notes(chance, number, kind, ports, eni=eni)
    if rare:
        notes |= rare_notes(chance, "nlb" if kind == "nlb" else "clb")
    notes |= wrong_words(chance, nlb=kind == "nlb")
    spelled = _spelled(chance, notes, eni=eni)
    spec: dict[str, Any] = {
        "type": "LoadBalancer", "selector": {"app": name}, "ports": ports,
        "externalTrafficPolicy": chance.choice(("Cluster", "Local")),
    }  # fmt: skip
    if rare:
        rare_spec(chance, spec)
        ports = spec["ports"]
    if kind == "nlb":
        spec["loadBalancerClass"] = NLB_CLASS
    elif kind == "other-class":
        spec["loadBalancerClass"] = "example.com/other"
    if chance.random() < (0.25 if kind == "nlb" else 0.08):
        spec["loadBalancerSourceRanges"] = list(chance.choice(SOURCE_RANGES))
    if chance.random() < 0.1:
        spec["sessionAffinity"] = "ClientIP"
    if eni and chance.random() < 0.3 and spec["externalTrafficPolicy"] == "Cluster":
        spec["allocateLoadBalancerNodePorts"] = False
    seldom_fields(chance, spec)
    spelled |= tool_notes(chance, name, spec)
    service: Object = {"apiVersion": "v1", "kind": "Service", "spec": spec,
                       "metadata": {"name": name, "namespace": namespace, "annotations": spelled}}  # fmt: skip
    if chance.random() < 0.3:
        service["metadata"]["labels"] = {"app": name}
    layout = chance.choice(_LAYOUTS) if chance.random() < 0.94 else chance.choice(_MANY)
    if eni and sum(layout) * len(ports) > BACKENDS_A_CLB:
        layout = (2, 1)
    objects, interfaces = _pods(chance, namespace, name, number, layout, ports)
    if rare:
        objects = rare_ends(chance, objects, selector="selector" in spec)
        interfaces = rare_interfaces(chance, interfaces)
    used = kind.startswith("reuse-used") or (rare and chance.random() < 0.5)
    taken = tuple(("tcp", one["port"]) for one in ports[:1]) if used else ()
    return Made(key=f"{namespace}/{name}", kind=kind, objects=(*objects, service), interfaces=interfaces,
                brought=brought, taken=taken)  # fmt: skip


def _notes(
    chance: random.Random, number: int, kind: str, ports: list[Object], *, eni: bool
) -> tuple[dict[str, str], str]:
    """Annotations by their short names, and the load balancer that a user must have made for them."""
    if kind == "nlb":
        return nlb_notes(chance, number, ports, eni)
    notes, brought = _annotations(chance, kind, ports), ""
    if kind.startswith("reuse"):
        brought = "lb-reuse-shared" if kind == "reuse-shared" else f"lb-reuse-{number:02}"
        notes |= _reuse(chance, kind, brought, ports)
    return notes, brought


def _spelled(chance: random.Random, notes: dict[str, str], *, eni: bool) -> dict[str, str]:
    """The annotations by their full names."""
    spelled = {(LEGACY if chance.random() < 0.08 else PREFIX) + key: value for key, value in notes.items()}
    if eni:
        spelled[_BACKEND_TYPE] = "eni"
    return spelled


def _ports(chance: random.Random, *, named: bool) -> list[Object]:
    if chance.random() < 0.04:
        return [{"name": f"dns-{p.lower()}", "port": 53, "targetPort": 53, "protocol": p} for p in ("TCP", "UDP")]
    numbers = chance.sample(_PORTS, chance.choice((1, 1, 2, 2, 3, 4)))
    found = []
    for place, number in enumerate(numbers):
        target: int | str = f"t{place}" if named else chance.choice((80, 8080, 3000, 9376)) + place
        one: Object = {"port": number, "targetPort": target, "protocol": "UDP" if chance.random() < 0.15 else "TCP"}
        if len(numbers) > 1 or chance.random() < 0.5:
            one["name"] = f"{chance.choice(('http', 'tcp', 'grpc', 'p'))}{number}"
        found.append(one)
    return found


def _annotations(chance: random.Random, kind: str, ports: list[Object]) -> dict[str, str]:
    notes: dict[str, str] = {}
    for group in chance.sample(CLB, chance.choice((0, 0, 1, 1, 2, 3, 4))):
        notes |= {short: chance.choice(values) for short, values in group.items()}
    if kind != "nlb" and chance.random() < 0.2 and len({p["port"] for p in ports}) == len(ports):
        notes |= _layer_seven(chance, ports)
    if chance.random() < 0.05:
        notes[chance.choice(_unused(kind))] = "on"
    return notes


def _layer_seven(chance: random.Random, ports: list[Object]) -> dict[str, str]:
    tcp = [one["port"] for one in ports if one["protocol"] == "TCP"]
    protocols = {port: chance.choice(("http", "https", "tcp", "http")) for port in tcp}
    if not protocols:
        return {}
    notes = {"protocol-port": ",".join(f"{protocol}:{port}" for port, protocol in protocols.items())}
    if "https" in protocols.values():
        notes["cert-id"] = "cert-1"
        plain = [port for port, protocol in protocols.items() if protocol == "http"]
        if len(plain) == 1 and chance.random() < 0.5:
            secure = next(port for port, protocol in protocols.items() if protocol == "https")
            notes["forward-port"] = f"{plain[0]}:{secure}"
    for short, values in chance.choice(L7).items():
        notes[short] = chance.choice(values)
    return notes


def _unused(kind: str) -> list[str]:
    """Switches of the other kind of load balancer: read by nobody here, or by a version that confuses them."""
    other = "clb" if kind == "nlb" else "nlb"
    found = {a.name.removeprefix(PREFIX) for a in load_matrix().annotations if a.kind == "on-off" and other in a.lb}
    return sorted(one for one in found if "/" not in one)


def _pods(
    chance: random.Random, namespace: str, name: str, number: int, layout: tuple[int, ...], ports: list[Object]
) -> tuple[list[Object], tuple[tuple[str, str], ...]]:
    pods: list[Object] = []
    ready: list[Object] = []
    waiting: list[Object] = []
    ends: list[Object] = []
    interfaces = []
    for place, count in enumerate(layout[:NODES], 1):
        for copy in range(1, count + 1):
            ip = f"10.{place}.{number}.{copy}"
            pod = f"{name}-{place}-{copy}"
            node, is_ready = f"node{place}", chance.random() < 0.93
            target = {"kind": "Pod", "name": pod, "namespace": namespace}
            container = {"name": "c", "image": "x", "ports": [
                {"name": f"t{n}", "containerPort": 8000 + n, "protocol": one["protocol"]} for n, one in enumerate(ports)
            ]}  # fmt: skip
            pods.append({
                "apiVersion": "v1", "kind": "Pod", "spec": {"containers": [container], "nodeName": node},
                "metadata": {"name": pod, "namespace": namespace, "labels": {"app": name}},
                "status": {"phase": "Pending"},
            })  # fmt: skip
            (ready if is_ready else waiting).append({"ip": ip, "nodeName": node, "targetRef": target})
            ends.append({"addresses": [ip], "nodeName": node, "targetRef": target,
                         "conditions": {"ready": is_ready, "serving": is_ready, "terminating": False}})  # fmt: skip
            interfaces.append((ip, f"i-{node}"))
    listed = [
        {"name": one.get("name", ""), "protocol": one["protocol"],
         "port": one["targetPort"] if isinstance(one["targetPort"], int) else 8000 + int(one["targetPort"][1:])}
        for one in ports
    ]  # fmt: skip
    metadata = {"name": name, "namespace": namespace}
    subset = {"ports": listed} | ({"addresses": ready} if ready else {}) | (
        {"notReadyAddresses": waiting} if waiting else {})  # fmt: skip
    endpoints = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata,
                 "subsets": [subset] if ends else []}  # fmt: skip
    pieces: list[Object] = [
        {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "ports": listed,
            "endpoints": ends[start : start + _SLICE],
            "metadata": {"name": f"{name[:50]}-abc{start // _SLICE}", "namespace": namespace,
                         "labels": {"kubernetes.io/service-name": name}},
        }
        for start in range(0, max(len(ends), 1), _SLICE)
    ]  # fmt: skip
    return [*pods, endpoints, *pieces], tuple(interfaces)
