"""VPC: networks, vSwitches, route tables and entries, elastic IPs."""

from __future__ import annotations

import ipaddress

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.errors import CloudError, not_found
from upgrader.lab.cloud.ipam import vswitch_of
from upgrader.lab.cloud.paging import by_number
from upgrader.lab.cloud.vpc import routes
from upgrader.lab.cloud.vpc.model import Eip, Vpc, VSwitch


def vpc_of(call: Call, vpc_id: str) -> Vpc:
    """The VPC; an unknown one is taken as existing where the rules say so."""
    found = call.world.vpc.vpcs.get(vpc_id)
    if found is None and call.world.rules.adopt_unknown and vpc_id:
        found = call.world.vpc.vpcs[vpc_id] = Vpc(id=vpc_id, region=call.region, created=call.stamp)
    if found is None:
        raise not_found("VpcId")
    return found


def describe_vpcs(call: Call) -> Answer:
    """VPCs by id, a page of them."""
    wanted = call.params.values("VpcId")
    if call.world.rules.adopt_unknown:
        for vpc_id in wanted:
            vpc_of(call, vpc_id)
    found = [
        one for one in call.world.vpc.vpcs.values() if one.region == call.region and (not wanted or one.id in wanted)
    ]
    page, counts = by_number(call, found, most=50)
    return {**counts, "Vpcs": {"Vpc": [_show_vpc(call, one) for one in page]}}


def _show_vpc(call: Call, one: Vpc) -> Answer:
    tables = [table.id for table in call.world.vpc.route_tables.values() if table.vpc_id == one.id]
    switches = [switch.id for switch in call.world.vpc.vswitches.values() if switch.vpc_id == one.id]
    return {
        "VpcId": one.id,
        "VpcName": one.name,
        "RegionId": one.region,
        "Status": "Available",
        "CidrBlock": one.cidr,
        "Ipv6CidrBlock": one.ipv6_cidr,
        "SecondaryCidrBlocks": {"SecondaryCidrBlock": one.secondary_cidrs},
        "VRouterId": one.router_id,
        "RouterTableIds": {"RouterTableIds": tables},
        "VSwitchIds": {"VSwitchId": switches},
        "IsDefault": False,
        "Description": "",
        "CreationTime": one.created or "2026-01-01T00:00:00Z",
        "Tags": {"Tag": [{"Key": key, "Value": value} for key, value in one.tags.items()]},
    }


def describe_vpc(call: Call) -> Answer:
    """One VPC with all its CIDR blocks."""
    one = vpc_of(call, call.params.required("VpcId"))
    blocks = [{"Ipv6CidrBlock": one.ipv6_cidr, "Ipv6Isp": "BGP"}] if one.ipv6_cidr else []
    return {**_show_vpc(call, one), "Ipv6CidrBlocks": {"Ipv6CidrBlock": blocks}}


def describe_vswitches(call: Call) -> Answer:
    """vSwitches by id, VPC or zone, a page of them."""
    params = call.params
    vswitch_id, vpc_id, zone = params.text("VSwitchId"), params.text("VpcId"), params.text("ZoneId")
    if vswitch_id and call.world.rules.adopt_unknown:
        vswitch_of(call, vswitch_id)
    found = [
        one
        for one in call.world.vpc.vswitches.values()
        if one.region == call.region
        and vswitch_id in ("", one.id)
        and vpc_id in ("", one.vpc_id)
        and zone in ("", one.zone)
    ]
    page, counts = by_number(call, found, most=50)
    return {**counts, "VSwitches": {"VSwitch": [_show_vswitch(one) for one in page]}}


def _show_vswitch(one: VSwitch) -> Answer:
    return {
        "VSwitchId": one.id,
        "VSwitchName": one.name,
        "VpcId": one.vpc_id,
        "ZoneId": one.zone,
        "CidrBlock": one.cidr,
        "Ipv6CidrBlock": one.ipv6_cidr,
        "AvailableIpAddressCount": one.free_ips,
        "Status": "Available",
        "IsDefault": False,
        "CreationTime": one.created or "2026-01-01T00:00:00Z",
        "Tags": {"Tag": [{"Key": key, "Value": value} for key, value in one.tags.items()]},
    }


def describe_vswitch(call: Call) -> Answer:
    """One vSwitch."""
    return _show_vswitch(vswitch_of(call, call.params.required("VSwitchId")))


def can_allocate(call: Call) -> Answer:
    """Whether an address of a vSwitch is free."""
    switch = vswitch_of(call, call.params.required("VSwitchId"))
    address = call.params.required("PrivateIpAddress")
    taken = {ip for one in call.world.ecs.instances.values() for ip in one.private_ips}
    taken |= {lb.address for lb in call.world.slb.load_balancers.values()}
    taken |= {zone.private_ip for nlb in call.world.nlb.load_balancers.values() for zone in nlb.zones}
    inside = ipaddress.ip_address(address) in ipaddress.ip_network(switch.cidr)
    return {"CanAllocate": inside and address not in taken and switch.free_ips > 0}


def describe_eips(call: Call) -> Answer:
    """Elastic IPs by id, name, address or what they are bound to, a page of them."""
    params = call.params
    ids = params.values("AllocationId")
    found = [
        one
        for one in call.world.vpc.eips.values()
        if one.region == call.region
        and (not ids or one.id in ids)
        and params.text("EipName") in ("", one.name)
        and params.text("EipAddress") in ("", one.address)
        and params.text("AssociatedInstanceId") in ("", one.instance_id)
        and params.text("AssociatedInstanceType") in ("", one.instance_type)
    ]
    page, counts = by_number(call, found)
    shown = [
        {
            "AllocationId": one.id,
            "Name": one.name,
            "RegionId": one.region,
            "IpAddress": one.address,
            "Status": one.status,
            "InstanceId": one.instance_id,
            "InstanceType": one.instance_type,
            "Bandwidth": "5",
            "InternetChargeType": "PayByTraffic",
            "AllocationTime": one.created,
        }
        for one in page
    ]
    return {**counts, "EipAddresses": {"EipAddress": shown}}


def allocate_eip(call: Call) -> Answer:
    """A new elastic IP."""
    made = Eip(
        id=call.world.new_bp1("eip", 14),
        name=call.params.text("Name"),
        region=call.region,
        address=call.world.new_public_ip(),
        created=call.stamp,
    )
    call.world.vpc.eips[made.id] = made
    return {"AllocationId": made.id, "EipAddress": made.address, "ResourceGroupId": "rg-default", "OrderId": 0}


def release_eip(call: Call) -> Answer:
    """Give back an elastic IP that nothing uses."""
    one = call.world.vpc.eips.get(call.params.required("AllocationId"))
    if one is None:
        raise not_found("AllocationId")
    if one.instance_id:
        raise CloudError("IncorrectEipStatus", "Current elastic IP status does not support this operation.")
    del call.world.vpc.eips[one.id]
    return {}


ACTIONS: Actions = {
    "DescribeVpcs": describe_vpcs,
    "DescribeVpcAttribute": describe_vpc,
    "DescribeVSwitches": describe_vswitches,
    "DescribeVSwitchAttributes": describe_vswitch,
    "CheckCanAllocateVpcPrivateIpAddress": can_allocate,
    "DescribeEipAddresses": describe_eips,
    "AllocateEipAddress": allocate_eip,
    "ReleaseEipAddress": release_eip,
    **routes.ACTIONS,
}
