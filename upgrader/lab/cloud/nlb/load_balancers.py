"""Network load balancers: create, find, change, protect, delete."""

from __future__ import annotations

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.errors import CloudError, invalid, missing
from upgrader.lab.cloud.ipam import take_private_ip, vswitch_of
from upgrader.lab.cloud.nlb import jobs
from upgrader.lab.cloud.nlb.lookup import active, gone, load_balancer, meets, nested, settled
from upgrader.lab.cloud.nlb.model import Nlb, Zone
from upgrader.lab.cloud.paging import by_token


def create(call: Call) -> Answer:
    """A new load balancer, Provisioning for a while."""
    params = call.params
    if call.world.rules.arrears:
        raise CloudError(call.world.rules.arrears, "The account is in arrears or its balance is not enough.")
    mappings = params.records("ZoneMappings")
    if not mappings:
        raise missing("ZoneMappings")
    vpc_id = params.required("VpcId")
    address_type = params.text("AddressType", "Internet").capitalize()
    if address_type not in ("Internet", "Intranet"):
        raise invalid("AddressType")
    lb_id = call.world.new_id("nlb", 18)
    deletion, modification = nested(call, "DeletionProtectionConfig"), nested(call, "ModificationProtectionConfig")
    made = Nlb(
        id=lb_id,
        name=params.text("LoadBalancerName", lb_id),
        region=call.region,
        address_type=address_type,
        ip_version=params.text("AddressIpVersion", "ipv4").lower(),
        vpc_id=vpc_id,
        status="Provisioning",
        ready_at=call.elapsed_s + call.world.rules.nlb_create_s,
        zones=[_zone(call, vpc_id, mapping, address_type) for mapping in mappings],
        bandwidth_package=params.text("BandwidthPackageId"),
        resource_group=params.text("ResourceGroupId", "rg-default"),
        deletion_protection=deletion.get("Enabled", "").lower() == "true",
        deletion_reason=deletion.get("Reason", ""),
        modification_protection=modification.get("Status", "NonProtection"),
        modification_reason=modification.get("Reason", ""),
        tags=params.tags(),
        created=call.stamp,
    )
    call.world.nlb.load_balancers[lb_id] = made
    return {
        "LoadbalancerId": lb_id,
        "OrderId": call.world.count("order"),
        "JobId": jobs.start(call, "CreateLoadBalancer"),
    }


def _zone(call: Call, vpc_id: str, mapping: dict[str, str], address_type: str) -> Zone:
    switch = vswitch_of(call, mapping.get("VSwitchId", ""))
    if switch.vpc_id != vpc_id and not call.world.rules.adopt_unknown:
        raise CloudError("NetworkConflict", "The vSwitch is in another VPC than the load balancer.")
    zone_id = mapping.get("ZoneId", switch.zone)
    if zone_id != switch.zone and not call.world.rules.adopt_unknown:
        raise CloudError("VSwitchZoneMismatch", f"The vSwitch {switch.id} is not in the zone {zone_id}.")
    return Zone(
        zone_id=zone_id,
        vswitch_id=switch.id,
        allocation_id=mapping.get("AllocationId", ""),
        private_ip=take_private_ip(call, switch, mapping.get("PrivateIPv4Address", "")),
        public_ip=call.world.new_public_ip() if address_type == "Internet" else "",
        eni_id=call.world.new_id("eni", 18),
    )


def describe(call: Call) -> Answer:
    """One load balancer; its tags carry other names here than in the list."""
    one = load_balancer(call)
    tags = [{"TagKey": key, "TagValue": value} for key, value in one.tags.items()]
    return {**_show(one), "Tags": tags, "Cps": 0}


