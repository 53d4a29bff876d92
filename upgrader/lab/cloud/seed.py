"""Building a world: the account's keys, a network, machines, roles. Each returns what it has added."""

from __future__ import annotations

from typing import Any

from upgrader.lab.cloud.ecs.model import Instance, Interface
from upgrader.lab.cloud.ram.model import AccessKey, Policy, PolicyVersion, Role, User
from upgrader.lab.cloud.state import World
from upgrader.lab.cloud.vpc.model import RouteTable, Vpc, VSwitch

CREATED = "2026-01-05T08:00:00Z"
ROOT_KEY, ROOT_SECRET = "LTAI5tLabAccountKey00000", "lab-account-secret-not-a-real-one"


def add_account(world: World) -> AccessKey:
    """The account's own key pair, the same in every lab."""
    key = AccessKey(id=ROOT_KEY, secret=ROOT_SECRET)
    world.ram.keys[key.id] = key
    return key


def add_network(
    world: World, vpc_id: str = "vpc-lab", *, region: str = "", zones: str = "hi", free_ips: int = 252
) -> Vpc:
    """A VPC with its system route table and one vSwitch in each zone."""
    region = region or world.region
    vpc = Vpc(id=vpc_id, name=vpc_id, region=region, router_id=f"vrt-{vpc_id[4:]}", created=CREATED)
    world.vpc.vpcs[vpc.id] = vpc
    table = RouteTable(id=f"vtb-{vpc_id[4:]}", region=region, vpc_id=vpc.id, router_id=vpc.router_id, created=CREATED)
    world.vpc.route_tables[table.id] = table
    for place, zone in enumerate(zones):
        switch = VSwitch(
            id=f"vsw-{vpc_id[4:]}-{zone}",
            region=region,
            zone=f"{region}-{zone}",
            vpc_id=vpc.id,
            cidr=f"192.168.{place}.0/24",
            free_ips=free_ips,
            created=CREATED,
        )
        world.vpc.vswitches[switch.id] = switch
    return vpc


def add_instance(world: World, instance_id: str, ip: str, vpc_id: str = "vpc-lab", *, zone: str = "h") -> Instance:
    """A running machine."""
    vpc = world.vpc.vpcs[vpc_id]
    made = Instance(
        id=instance_id,
        name=instance_id,
        region=vpc.region,
        zone=f"{vpc.region}-{zone}",
        vpc_id=vpc_id,
        vswitch_id=f"vsw-{vpc_id[4:]}-{zone}",
        private_ips=[ip],
        created=CREATED,
    )
    world.ecs.instances[made.id] = made
    return made


def add_interface(world: World, eni_id: str, ips: list[str], instance_id: str) -> Interface:
    """A network interface on a machine: what Terway gives pods."""
    machine = world.ecs.instances[instance_id]
    made = Interface(
        id=eni_id,
        region=machine.region,
        zone=machine.zone,
        vpc_id=machine.vpc_id,
        vswitch_id=machine.vswitch_id,
        instance_id=instance_id,
        private_ips=ips,
        created=CREATED,
    )
    world.ecs.interfaces[made.id] = made
    return made


def add_policy(world: World, name: str, document: dict[str, Any], *, kind: str = "Custom") -> Policy:
    """A policy with one version."""
    made = Policy(
        name=name,
        type=kind,
        versions={"v1": PolicyVersion(id="v1", document=document, created=CREATED)},
        created=CREATED,
    )
    world.ram.policies[name] = made
    return made


def allow(*actions: str) -> dict[str, Any]:
    """A document that allows actions on everything."""
    return {"Version": "1", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


def add_role(world: World, name: str, *policies: str) -> Role:
    """A role that holds policies."""
    made = Role(
        name=name,
        id=world.new_hex("role", 16),
        trust={
            "Statement": [
                {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": ["ecs.aliyuncs.com"]}}
            ]
        },
        policies=[(world.ram.policies[policy].type, policy) for policy in policies],
        created=CREATED,
    )
    world.ram.roles[name] = made
    return made


def add_user(world: World, name: str, key_id: str, secret: str, *policies: str) -> User:
    """A RAM user with a key pair and policies."""
    made = User(
        name=name,
        id=world.new_hex("user", 16),
        policies=[(world.ram.policies[policy].type, policy) for policy in policies],
        created=CREATED,
    )
    world.ram.users[name] = made
    world.ram.keys[key_id] = AccessKey(id=key_id, secret=secret, owner=name)
    return made


def fresh_world(*, seed: int = 0, region: str = "cn-hangzhou") -> World:
    """An empty account with its key and one network."""
    world = World(seed=seed, region=region)
    add_account(world)
    add_network(world, region=region)
    return world
