"""A Service still without an NLB: what the version creates, with its defaults.

Source: `nlbv2/loadbalancer.go` (Create, setDefaultValueForLoadBalancer), `nlbv2/model_applier.go` (after creation) and
`provider/alibaba/nlb/loadbalancer.go` (CreateNLB), each tag.
"""

from __future__ import annotations

from collections.abc import Iterator

from upgrader.forecast.nlb.attributes import Attributes, tag_write, zone_params, zone_text
from upgrader.forecast.world import World, default_name
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG
from upgrader.model.forecast import Write
from upgrader.model.kube import Service

DEFAULT_ADDRESS_TYPE, NEW_IPV6 = "internet", "Intranet"


def load_balancer_writes(world: World, service: Service, wish: Attributes) -> Iterator[Write]:
    """The NLB, its tags, and what can't be said in the creation itself."""
    tags = {OWNER_TAG: default_name(service), CLUSTER_TAG: world.cluster_id, **wish.tags}
    params = creation_params(world, service, wish)
    if world.ways.tags_at_creation:
        for number, (key, value) in enumerate(tags.items(), 1):
            params |= {f"Tag.{number}.Key": key, f"Tag.{number}.Value": value}
    shown = {name: value for name, value in params.items() if not name.startswith("Tag.")}
    yield Write(
        action="nlb:CreateLoadBalancer", object="", params=params,
        changes={name: (None, value) for name, value in shown.items()},
    )  # fmt: skip
    if not world.ways.tags_at_creation:
        yield tag_write("loadbalancer", "", tags, {})


def creation_params(world: World, service: Service, wish: Attributes) -> dict[str, str]:
    """The parameters of CreateLoadBalancer but for its tags: annotations first, then the version's defaults."""
    config = world.config
    found = {
        "AddressType": wish.address_type or DEFAULT_ADDRESS_TYPE,
        "LoadBalancerName": wish.name or default_name(service),
        "VpcId": world.facts.identity.vpc_id or config.get("vpcid", ""),
        "AddressIpVersion": wish.ip_version,
        "ResourceGroupId": wish.resource_group,
        **zone_params(wish.zones),
    }
    if world.ways.nlb_protects:
        found |= {
            "ResourceGroupId": wish.resource_group or config.get("resourcegroupid", ""),
            "DeletionProtectionConfig.Enabled": "true",
            "ModificationProtectionConfig.Status": "ConsoleProtection",
            "ModificationProtectionConfig.Reason": "managed.by.ack",
            "BandwidthPackageId": (wish.bandwidth_package or "").strip(),
        }
    return {name: value for name, value in found.items() if value}


def follow_up_writes(world: World, wish: Attributes) -> Iterator[Write]:
    """Requests on the new NLB for what its creation can't carry; its id is not known yet.

    Security groups and IPv6 make v2.9.1 … v2.11 compare all of it, and an EIP is never there for them (loadResponse).
    """
    if world.ways.nlb_zone_match == "zone-unread-eip" and (wish.security_groups or wish.ipv6_address_type):
        wanted = ",".join(map(zone_text, wish.zones))
        if any(zone.allocation for zone in wish.zones):
            yield Write(
                action="nlb:UpdateLoadBalancerZones", object="", changes={"ZoneMappings": (wanted, wanted)},
                params=zone_params(wish.zones),
            )  # fmt: skip
    had = NEW_IPV6 if wish.ip_version.lower() == "dualstack" else _ipv6_at_first(world)
    if wish.ipv6_address_type in ("Internet", "Intranet") and wish.ipv6_address_type != had:
        call = "Enable" if wish.ipv6_address_type == "Internet" else "Disable"
        yield Write(
            action=f"nlb:{call}LoadBalancerIpv6Internet",
            object="",
            changes={"Ipv6AddressType": (had or None, wish.ipv6_address_type)},
        )
    if wish.security_groups:
        ids = wish.security_groups
        yield Write(
            action="nlb:LoadBalancerJoinSecurityGroup", object="",
            changes={"SecurityGroupIds": (None, ",".join(ids))},
            params={f"SecurityGroupIds.{number}": one for number, one in enumerate(ids, 1)},
        )  # fmt: skip
    if wish.cross_zone is False:
        yield Write(
            action="nlb:UpdateLoadBalancerAttribute", object="", changes={"CrossZoneEnabled": ("true", "false")},
            params={"CrossZoneEnabled": "false"},
        )  # fmt: skip


def _ipv6_at_first(world: World) -> str:
    """The IPv6 address type of a new NLB: what the cloud says of others that have no IPv6.

    Where there are none, Intranet: the API knows it and Internet, and IPv6 is open to the internet when asked alone.
    """
    others = (lb.attributes for lb in world.facts.load_balancers or () if lb.kind == "nlb")
    without = (one for one in others if one.get("AddressIpVersion", "").lower() == "ipv4")
    return next((one.get("Ipv6AddressType", "") for one in without), NEW_IPV6)