def describe_all(call: Call) -> Answer:
    """The region's load balancers that meet every filter, a page of them."""
    params = call.params
    ids, names = set(params.values("LoadBalancerIds")), set(params.values("LoadBalancerNames"))
    vpcs, tags = set(params.values("VpcIds")), params.tags()
    zone, dns = params.text("ZoneId"), params.text("DNSName")
    found = [
        settled(call, one)
        for one in call.world.nlb.load_balancers.values()
        if one.region == call.region
        and (not ids or one.id in ids)
        and (not names or one.name in names)
        and (not vpcs or one.vpc_id in vpcs)
        and meets(one.tags, tags)
        and dns in ("", one.dns_name)
        and (not zone or any(have.zone_id == zone for have in one.zones))
        and params.text("AddressType") in ("", one.address_type)
    ]
    status = params.text("LoadBalancerStatus")
    found = [one for one in found if status in ("", one.status)]
    page, token, size = by_token(call, found)
    shown = [{**_show(one), "Tags": [{"Key": key, "Value": value} for key, value in one.tags.items()]} for one in page]
    return {"LoadBalancers": shown, "NextToken": token, "MaxResults": size, "TotalCount": len(found)}


def _show(one: Nlb) -> Answer:
    zones = [
        {
            "ZoneId": zone.zone_id,
            "VSwitchId": zone.vswitch_id,
            "Status": "Active",
            "LoadBalancerAddresses": [
                {
                    "AllocationId": zone.allocation_id,
                    "EniId": zone.eni_id,
                    "PrivateIPv4Address": zone.private_ip,
                    "PublicIPv4Address": zone.public_ip,
                    "Ipv6Address": zone.ipv6,
                    "PrivateIPv4HcStatus": "Healthy",
                }
            ],
        }
        for zone in one.zones
    ]
    return {
        "LoadBalancerId": one.id,
        "LoadBalancerName": one.name,
        "LoadBalancerType": "Network",
        "LoadBalancerStatus": one.status,
        "LoadBalancerBusinessStatus": "Normal",
        "AddressType": one.address_type,
        "AddressIpVersion": one.ip_version,
        "Ipv6AddressType": one.ipv6_address_type,
        "DNSName": one.dns_name,
        "RegionId": one.region,
        "VpcId": one.vpc_id,
        "ZoneMappings": zones,
        "CrossZoneEnabled": one.cross_zone,
        "SecurityGroupIds": one.security_groups,
        "BandwidthPackageId": one.bandwidth_package,
        "ResourceGroupId": one.resource_group,
        "DeletionProtectionConfig": {"Enabled": one.deletion_protection, "Reason": one.deletion_reason},
        "ModificationProtectionConfig": {
            "Status": one.modification_protection,
            "Reason": one.modification_reason,
        },
        "LoadBalancerBillingConfig": {"PayType": "PostPay"},
        "OperationLocks": [],
        "CreateTime": one.created,
    }


def delete(call: Call) -> Answer:
    """Delete, unless protected; its listeners go with it."""
    one = load_balancer(call)
    if one.deletion_protection:
        raise CloudError(
            "OperationDenied.DeletionProtection", "The operation is not allowed because of deletion protection."
        )
    del call.world.nlb.load_balancers[one.id]
    listeners = call.world.nlb.listeners
    for listener_id in [item.id for item in listeners.values() if item.load_balancer_id == one.id]:
        del listeners[listener_id]
    return {"JobId": jobs.start(call, "DeleteLoadBalancer")}


def update(call: Call) -> Answer:
    """Rename; cross-zone on or off."""
    one = active(call)
    one.name = call.params.text("LoadBalancerName", one.name)
    cross = call.params.flag("CrossZoneEnabled")
    one.cross_zone = one.cross_zone if cross is None else cross
    return {"JobId": jobs.start(call, "UpdateLoadBalancerAttribute")}


def update_address_type(call: Call) -> Answer:
    """Between Internet and Intranet."""
    one = active(call)
    wanted = call.params.required("AddressType").capitalize()
    if wanted not in ("Internet", "Intranet"):
        raise invalid("AddressType")
    one.address_type = wanted
    for zone in one.zones:
        zone.public_ip = call.world.new_public_ip() if wanted == "Internet" else ""
    return {"JobId": jobs.start(call, "UpdateLoadBalancerAddressTypeConfig")}


def update_zones(call: Call) -> Answer:
    """Other zones; one that stays keeps its addresses."""
    one = active(call)
    mappings = call.params.records("ZoneMappings")
    if not mappings:
        raise missing("ZoneMappings")
    have = {(zone.zone_id, zone.vswitch_id): zone for zone in one.zones}
    one.zones = [
        have.get((mapping.get("ZoneId", ""), mapping.get("VSwitchId", "")))
        or _zone(call, one.vpc_id, mapping, one.address_type)
        for mapping in mappings
    ]
    return {"JobId": jobs.start(call, "UpdateLoadBalancerZones")}


