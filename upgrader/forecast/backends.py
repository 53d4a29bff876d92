"""Which nodes and pods are backends of a Service's port, and what each weighs.

Sources: `clbv1/vgroups.go`, `nlbv2/server_groups.go`, `reconcile/backend/backend.go`, `helper/node_utils.go`, each tag.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from upgrader.forecast.direct import is_direct
from upgrader.forecast.ip_version import ADDRESS_TYPES, BackendIp, backend_ip, reads_slices
from upgrader.forecast.nodes import candidate_nodes, internal_ip_error, is_excluded, is_virtual, provider_id_error
from upgrader.forecast.readiness import waits_for_ccm
from upgrader.forecast.weights import WeightWish, eci_weights, even_weights, node_weights
from upgrader.forecast.world import World
from upgrader.model.cloud import Backend, LbKind
from upgrader.model.kube import Node, Service, ServicePort


class PodEnd(Struct, frozen=True):
    """One ready endpoint: its IP, the node it runs on, the port it listens to."""

    ip: str
    node: str | None
    port: int


class Wanted(Struct, frozen=True, kw_only=True):
    """The backends that a version wants for one port. `error` is CCM's own text when it gives up instead, over the pod
    at `lost` where it is one without an ENI.

    `invalid` are pod IPs without a known ENI: the group is then only added to, never shrunk or weighed. `foreign` are
    pod IPs without an ENI outside the VPC, of which CCM tells in an event.
    """

    backends: tuple[Backend, ...] = ()
    error: str = ""
    lost: str = ""
    invalid: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    unknown: str = ""


def is_eni(world: World, service: Service) -> bool:
    """Whether the Service's pods are attached directly."""
    return is_direct(world.facts.ccm, service, v1=world.ways.is_v1)


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
    if world.facts.has_gap("endpoints") and not world.facts.endpoints:
        return Wanted(unknown="the endpoints were not read")
    try:
        nodes = candidate_nodes(world, service)
    except ValueError as error:
        return Wanted(error=str(error))
    ends = list(ready_ends(world, service, port, backend_ip(world, service, lb)))
    make = _Maker(world=world, port=port, name=name, lb=lb, by_ip=by_ip)
    policy = "eni" if is_eni(world, service) else "local" if service.is_local else "cluster"
    lead = "" if world.ways.is_v1 else f"build {policy} backends error: "
    try:
        match policy:
            case "eni":
                found = _even(world, make.pods(ends), lb, wish)
            case "local":
                found = _local(world, service, make, ends, nodes, wish)
            case _:
                found = _even(world, _cluster(world, service, make, ends, nodes), lb, wish)
    except ValueError as error:
        return Wanted(error=f"{lead}{error}")
    wanted = _with_enis(world, found, lb)
    if not wanted.error or world.ways.is_v1:
        return wanted
    if world.ways.foreign_pods == "skip":
        told = _pod_at(world, service, wanted.lost) if world.ways.names_lost_pods else ""
        return Wanted(error=f"{wanted.error}{told}")
    # Until v2.10 each port looks its ENIs up by itself.
    virtual = "" if policy == "eni" else "update eci backends error: "
    return Wanted(error=f"{lead}{virtual}{wanted.error}")


