"""A Service still without a CLB: what the version creates, with its defaults.

Sources: `clbv1/loadbalancer.go` (Create, setModelDefaultValue), `provider/alibaba/slb/loadbalancer.go` (setRequest),
and creations observed by version.
"""

from __future__ import annotations

from collections.abc import Iterator

from upgrader.forecast.clb.attributes import DEFAULT_SPEC, V1_DEFAULT_BANDWIDTH, additional_tags, tag_params
from upgrader.forecast.clb.listener_sync import create_listener
from upgrader.forecast.clb.notes import Notes
from upgrader.forecast.clb.servers import group_writes
from upgrader.forecast.clb.wanted import ClbLocal
from upgrader.forecast.world import World, default_name
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG, LoadBalancer
from upgrader.model.forecast import Write
from upgrader.model.kube import Service

_NAMED = (
    ("charge-type", "InternetChargeType"),
    ("vswitch-id", "VSwitchId"),
    ("master-zoneid", "MasterZoneId"),
    ("slave-zoneid", "SlaveZoneId"),
    ("resource-group-id", "ResourceGroupId"),
    ("ip-version", "AddressIPVersion"),
    ("ip", "Address"),
)


def creation_writes(world: World, service: Service, local: ClbLocal) -> Iterator[Write]:
    """The CLB and its tags. What hangs below it has a generator of its own: errors may stop before it."""
    notes, params = Notes(world, service), clb_defaults(world, service, local)
    tags = {OWNER_TAG: default_name(service)}
    if world.ways.cluster_tag:
        tags[CLUSTER_TAG] = world.cluster_id
    tags |= additional_tags(notes)
    changes: dict[str, tuple[str | None, str | None]] = {k: (None, v) for k, v in params.items()}
    if world.ways.tags_at_creation:
        for number, (key, value) in enumerate(tags.items(), 1):
            params |= {f"Tag.{number}.Key": key, f"Tag.{number}.Value": value}
    yield Write(action="slb:CreateLoadBalancer", object="", changes=changes, params=params)
    if not world.ways.tags_at_creation:
        call = world.ways.tag_calls
        added: dict[str, tuple[str | None, str | None]] = {f"tag {k}": (None, v) for k, v in tags.items()}
        yield Write(action=f"slb:{call}", object="", changes=added, params=tag_params(call, "", tags))


def fresh_writes(world: World, service: Service, local: ClbLocal) -> Iterator[Write]:
    """Groups with their backends, and listeners, of a CLB that is only being made; none has an id yet."""
    yield from group_writes(world, service, LoadBalancer(kind="clb", id=""), local.groups, fresh=True)
    for listener in local.listeners:
        yield from create_listener(world, "", listener, {})


def fresh_clb(world: World, service: Service) -> LoadBalancer:
    """The CLB as the cloud will have made it, as far as that may differ from what was asked: its network type."""
    notes = Notes(world, service)
    address_type = notes.get("address-type") or "internet"
    in_vpc = address_type == "intranet" and notes.get("network-type") != "classic"
    attributes = {"NetworkType": "vpc" if in_vpc else "classic", "AddressIPVersion": notes.get("ip-version")}
    return LoadBalancer(kind="clb", id="", address_type=address_type, attributes=attributes)


def clb_defaults(world: World, service: Service, local: ClbLocal) -> dict[str, str]:
    """The parameters of CreateLoadBalancer: annotations first, then the version's defaults."""
    notes, ways = Notes(world, service), world.ways
    found = {
        "AddressType": notes.get("address-type") or "internet",
        "LoadBalancerName": notes.get("name") or default_name(service),
    }
    charge = notes.get("instance-charge-type")
    if ways.clcu_by_default and charge.lower() in ("", "paybyclcu"):
        found["InstanceChargeType"] = "PayByCLCU"
    elif charge:
        found["InstanceChargeType"] = charge
    by_spec = charge.lower() == "paybyspec" or (not charge and not ways.clcu_by_default)
    spec = notes.get("spec") or (DEFAULT_SPEC if by_spec else "")
    if spec:
        found["LoadBalancerSpec"] = spec
    if ways.protects:
        found["DeleteProtection"] = notes.get("delete-protection") or "on"
        found["ModificationProtectionStatus"] = notes.get("modification-protection") or "ConsoleProtection"
        if not notes.get("modification-protection"):
            found["ModificationProtectionReason"] = "managed.by.ack"
    for short, name in _NAMED:
        if notes.get(short):
            found[name] = notes.get(short)
    if ways.nlb_protects and world.config.get("resourcegroupid"):
        # From the same version on as for an NLB.
        found.setdefault("ResourceGroupId", world.config["resourcegroupid"])
    if local.bandwidth:
        found["Bandwidth"] = str(local.bandwidth)
    if ways.is_v1:
        return _network_v1(world, notes, _payment_v1(found))
    return _network(world, notes, found)


def _network(world: World, notes: Notes, found: dict[str, str]) -> dict[str, str]:
    intranet = found["AddressType"] == "intranet"
    if intranet and world.facts.identity.vpc_id:
        found["VpcId"] = world.facts.identity.vpc_id
    if notes.get("network-type") == "classic":
        found.pop("VSwitchId", None)
    elif intranet and (vswitch := _vswitch(world)):
        found.setdefault("VSwitchId", vswitch)
    return found


def _payment_v1(found: dict[str, str]) -> dict[str, str]:
    """v1.9.3 says how traffic is paid, and a bandwidth of its own where that is (getLoadBalancerOpts)."""
    charge = found.setdefault("InternetChargeType", "paybytraffic")
    if charge == "paybybandwidth":
        found.setdefault("Bandwidth", V1_DEFAULT_BANDWIDTH)
    elif charge != "paybytraffic":
        found.pop("Bandwidth", None)
    return found


def _network_v1(world: World, notes: Notes, found: dict[str, str]) -> dict[str, str]:
    """v1.9.3 names a vSwitch for an intranet CLB alone, and no VPC."""
    if found["AddressType"] != "intranet" or notes.get("slb-network-type") == "classic":
        found.pop("VSwitchId", None)
    elif vswitch := _vswitch(world):
        found.setdefault("VSwitchId", vswitch)
    return found


def _vswitch(world: World) -> str:
    """The vSwitch of cloud-config (`zone:vsw`, or the id alone); empty where it names several, or none."""
    text = world.config.get("vswitchid", "")
    return "" if "," in text else text.rpartition(":")[2]


def vswitch_error(world: World, service: Service) -> str:
    """CCM's words where an intranet CLB needs a vSwitch and none that cloud-config names has the form `zone:vsw`."""
    notes, text = Notes(world, service), world.config.get("vswitchid", "")
    needed = notes.get("address-type") == "intranet" and notes.get("network-type") != "classic"
    if world.ways.config_vswitch == "any" or not needed or notes.get("vswitch-id") or not text:
        return ""
    if any(one.count(":") == 1 for one in text.split(",")):
        return ""
    lead = "update lb attribute error: create lb error: set model default value error: get vsw id from metadata error"
    return f"apply model error: {lead}: no vswitches found"