def enable_ipv6(call: Call) -> Answer:
    """IPv6 reachable from the internet."""
    active(call).ipv6_address_type = "Internet"
    return {}


def disable_ipv6(call: Call) -> Answer:
    """IPv6 inside only."""
    active(call).ipv6_address_type = "Intranet"
    return {}


def protect(call: Call) -> Answer:
    """Protection from deletion and from changes."""
    one = load_balancer(call)
    enabled = call.params.flag("DeletionProtectionEnabled")
    if enabled is not None:
        one.deletion_protection = enabled
        one.deletion_reason = call.params.text("DeletionProtectionReason") if enabled else ""
    status = call.params.text("ModificationProtectionStatus")
    if status:
        one.modification_protection = status
        one.modification_reason = call.params.text("ModificationProtectionReason")
    return {}


def join_security_groups(call: Call) -> Answer:
    """Add security groups."""
    one = active(call)
    wanted = call.params.values("SecurityGroupIds")
    for group_id in wanted:
        if group_id not in call.world.ecs.security_groups and not call.world.rules.adopt_unknown:
            raise gone("securityGroup")
    one.security_groups = list(dict.fromkeys([*one.security_groups, *wanted]))
    if len(one.security_groups) > 4:
        raise CloudError("QuotaInsufficient.SecurityGroup", "The quota of security groups is insufficient.")
    return {"JobId": jobs.start(call, "LoadBalancerJoinSecurityGroup")}


def leave_security_groups(call: Call) -> Answer:
    """Take security groups off."""
    one = active(call)
    gone_ids = set(call.params.values("SecurityGroupIds"))
    one.security_groups = [group_id for group_id in one.security_groups if group_id not in gone_ids]
    return {"JobId": jobs.start(call, "LoadBalancerLeaveSecurityGroup")}


def attach_bandwidth(call: Call) -> Answer:
    """Put into a bandwidth package; a load balancer is in one at most."""
    one, wanted = active(call), call.params.required("BandwidthPackageId")
    if one.bandwidth_package:
        raise CloudError("OperationDenied.BandwidthPackageAttached", "The load balancer is in a bandwidth package.")
    one.bandwidth_package = wanted
    return {"JobId": jobs.start(call, "AttachCommonBandwidthPackageToLoadBalancer")}


def detach_bandwidth(call: Call) -> Answer:
    """Take out of its bandwidth package."""
    active(call).bandwidth_package = ""
    return {"JobId": jobs.start(call, "DetachCommonBandwidthPackageFromLoadBalancer")}


def regions(call: Call) -> Answer:
    """The region of this cloud."""
    region = call.world.region
    return {"Regions": [{"RegionId": region, "LocalName": region, "RegionEndpoint": f"nlb.{region}.aliyuncs.com"}]}


def zones(call: Call) -> Answer:
    """Zones where one can have an NLB."""
    return {"Zones": [{"ZoneId": f"{call.region}-{letter}", "LocalName": letter.upper()} for letter in "hijk"]}


ACTIONS: Actions = {
    "CreateLoadBalancer": create,
    "GetLoadBalancerAttribute": describe,
    "ListLoadBalancers": describe_all,
    "DeleteLoadBalancer": delete,
    "UpdateLoadBalancerAttribute": update,
    "UpdateLoadBalancerAddressTypeConfig": update_address_type,
    "UpdateLoadBalancerZones": update_zones,
    "EnableLoadBalancerIpv6Internet": enable_ipv6,
    "DisableLoadBalancerIpv6Internet": disable_ipv6,
    "UpdateLoadBalancerProtection": protect,
    "LoadBalancerJoinSecurityGroup": join_security_groups,
    "LoadBalancerLeaveSecurityGroup": leave_security_groups,
    "AttachCommonBandwidthPackageToLoadBalancer": attach_bandwidth,
    "DetachCommonBandwidthPackageFromLoadBalancer": detach_bandwidth,
    "DescribeRegions": regions,
    "DescribeZones": zones,
}
