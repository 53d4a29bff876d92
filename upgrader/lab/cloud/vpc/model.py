"""What VPC keeps: networks, vSwitches, route tables, elastic IPs."""

from __future__ import annotations

from msgspec import Struct


class Vpc(Struct, kw_only=True):
    """A network."""

    id: str
    name: str = ""
    region: str
    cidr: str = "192.168.0.0/16"
    secondary_cidrs: list[str] = []
    ipv6_cidr: str = ""
    router_id: str = ""
    tags: dict[str, str] = {}
    created: str = ""


class VSwitch(Struct, kw_only=True):
    """A subnet of one zone. `free_ips` is what load balancers and interfaces take from."""

    id: str
    name: str = ""
    region: str
    zone: str
    vpc_id: str
    cidr: str = "192.168.0.0/24"
    ipv6_cidr: str = ""
    free_ips: int = 252
    tags: dict[str, str] = {}
    created: str = ""


class Route(Struct, kw_only=True):
    """A custom route entry with one next hop."""

    id: str
    table_id: str
    cidr: str
    next_hop: str
    next_hop_type: str = "Instance"
    name: str = ""
    type: str = "Custom"


class RouteTable(Struct, kw_only=True):
    """A route table. `quota` is how many custom entries it holds."""

    id: str
    name: str = ""
    region: str
    vpc_id: str
    router_id: str = ""
    type: str = "System"
    quota: int = 200
    routes: list[Route] = []
    created: str = ""


class Eip(Struct, kw_only=True):
    """An elastic IP address."""

    id: str
    name: str = ""
    region: str
    address: str
    instance_id: str = ""
    instance_type: str = ""
    status: str = "Available"
    created: str = ""


class VpcStore(Struct, kw_only=True):
    """VPC's objects by id."""

    vpcs: dict[str, Vpc] = {}
    vswitches: dict[str, VSwitch] = {}
    route_tables: dict[str, RouteTable] = {}
    eips: dict[str, Eip] = {}
