"""Which nodes and pods are backends of a Service's port, and what each weighs.

Sources: `clbv1/vgroups.go`, `nlbv2/server_groups.go`, `reconcile/backend/backend.go`, `helper/node_utils.go`, each tag.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from upgrader.forecast.annotations import BACKEND_TYPE, Annotations
from upgrader.forecast.weights import WeightWish, eci_weights, even_weights, node_weights
from upgrader.forecast.world import World
from upgrader.model.cloud import Backend, LbKind
from upgrader.model.kube import Node, Service, ServicePort

MASTER_LABEL = "node-role.kubernetes.io/master"
VIRTUAL_NODE = "virtual-kubelet"
DEPRECATED_EXCLUDE_LABEL = "alpha.service-controller.kubernetes.io/exclude-balancer"
EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers"
EXCLUDE_NODE_LABELS = ("service.beta.kubernetes.io/exclude-node", "service.alibabacloud.com/exclude-node")
AUTOSCALER_TAINT = "ToBeDeletedByClusterAutoscaler"


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
    hosts = [node.internal_ip for end in ends if (node := nodes.get(end.node or "")) and not _no_backend(world, node)]
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


def candidate_nodes(world: World, service: Service) -> dict[str, Node]:
    """Nodes that may be backends, by name. Raises `ValueError` with CCM's text for a broken backend-label."""
    notes, ways = Annotations(service), world.ways
    label = notes.get("backend-label")
    wanted = []
    for pair in label.split(",") if label else ():
        key, found, value = pair.partition("=")
        if not found:
            raise ValueError(
                f"get nodes error: filter nodes by label error: parse backend label: {pair}, [k1=v1,k2=v2]"
            )
        wanted.append((key, value.partition("=")[0]))
    drop_unscheduled = notes.get("remove-unscheduled-backend") == "on"
    return {
        name: node
        for name, node in world.nodes.items()
        if all(node.metadata.labels.get(key) == value for key, value in wanted)
        and not _left_out(node, drop_unscheduled, autoscaler=ways.autoscaler_taint)
    }


def _left_out(node: Node, drop_unscheduled: bool, *, autoscaler: bool) -> bool:
    labels = node.metadata.labels
    if MASTER_LABEL in labels:
        return True
    if autoscaler and any(taint.key == AUTOSCALER_TAINT for taint in node.spec.taints):
        return True
    if node.spec.unschedulable and drop_unscheduled:
        return True
    if labels.get("type") == VIRTUAL_NODE:
        return False
    conditions = node.status.conditions
    return not conditions or any(c.type == "Ready" and c.status != "True" for c in conditions)


def _no_backend(world: World, node: Node) -> bool:
    """Nodes that stay candidates (for their virtual pods' sake) but are never backends themselves."""
    labels, ways = node.metadata.labels, world.ways
    return (
        DEPRECATED_EXCLUDE_LABEL in labels
        or (ways.exclude_lb_label and EXCLUDE_LABEL in labels)
        or (ways.exclude_node_label and any(label in labels for label in EXCLUDE_NODE_LABELS))
        or (not ways.hybrid_nodes and node.spec.provider_id.startswith("alicloud-hybrid"))
    )


def ready_ends(world: World, service: Service, port: ServicePort) -> Iterator[PodEnd]:
    """Ready endpoints of a port, from EndpointSlices or, before v2.9.1, from Endpoints; each address once."""
    if world.ways.endpoint_slices or not world.facts.endpoints:
        yield from _from_slices(world, service, port)
        return
    found = world.endpoints.get(service.key)
    for subset in found.subsets if found else ():
        number = _port_number(port, [(p.name, p.port) for p in subset.ports])
        if number is not None:
            for address in subset.addresses:
                yield PodEnd(address.ip, address.node_name, number)


def _from_slices(world: World, service: Service, port: ServicePort) -> Iterator[PodEnd]:
    seen: set[str] = set()
    for piece in world.slices.get(service.key, ()):
        number = _port_number(port, [(p.name, p.port) for p in piece.ports])
        if number is None or piece.address_type != "IPv4":
            continue
        for end in piece.endpoints:
            if end.conditions.terminating or not end.conditions.ready:
                continue
            for address in end.addresses:
                if address not in seen:
                    seen.add(address)
                    yield PodEnd(address, end.node_name, number)


def _port_number(port: ServicePort, named: list[tuple[str | None, int | None]]) -> int | None:
    """The target port: its number, or for a name what the endpoints say for the Service port's name."""
    if not isinstance(port.target_port, str):
        return port.target_port or 0
    return next((number for name, number in named if (name or "") == port.name and number), None)


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
    known = world.facts.network_interfaces is not None
    kept, invalid = [], []
    for backend in backends:
        if backend.server_id or backend.type.lower() not in ("eni",):
            kept.append(backend)
            continue
        eni = world.eni_by_ip.get(backend.server_ip, "")
        if eni or not known:
            kept.append(replace(backend, server_id=eni))
        elif not world.ways.vpc_cidr_filter or _in_vpc(world, backend.server_ip):
            invalid.append(backend.server_ip)
    if invalid and not world.ways.skips_invalid_eni:
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
        if node.metadata.labels.get("type") == VIRTUAL_NODE:
            virtual.append(end)
        elif not _no_backend(world, node):
            if not node.instance_id:
                return Wanted(error=_provider_id_error("", node))
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
        if _no_backend(world, node) or node.metadata.labels.get("type") == VIRTUAL_NODE:
            continue
        if not node.instance_id:
            return Wanted(error=_provider_id_error("normal ", node))
        backends.append(
            Backend(server_id=node.instance_id, port=port.node_port, weight=0, type=_ecs(lb), description=name)
        )
    for end in ends:
        host = nodes.get(end.node or "")
        if host is not None and host.metadata.labels.get("type") == VIRTUAL_NODE:
            backends.append(
                Backend(server_id="", server_ip=end.ip, port=end.port, weight=0, type=_eni_type(lb), description=name)
            )
    weights = even_weights(world.ways, len(backends), lb=lb, wish=wish)
    return _with_enis(world, [replace(b, weight=w) for b, w in zip(backends, weights, strict=True)])


def _provider_id_error(lead: str, node: Node) -> str:
    return f"{lead}parse providerid: {node.spec.provider_id}. expected: ${{regionid}}.${{nodeid}}"
