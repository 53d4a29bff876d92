"""SLB's objects as its answers show them: numbers as numbers, lists inside their wrappers."""

from __future__ import annotations

from datetime import datetime

from upgrader.lab.cloud.call import Answer
from upgrader.lab.cloud.slb.model import Backend, Group, Listener, LoadBalancer
from upgrader.lab.cloud.state import World


def tags(pairs: dict[str, str]) -> Answer:
    """`Tags` of a load balancer, a group or a listener."""
    return {"Tag": [{"TagKey": key, "TagValue": value} for key, value in pairs.items()]}


def load_balancer(lb: LoadBalancer) -> Answer:
    """A load balancer as a list shows it."""
    return {
        "LoadBalancerId": lb.id,
        "LoadBalancerName": lb.name,
        "LoadBalancerStatus": lb.status,
        "Address": lb.address,
        "AddressType": lb.address_type,
        "AddressIPVersion": lb.ip_version,
        "NetworkType": lb.network_type,
        "VpcId": lb.vpc_id,
        "VSwitchId": lb.vswitch_id,
        "RegionId": lb.region,
        "RegionIdAlias": lb.region,
        "MasterZoneId": lb.master_zone,
        "SlaveZoneId": lb.slave_zone,
        "InternetChargeType": lb.internet_charge_type,
        "InternetChargeTypeAlias": lb.internet_charge_type,
        "InstanceChargeType": lb.charge_type,
        "LoadBalancerSpec": lb.spec,
        "Bandwidth": lb.bandwidth,
        "PayType": lb.pay_type,
        "DeleteProtection": lb.delete_protection,
        "ModificationProtectionStatus": lb.modification_protection,
        "ModificationProtectionReason": lb.modification_reason,
        "ResourceGroupId": lb.resource_group,
        "BusinessStatus": "Normal",
        "CreateTime": lb.created,
        "CreateTimeStamp": _milliseconds(lb.created),
        "Tags": tags(lb.tags),
    }


def load_balancer_in_full(lb: LoadBalancer) -> Answer:
    """A load balancer as DescribeLoadBalancerAttribute shows it."""
    ports = sorted(lb.listeners.values(), key=lambda one: (one.port, one.protocol))
    with_protocol = [
        {
            "ListenerPort": one.port,
            "ListenerProtocol": one.protocol,
            "Description": one.settings.get("Description", ""),
            "ListenerForward": one.settings.get("ListenerForward", "off"),
            "ForwardPort": one.settings.get("ForwardPort", 0),
        }
        for one in ports
    ]
    return {
        **load_balancer(lb),
        "ListenerPorts": {"ListenerPort": sorted({one.port for one in ports})},
        "ListenerPortsAndProtocol": {"ListenerPortAndProtocol": with_protocol},
        "ListenerPortsAndProtocal": {"ListenerPortAndProtocal": with_protocol},
        "BackendServers": {"BackendServer": [default_backend(one) for one in lb.backends]},
    }


def default_backend(backend: Backend) -> Answer:
    """A backend of the load balancer itself."""
    return {
        "ServerId": backend.server_id,
        "Weight": backend.weight,
        "Type": backend.type,
        "ServerIp": backend.server_ip,
        "Description": backend.description,
    }


def backend(one: Backend) -> Answer:
    """A backend of a vServer group."""
    return {**default_backend(one), "Port": one.port}


def group(world: World, one: Group, *, listeners: bool = False, rules: bool = False) -> Answer:
    """A vServer group as a list shows it, with what uses it when that is asked for."""
    lb = world.slb.load_balancers.get(one.load_balancer_id)
    used_by: Answer = {"Listeners": {"Listener": []}, "Rules": {"Rule": []}}
    if lb is not None and listeners:
        used_by["Listeners"]["Listener"] = [
            {"Protocol": listener.protocol, "Port": listener.port} for listener in listeners_of(lb, one.id)
        ]
    if lb is not None and rules:
        used_by["Rules"]["Rule"] = [
            {"RuleId": rule.id, "RuleName": rule.name, "Domain": rule.domain, "Url": rule.url}
            for rule in lb.rules.values()
            if rule.group_id == one.id
        ]
    return {
        "VServerGroupId": one.id,
        "VServerGroupName": one.name,
        "ServerCount": len(one.backends),
        "CreateTime": one.created,
        "AssociatedObjects": used_by,
        "Tags": tags(one.tags),
    }


def group_in_full(one: Group) -> Answer:
    """A vServer group with its backends."""
    return {
        "VServerGroupId": one.id,
        "VServerGroupName": one.name,
        "LoadBalancerId": one.load_balancer_id,
        "CreateTime": one.created,
        "BackendServers": {"BackendServer": [backend(server) for server in one.backends]},
        "Tags": tags(one.tags),
    }


def listeners_of(lb: LoadBalancer, group_id: str) -> list[Listener]:
    """The listeners that send traffic to a group."""
    return [one for one in lb.listeners.values() if one.settings.get("VServerGroupId") == group_id]


def _milliseconds(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp).timestamp() * 1000) if stamp else 0
