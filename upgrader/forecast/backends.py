"""Which nodes and pods are backends of a Service's port, and what each weighs.

Sources: `clbv1/vgroups.go`, `nlbv2/server_groups.go`, `reconcile/backend/backend.go`, `helper/node_utils.go`, each tag.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from upgrader.forecast.annotations import BACKEND_TYPE
from upgrader.forecast.nodes import candidate_nodes, is_excluded, is_virtual, provider_id_error
from upgrader.forecast.weights import WeightWish, eci_weights, even_weights, node_weights
from upgrader.forecast.world import World
from upgrader.model.cloud import Backend, LbKind
from upgrader.model.kube import Endpoint, Node, Service, ServicePort

READINESS_GATE = "service.readiness.alibabacloud.com"


class PodEnd(Struct, frozen=True):
    """One ready endpoint: its IP, the node it runs on, the port it listens to."""

    ip: str
    node: str | None
    port: int


class Wanted(Struct, frozen=True, kw_only=True):
    """The backends that a version wants for one port. `error` is CCM's own text when it gives up instead.

    `invalid` are pod IPs without a known ENI: the group is then only added to, never shrunk or weighed.
    """

    backends: tuple[Backend, ...] = ()
    error: str = ""
    invalid: tuple[str, ...] = ()
    unknown: str = ""


def is_eni(world: World, service: Service) -> bool:
    """Whether the Service's pods are attached directly."""
    chosen = service.metadata.annotations.get(BACKEND_TYPE)
    if chosen:
        return chosen == "eni"
    return world.facts.ccm.cloud_config.get("serviceBackendType", "").lower() == "eni"


def wanted_backends(
    world: World,
    service: Service,
    port: ServicePort,
    name: str,
    lb: LbKind,
    wish: WeightWish,
    *,
    by_ip: bool = False,
) -> Wanted:
    """The backends for one port; `name` becomes each one's description. `by_ip`: an NLB group of type Ip."""
    if world.facts.has_gap("nodes"):
        return Wanted(unknown="the nodes were not read")
    if world.facts.has_gap("endpoints"):
        return Wanted(unknown="the endpoints were not read")
    try:
        nodes = candidate_nodes(world, service)
    except ValueError as error:
        return Wanted(error=str(error))
    ends = list(ready_ends(world, service, port))
    if is_eni(world, service):
        wanted = _eni(world, ends, name, lb, wish)
    elif service.is_local:
        wanted = _local(world, service, port, ends, nodes, name, lb, wish)
        return by_node_ip(world, port, wanted, ends, nodes, lb, wish) if by_ip else wanted
    else:
        wanted = _cluster(world, port, ends, nodes, name, lb, wish)
    return _named_by_ip(world, wanted) if by_ip else wanted


def _named_by_ip(world: World, wanted: Wanted) -> Wanted:
    """Backends of a group of type Ip: named by the pod's or the node's address, whatever they were."""
    ips = {node.instance_id: node.internal_ip for node in world.nodes.values()}
    moved = []
    for backend in wanted.backends:
        ip = backend.server_ip or ips.get(backend.server_id, "")
        moved.append(replace(backend, server_id=ip, server_ip=ip, type="Ip"))
    return Wanted(backends=tuple(moved), error=wanted.error)


def by_node_ip(
    world: World,
    port: ServicePort,
    wanted: Wanted,
    ends: list[PodEnd],
    nodes: dict[str, Node],
    lb: LbKind,
    wish: WeightWish,
) -> Wanted:
    """Local mode in a group of type Ip: one backend a pod, at its node's address; CCM does not merge equal ones.

    From v2.12.1 each weighs 1, before that each weighs as many as there are at its address.
    """
    if wanted.error:
        return wanted
    name = wanted.backends[0].description if wanted.backends else ""
    hosts = [node.internal_ip for end in ends if (node := nodes.get(end.node or "")) and not is_excluded(world, node)]
    counts = Counter(hosts)
    if world.ways.eci_local == "one-each":
        weights = dict(zip(hosts, eci_weights(world.ways, len(hosts), len(hosts), lb=lb, wish=wish), strict=True))
    else:
        found = node_weights(world.ways, list(counts.values()), lb=lb, wish=wish)
        weights = {ip: weight or 0 for ip, weight in zip(counts, found, strict=True)}
    return Wanted(
        backends=tuple(
            Backend(server_id=ip, server_ip=ip, port=port.node_port, weight=weights[ip], type="Ip", description=name)
            for ip in hosts
        )
    )


def ready_ends(world: World, service: Service, port: ServicePort) -> Iterator[PodEnd]:
    """Ready endpoints of a port, from EndpointSlices or, before v2.9.1, from Endpoints; each address once."""
    if world.ways.endpoint_slices or not world.facts.endpoints:
        yield from _from_slices(world, service, port)
        return
    found = world.endpoints.get(service.key)
    for subset in found.subsets if found else ():
        number = _port_number(world, port, [(p.name, p.port) for p in subset.ports])
        if number is not None:
            for address in subset.addresses:
                yield PodEnd(address.ip, address.node_name, number)


def _from_slices(world: World, service: Service, port: ServicePort) -> Iterator[PodEnd]:
    seen: set[str] = set()
    for piece in world.slices.get(service.key, ()):
        number = _port_number(world, port, [(p.name, p.port) for p in piece.ports])
        if number is None or piece.address_type != "IPv4":
            continue
        for end in piece.endpoints:
            if end.conditions.terminating or not (end.conditions.ready or _waits_for_ccm(world, service, end)):
                continue
            for address in end.addresses:
                if address not in seen:
                    seen.add(address)
                    yield PodEnd(address, end.node_name, number)


