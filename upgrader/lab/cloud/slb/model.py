"""What SLB keeps: load balancers with their listeners and rules, vServer groups, certificates, access control lists."""

from __future__ import annotations

from msgspec import Struct

Setting = str | int


class Backend(Struct, kw_only=True):
    """A server in a group, or on the load balancer itself (then without a port)."""

    server_id: str
    port: int = 0
    weight: int = 100
    type: str = "ecs"
    server_ip: str = ""
    description: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        """What makes a backend the same one: machine, address, port."""
        return (self.server_id, self.server_ip, self.port)


class Listener(Struct, kw_only=True):
    """A listener; `settings` are its fields as the API names them, numbers as numbers."""

    port: int
    protocol: str
    status: str = "stopped"
    settings: dict[str, Setting] = {}
    tags: dict[str, str] = {}


class Rule(Struct, kw_only=True):
    """A forwarding rule of an HTTP or HTTPS listener."""

    id: str
    name: str = ""
    port: int
    protocol: str
    domain: str = ""
    url: str = ""
    group_id: str = ""


class DomainExtension(Struct, kw_only=True):
    """An additional certificate of an HTTPS listener for one domain."""

    id: str
    port: int
    domain: str
    certificate_id: str


class Group(Struct, kw_only=True):
    """A vServer group."""

    id: str
    name: str
    load_balancer_id: str
    backends: list[Backend] = []
    tags: dict[str, str] = {}
    created: str = ""


class LoadBalancer(Struct, kw_only=True):
    """A CLB with everything that belongs to it. `listeners` by `protocol:port`, so that TCP and UDP may share one."""

    id: str
    name: str
    region: str
    address: str
    address_type: str = "internet"
    ip_version: str = "ipv4"
    vpc_id: str = ""
    vswitch_id: str = ""
    master_zone: str = "cn-hangzhou-h"
    slave_zone: str = "cn-hangzhou-i"
    status: str = "active"
    internet_charge_type: str = "paybytraffic"
    charge_type: str = "PayBySpec"
    spec: str = "slb.s1.small"
    bandwidth: int = 5120
    pay_type: str = "PayOnDemand"
    delete_protection: str = "off"
    modification_protection: str = "NonProtection"
    modification_reason: str = ""
    resource_group: str = "rg-default"
    backend_quota: int = 200
    listeners: dict[str, Listener] = {}
    rules: dict[str, Rule] = {}
    extensions: dict[str, DomainExtension] = {}
    backends: list[Backend] = []
    tags: dict[str, str] = {}
    created: str = ""

    @property
    def network_type(self) -> str:
        """`vpc` for an intranet address in a VPC, else `classic`, as the API says it."""
        return "vpc" if self.address_type == "intranet" and self.vpc_id else "classic"

    @property
    def guaranteed(self) -> bool:
        """Whether it is performance-guaranteed: only such a CLB takes ENIs as backends."""
        return self.charge_type == "PayByCLCU" or bool(self.spec)


class Certificate(Struct, kw_only=True):
    """A server or CA certificate."""

    id: str
    name: str = ""
    region: str
    common_name: str = ""
    ca: bool = False
    resource_group: str = "rg-default"
    expires: str = "2030-01-01T00:00:00Z"
    created: str = ""


class Acl(Struct, kw_only=True):
    """An access control list."""

    id: str
    name: str
    region: str
    ip_version: str = "ipv4"
    resource_group: str = "rg-default"
    entries: dict[str, str] = {}
    tags: dict[str, str] = {}
    created: str = ""


class SlbStore(Struct, kw_only=True):
    """SLB's objects by id."""

    load_balancers: dict[str, LoadBalancer] = {}
    groups: dict[str, Group] = {}
    certificates: dict[str, Certificate] = {}
    acls: dict[str, Acl] = {}