class _Maker(Struct, frozen=True, kw_only=True):
    """Makes the backends of one port. Those of a group of type Ip are named by their address, whatever they are."""

    world: World
    port: ServicePort
    name: str
    lb: LbKind
    by_ip: bool

    def node(self, node: Node, lead: str = "") -> Backend:
        """A node at the node port. Raises `ValueError` with CCM's text."""
        if self.by_ip:
            if not node.internal_ip:
                raise ValueError(internal_ip_error(node))
            return self._at(node.internal_ip, self.port.node_port)
        if not node.instance_id:
            raise ValueError(provider_id_error(lead, node))
        kind = "ecs" if self.lb == "clb" else "Ecs"
        return Backend(server_id=node.instance_id, port=self.port.node_port, weight=0, type=kind, description=self.name)

    def pods(self, ends: Iterable[PodEnd]) -> list[Backend]:
        """Pods at their own ports. v2.8 leaves those out first that are outside the VPC's main range."""
        main = self.world.facts.identity.vpc_cidrs[:1]
        drops = self.lb == "clb" and self.world.ways.foreign_pods == "drop" and main
        return [self._pod(end) for end in ends if not drops or ":" in end.ip or _is_in(end.ip, main)]

    def _pod(self, end: PodEnd) -> Backend:
        """The id of its ENI is found later."""
        if self.by_ip:
            return self._at(end.ip, end.port)
        kind = "eni" if self.lb == "clb" else "Eni"
        return Backend(server_id="", server_ip=end.ip, port=end.port, weight=0, type=kind, description=self.name)

    def _at(self, ip: str, port: int) -> Backend:
        return Backend(server_id=ip, server_ip=ip, port=port, weight=0, type="Ip", description=self.name)


def ready_ends(world: World, service: Service, port: ServicePort, ip: BackendIp = "ipv4") -> Iterator[PodEnd]:
    """Ready endpoints of a port, from EndpointSlices or, before v2.9.1, from Endpoints; each address once.

    Both tell the same of a Service: where those that the version reads were not read, the others are taken.
    """
    slices, endpoints = world.facts.endpoint_slices, world.facts.endpoints
    if not endpoints or (slices and reads_slices(world)):
        yield from _from_slices(world, service, port, ADDRESS_TYPES[ip])
        return
    found = world.endpoints.get(service.key)
    for subset in found.subsets if found else ():
        number = _port_number(world, port, [(p.name, p.port) for p in subset.ports])
        if number is not None:
            for address in subset.addresses:
                yield PodEnd(address.ip, address.node_name, number)


def _from_slices(world: World, service: Service, port: ServicePort, kinds: tuple[str, ...]) -> Iterator[PodEnd]:
    seen: set[str] = set()
    for piece in world.slices.get(service.key, ()):
        number = _port_number(world, port, [(p.name, p.port) for p in piece.ports])
        if number is None or piece.address_type not in kinds:
            continue
        for end in piece.endpoints:
            # Until v2.9 a pod that ends counts as long as it is ready (publishNotReadyAddresses).
            if end.conditions.terminating and world.ways.readiness_gates:
                continue
            if not (end.conditions.ready or waits_for_ccm(world, service, end)):
                continue
            for address in end.addresses:
                if address not in seen:
                    seen.add(address)
                    yield PodEnd(address, end.node_name, number)


def _port_number(world: World, port: ServicePort, named: list[tuple[str | None, int | None]]) -> int | None:
    """The target port: its number, or for a name what the endpoints say for the Service port's name."""
    if not isinstance(port.target_port, str):
        return port.target_port or 0
    if world.ways.is_v1:
        # v1.9.3 looks no name up: it tells the cloud port 0.
        return 0
    nothing = 0 if world.ways.missing_port == "zero" else None
    return next((number for name, number in named if (name or "") == port.name and number), nothing)


def _even(world: World, backends: list[Backend], lb: LbKind, wish: WeightWish) -> list[Backend]:
    return _weighed(backends, even_weights(world.ways, len(backends), lb=lb, wish=wish))


def _weighed(backends: Iterable[Backend], weights: Iterable[int | None]) -> list[Backend]:
    """The backends with their weights; those beyond the weights are left out."""
    return [replace(b, weight=w or 0) for b, w in zip(backends, weights, strict=False)]


