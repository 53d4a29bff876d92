"""What NLB keeps: load balancers, listeners, server groups, and the jobs that change them."""

from __future__ import annotations

from msgspec import Struct

Setting = str | int | bool | list[str] | dict[str, str | int | bool | list[str]]


class Zone(Struct, kw_only=True):
    """A zone of an NLB with its addresses."""

    zone_id: str
    vswitch_id: str
    allocation_id: str = ""
    private_ip: str = ""
    public_ip: str = ""
    ipv6: str = ""
    eni_id: str = ""


class Nlb(Struct, kw_only=True):
    """A network load balancer. `ready_at` is when it turns Active, in seconds of the lab's time."""

    id: str
    name: str
    region: str
    address_type: str = "Internet"
    ip_version: str = "ipv4"
    ipv6_address_type: str = "Intranet"
    vpc_id: str
    status: str = "Active"
    ready_at: float = 0.0
    zones: list[Zone] = []
    cross_zone: bool = True
    security_groups: list[str] = []
    bandwidth_package: str = ""
    resource_group: str = "rg-default"
    deletion_protection: bool = False
    deletion_reason: str = ""
    modification_protection: str = "NonProtection"
    modification_reason: str = ""
    tags: dict[str, str] = {}
    created: str = ""

    @property
    def dns_name(self) -> str:
        """The host name that clients use."""
        return f"{self.id}.{self.region}.nlb.aliyuncs.com"


class Server(Struct, kw_only=True):
    """A server of a group."""

    server_id: str
    type: str = "Ecs"
    server_ip: str = ""
    port: int = 0
    weight: int = 100
    description: str = ""
    zone: str = ""

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What makes a server the same one."""
        return (self.type, self.server_id, self.server_ip, self.port)


class ServerGroup(Struct, kw_only=True):
    """A server group; `settings` are its fields as the API names them."""

    id: str
    name: str
    region: str
    vpc_id: str = ""
    type: str = "Instance"
    protocol: str = "TCP"
    resource_group: str = "rg-default"
    settings: dict[str, Setting] = {}
    servers: list[Server] = []
    tags: dict[str, str] = {}
    created: str = ""


class NlbListener(Struct, kw_only=True):
    """A listener; its id is `lsn-…@port`."""

    id: str
    load_balancer_id: str
    region: str
    port: int
    protocol: str
    status: str = "Running"
    group_id: str = ""
    settings: dict[str, Setting] = {}
    certificates: list[str] = []
    tags: dict[str, str] = {}


class Job(Struct, kw_only=True):
    """An asynchronous job: done at `done_at`, in seconds of the lab's time."""

    id: str
    action: str
    done_at: float
    failed: str = ""


class NlbStore(Struct, kw_only=True):
    """NLB's objects by id."""

    load_balancers: dict[str, Nlb] = {}
    listeners: dict[str, NlbListener] = {}
    groups: dict[str, ServerGroup] = {}
    jobs: dict[str, Job] = {}
