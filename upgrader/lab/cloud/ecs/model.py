"""What ECS keeps: instances, network interfaces, security groups."""

from __future__ import annotations

from msgspec import Struct


class Instance(Struct, kw_only=True):
    """A node's machine. `private_ips` begins with the primary address."""

    id: str
    name: str = ""
    region: str
    zone: str
    vpc_id: str
    vswitch_id: str = ""
    private_ips: list[str] = []
    status: str = "Running"
    instance_type: str = "ecs.g7.xlarge"
    charge_type: str = "PostPaid"
    role: str = ""
    spot: str = "NoSpot"
    security_groups: list[str] = []
    tags: dict[str, str] = {}
    created: str = ""


class Interface(Struct, kw_only=True):
    """An elastic network interface; its first address is the primary one."""

    id: str
    name: str = ""
    region: str
    zone: str = ""
    vpc_id: str
    vswitch_id: str = ""
    instance_id: str = ""
    private_ips: list[str] = []
    ipv6s: list[str] = []
    status: str = "InUse"
    type: str = "Secondary"
    source_dest_check: bool = True
    security_groups: list[str] = []
    tags: dict[str, str] = {}
    created: str = ""


class SecurityGroup(Struct, kw_only=True):
    """A security group; each rule is a record with the fields that the API shows."""

    id: str
    name: str = ""
    description: str = ""
    region: str
    vpc_id: str = ""
    type: str = "normal"
    resource_group: str = ""
    inner_access: str = "Accept"
    rules: list[dict[str, str]] = []
    tags: dict[str, str] = {}
    created: str = ""


class EcsStore(Struct, kw_only=True):
    """ECS's objects by id."""

    instances: dict[str, Instance] = {}
    interfaces: dict[str, Interface] = {}
    security_groups: dict[str, SecurityGroup] = {}