def _waits_for_ccm(world: World, service: Service, end: Endpoint) -> bool:
    """Whether the pod is only not ready because CCM itself has to say so (its readiness gate)."""
    if not world.ways.readiness_gates or end.target_ref is None or end.target_ref.kind != "Pod":
        return False
    pod = world.pods.get(f"{end.target_ref.namespace}/{end.target_ref.name}")
    gate = f"{READINESS_GATE}/{service.metadata.name}"
    if pod is None or all(one.get("conditionType") != gate for one in pod.spec.readiness_gates):
        return False
    return any(one.type == "ContainersReady" and one.status == "True" for one in pod.status.conditions)


def _port_number(world: World, port: ServicePort, named: list[tuple[str | None, int | None]]) -> int | None:
    """The target port: its number, or for a name what the endpoints say for the Service port's name."""
    if not isinstance(port.target_port, str):
        return port.target_port or 0
    nothing = 0 if world.ways.missing_port == "zero" else None
    return next((number for name, number in named if (name or "") == port.name and number), nothing)


def _ecs(lb: LbKind) -> str:
    return "ecs" if lb == "clb" else "Ecs"


def _eni_type(lb: LbKind) -> str:
    return "eni" if lb == "clb" else "Eni"


def _eni(world: World, ends: list[PodEnd], name: str, lb: LbKind, wish: WeightWish) -> Wanted:
    weights = even_weights(world.ways, len(ends), lb=lb, wish=wish)
    backends = [
        Backend(server_id="", server_ip=e.ip, port=e.port, weight=w, type=_eni_type(lb), description=name)
        for e, w in zip(ends, weights, strict=True)
    ]
    return _with_enis(world, backends)


def _with_enis(world: World, backends: list[Backend]) -> Wanted:
    """The backends with the ids of their ENIs. Without ENI facts the id stays empty: the diff then goes by the IP."""
    known, ways = world.facts.network_interfaces is not None, world.ways
    kept, invalid = [], []
    for backend in backends:
        if backend.server_id or backend.type.lower() != "eni":
            kept.append(backend)
            continue
        if ways.foreign_pods == "drop" and world.facts.identity.vpc_cidrs and not _in_vpc(world, backend.server_ip):
            continue
        eni = world.eni_by_ip.get(backend.server_ip, "")
        if eni or not known:
            kept.append(replace(backend, server_id=eni))
        elif ways.foreign_pods == "fail" or _in_vpc(world, backend.server_ip):
            invalid.append(backend.server_ip)
        elif ways.foreign_pods == "keep":
            kept.append(backend)
    if invalid and not ways.skips_invalid_eni:
        return Wanted(error=f"can not find eniid for ip {invalid[0]} in vpc {world.facts.identity.vpc_id}")
    return Wanted(backends=tuple(kept), invalid=tuple(invalid))


def _in_vpc(world: World, ip: str) -> bool:
    address = ipaddress.ip_address(ip)
    return any(address in ipaddress.ip_network(cidr, strict=False) for cidr in world.facts.identity.vpc_cidrs)


def _local(
    world: World,
    service: Service,
    port: ServicePort,
    ends: list[PodEnd],
    nodes: dict[str, Node],
    name: str,
    lb: LbKind,
    wish: WeightWish,
) -> Wanted:
    pods: Counter[str] = Counter()
    virtual: list[PodEnd] = []
    for end in ends:
        if end.node is None:
            return Wanted(error=f"add ecs backends for service[{service.key}] error, NodeName is nil for ip {end.ip} ")
        node = nodes.get(end.node)
        if node is None:
            continue
        if is_virtual(node):
            virtual.append(end)
        elif not is_excluded(world, node):
            if not node.instance_id:
                return Wanted(error=provider_id_error("", node))
            pods[node.instance_id] += 1
    total = sum(pods.values()) + len(virtual)
    weights = node_weights(world.ways, list(pods.values()), lb=lb, wish=wish, total=total)
    backends = [
        Backend(server_id=server, port=port.node_port, weight=w or 0, type=_ecs(lb), description=name)
        for server, w in zip(pods, weights, strict=True)
    ]
    for end, weight in zip(virtual, eci_weights(world.ways, len(virtual), total, lb=lb, wish=wish), strict=False):
        backends.append(
            Backend(server_id="", server_ip=end.ip, port=end.port, weight=weight, type=_eni_type(lb), description=name)
        )
    return _with_enis(world, backends)


def _cluster(
    world: World,
    port: ServicePort,
    ends: list[PodEnd],
    nodes: dict[str, Node],
    name: str,
    lb: LbKind,
    wish: WeightWish,
) -> Wanted:
    if not ends and world.ways.empty_cluster == "empty":
        return Wanted()
    backends = []
    for node in nodes.values():
        if is_excluded(world, node):
            continue
        if not node.instance_id:
            return Wanted(error=provider_id_error("normal ", node))
        backends.append(
            Backend(server_id=node.instance_id, port=port.node_port, weight=0, type=_ecs(lb), description=name)
        )
    for end in ends:
        host = nodes.get(end.node or "")
        if host is not None and is_virtual(host):
            backends.append(
                Backend(server_id="", server_ip=end.ip, port=end.port, weight=0, type=_eni_type(lb), description=name)
            )
    weights = even_weights(world.ways, len(backends), lb=lb, wish=wish)
    return _with_enis(world, [replace(b, weight=w) for b, w in zip(backends, weights, strict=True)])