def _with_enis(world: World, backends: list[Backend], lb: LbKind) -> Wanted:
    """The backends with the ids of their ENIs. Without ENI facts the id stays empty: the diff then goes by the IP."""
    known, ways = world.facts.network_interfaces is not None, world.ways
    # For an NLB no version asks what the VPC's addresses are.
    foreign = ways.foreign_pods if lb == "clb" else "fail"
    kept, invalid, outside = list[Backend](), list[str](), list[str]()
    for backend in backends:
        if backend.server_id or backend.type.lower() != "eni":
            kept.append(backend)
            continue
        if ":" in backend.server_ip:
            # ENIs are looked up by IPv4 addresses alone (discover): one of IPv6 is told by itself.
            kept.append(backend)
            continue
        eni = world.eni_by_ip.get(backend.server_ip, "")
        if eni or not known:
            kept.append(replace(backend, server_id=eni))
        elif foreign in ("fail", "drop") or _is_in(backend.server_ip, world.facts.identity.vpc_cidrs):
            invalid.append(backend.server_ip)
        else:
            outside.append(backend.server_ip)
            kept += [backend] if foreign == "keep" else []
    if invalid and not ways.skips_invalid_eni:
        text = f"can not find eniid for ip {invalid[0]} in vpc {world.facts.identity.vpc_id}"
        return Wanted(error=text, lost=invalid[0])
    return Wanted(backends=tuple(kept), invalid=tuple(invalid), foreign=tuple(outside))


def _pod_at(world: World, service: Service, ip: str) -> str:
    """The pod with an address and its node, as CCM prints what it can't find."""
    pieces = world.slices.get(service.key, ())
    end = next((end for piece in pieces for end in piece.endpoints if ip in end.addresses), None)
    aim = end.target_ref if end else None
    target = f"{aim.namespace}/{aim.name}" if aim else "<nil>"
    return f", target: {target}, node: {(end.node_name if end else None) or '<nil>'}"


def _is_in(ip: str, cidrs: Iterable[str]) -> bool:
    address = ipaddress.ip_address(ip)
    return any(address in ipaddress.ip_network(cidr, strict=False) for cidr in cidrs)


def _local(
    world: World, service: Service, make: _Maker, ends: list[PodEnd], nodes: dict[str, Node], wish: WeightWish
) -> list[Backend]:
    """The nodes that pods run on, and the pods of virtual nodes: for v1.9.3 such a node is one like any other too."""
    hosts, direct, as_others = list[Backend](), list[PodEnd](), world.ways.is_v1
    for end in ends:
        node = nodes.get(_host(service, end))
        if node is None:
            continue
        if is_virtual(node):
            direct.append(end)
        if (as_others or not is_virtual(node)) and not is_excluded(world, node):
            hosts.append(make.node(node))
    virtual = make.pods(direct)
    total, lb = len(hosts) + len(virtual), make.lb
    if make.by_ip and world.ways.eci_local == "one-each":
        # CCM merges instances alone: a node's address is there once for each pod, like a pod of its own.
        return _weighed(hosts + virtual, eci_weights(world.ways, total, total, lb=lb, wish=wish))
    if make.by_ip:
        hosts, virtual = hosts + virtual, []
    pods = Counter(backend.server_id for backend in hosts)
    once = {backend.server_id: backend for backend in reversed(hosts)}
    weights = node_weights(world.ways, list(pods.values()), lb=lb, wish=wish, total=total)
    return [
        *_weighed((once[server] for server in pods), weights),
        *_weighed(virtual, eci_weights(world.ways, len(virtual), total, lb=lb, wish=wish)),
    ]


def _host(service: Service, end: PodEnd) -> str:
    """The node of an endpoint. Endpoints written by hand name none: any one of them ends the port's sync."""
    if end.node is None:
        raise ValueError(f"add ecs backends for service[{service.key}] error, NodeName is nil for ip {end.ip} ")
    return end.node


def _cluster(world: World, service: Service, make: _Maker, ends: list[PodEnd], nodes: dict[str, Node]) -> list[Backend]:
    """All nodes, and the pods of virtual nodes."""
    if not ends and world.ways.empty_cluster == "empty":
        return []
    direct = [end for end in ends if (host := nodes.get(_host(service, end))) is not None and is_virtual(host)]
    return [
        *(make.node(node, "normal ") for node in nodes.values() if not is_excluded(world, node)),
        *make.pods(direct),
    ]
