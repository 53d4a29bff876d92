"""ECS: instances, network interfaces, security groups."""

from __future__ import annotations

import msgspec

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.ecs import security_groups
from upgrader.lab.cloud.ecs.model import Instance, Interface
from upgrader.lab.cloud.errors import CloudError, not_found
from upgrader.lab.cloud.paging import by_number, by_token


def describe_instances(call: Call) -> Answer:
    """Instances by id, address, VPC, name or tag; paged by token when `MaxResults` or `NextToken` is sent."""
    params = call.params
    ids = [str(one) for one in params.json_list("InstanceIds")]
    addresses = {str(one) for one in params.json_list("PrivateIpAddresses")}
    if call.world.rules.adopt_unknown:
        _adopt_instances(call, ids)
    vpc, name, tags = params.text("VpcId"), params.text("InstanceName"), params.tags()
    found = [
        one
        for one in call.world.ecs.instances.values()
        if one.region == call.region
        and (not params.has("InstanceIds") or one.id in ids)
        and (not addresses or addresses & set(one.private_ips))
        and vpc in ("", one.vpc_id)
        and name in ("", one.name)
        and params.text("ZoneId") in ("", one.zone)
        and params.text("VSwitchId") in ("", one.vswitch_id)
        and params.text("Status") in ("", one.status)
        and all(one.tags.get(key) == value if value else key in one.tags for key, value in tags.items())
    ]
    if params.text("MaxResults") or params.text("NextToken"):
        page, token, size = by_token(call, found, default=10)
        numbers: Answer = {"TotalCount": len(found), "PageNumber": 1, "PageSize": size, "NextToken": token}
    else:
        page, numbers = by_number(call, found)
        numbers["NextToken"] = ""
    return {**numbers, "Instances": {"Instance": [_show_instance(call, one) for one in page]}}


def describe_roles(call: Call) -> Answer:
    """The RAM role of each instance that has one."""
    listed = msgspec.json.decode(call.params.required("InstanceIds"), type=list[str])
    found = [call.world.ecs.instances[one] for one in listed if one in call.world.ecs.instances]
    shown = [{"InstanceId": one.id, "RamRoleName": one.role} for one in found if one.role]
    return {"InstanceRamRoleSets": {"InstanceRamRoleSet": shown}, "TotalCount": len(shown)}


def _adopt_instances(call: Call, ids: list[str]) -> None:
    """Take instances that nobody has told us of as running, each with an address of its own."""
    for instance_id in ids:
        if instance_id in call.world.ecs.instances or not instance_id.startswith("i-"):
            continue
        number = call.world.count("adopted")
        call.world.ecs.instances[instance_id] = Instance(
            id=instance_id,
            name=instance_id,
            region=call.region,
            zone=f"{call.region}-h",
            vpc_id=next(iter(call.world.vpc.vpcs), "vpc-lab"),
            private_ips=[f"192.168.{number // 250}.{number % 250 + 1}"],
            created=call.stamp,
        )


def _show_instance(call: Call, one: Instance) -> Answer:
    interfaces = [eni for eni in call.world.ecs.interfaces.values() if eni.instance_id == one.id]
    primary = {
        "NetworkInterfaceId": f"eni-{one.id.removeprefix('i-')}",
        "PrimaryIpAddress": one.private_ips[0] if one.private_ips else "",
        "MacAddress": "00:16:3e:00:00:01",
        "Type": "Primary",
        "PrivateIpSets": {
            "PrivateIpSet": [
                {"PrivateIpAddress": ip, "Primary": place == 0} for place, ip in enumerate(one.private_ips)
            ]
        },
        "Ipv6Sets": {"Ipv6Set": []},
    }
    return {
        "InstanceId": one.id,
        "InstanceName": one.name,
        "HostName": one.name,
        "RegionId": one.region,
        "ZoneId": one.zone,
        "Status": one.status,
        "InstanceType": one.instance_type,
        "InstanceChargeType": one.charge_type,
        "SpotStrategy": one.spot,
        "InstanceNetworkType": "vpc",
        "CreationTime": one.created,
        "ExpiredTime": "2099-12-31T15:59Z",
        "CPU": 4,
        "Cpu": 4,
        "Memory": 16384,
        "IoOptimized": True,
        "InnerIpAddress": {"IpAddress": []},
        "PublicIpAddress": {"IpAddress": []},
        "EipAddress": {"AllocationId": "", "IpAddress": "", "InternetChargeType": "", "Bandwidth": 0},
        "VpcAttributes": {
            "VpcId": one.vpc_id,
            "VSwitchId": one.vswitch_id,
            "NatIpAddress": "",
            "PrivateIpAddress": {"IpAddress": one.private_ips},
        },
        "SecurityGroupIds": {"SecurityGroupId": one.security_groups},
        "NetworkInterfaces": {"NetworkInterface": [primary, *(_show_interface(eni) for eni in interfaces)]},
        "OperationLocks": {"LockReason": []},
        "Tags": {"Tag": [{"TagKey": key, "TagValue": value} for key, value in one.tags.items()]},
    }


def delete_instance(call: Call) -> Answer:
    """Release an instance."""
    instance_id = call.params.required("InstanceId")
    if call.world.ecs.instances.pop(instance_id, None) is None:
        raise not_found("InstanceId")
    return {}


def describe_interfaces(call: Call) -> Answer:
    """Network interfaces by id, address, VPC, state or instance; paged in either way."""
    params = call.params
    ids, addresses = set(params.values("NetworkInterfaceId")), params.values("PrivateIpAddress")
    ipv6s, tags = set(params.values("Ipv6Address")), params.tags()
    if len(addresses) > 100 or len(ids) > 100:
        raise CloudError("InvalidParameter.Count", "At most 100 values in one request.")
    if call.world.rules.adopt_unknown:
        _adopt_interfaces(call, addresses, sorted(ids))
    wanted = set(addresses)
    found = [
        one
        for one in call.world.ecs.interfaces.values()
        if one.region == call.region
        and (not ids or one.id in ids)
        and (not wanted or wanted & set(one.private_ips))
        and (not ipv6s or ipv6s & set(one.ipv6s))
        and (params.text("VpcId") or params.text("VpcID")) in ("", one.vpc_id)
        and params.text("VSwitchId") in ("", one.vswitch_id)
        and params.text("InstanceId") in ("", one.instance_id)
        and params.text("Status") in ("", one.status)
        and params.text("Type") in ("", one.type)
        and all(one.tags.get(key) == value for key, value in tags.items())
    ]
    if params.text("MaxResults") or params.text("NextToken"):
        page, token, size = by_token(call, found, most=500)
        numbers: Answer = {"TotalCount": len(found), "PageNumber": 1, "PageSize": size, "NextToken": token}
    else:
        page, numbers = by_number(call, found, most=500)
        numbers["NextToken"] = ""
    return {**numbers, "NetworkInterfaceSets": {"NetworkInterfaceSet": [_show_interface(one) for one in page]}}


def _adopt_interfaces(call: Call, addresses: list[str], ids: list[str]) -> None:
    held = {ip for one in call.world.ecs.interfaces.values() for ip in one.private_ips}
    wanted = [(f"eni-{ip.replace('.', '-')}", ip) for ip in addresses if ip not in held]
    wanted += [(eni, "") for eni in ids if eni not in call.world.ecs.interfaces]
    for eni_id, ip in wanted:
        call.world.ecs.interfaces[eni_id] = Interface(
            id=eni_id,
            region=call.region,
            zone=f"{call.region}-h",
            vpc_id=call.params.text("VpcId") or next(iter(call.world.vpc.vpcs), "vpc-lab"),
            private_ips=[ip] if ip else [],
            created=call.stamp,
        )


def _show_interface(one: Interface) -> Answer:
    first = one.private_ips[0] if one.private_ips else ""
    return {
        "NetworkInterfaceId": one.id,
        "NetworkInterfaceName": one.name,
        "PrimaryIpAddress": first,
        "PrivateIpAddress": first,
        "PrivateIpSets": {
            "PrivateIpSet": [
                {"PrivateIpAddress": ip, "Primary": place == 0} for place, ip in enumerate(one.private_ips)
            ]
        },
        "Ipv6Sets": {"Ipv6Set": [{"Ipv6Address": ip} for ip in one.ipv6s]},
        "MacAddress": "00:16:3e:00:00:02",
        "Status": one.status,
        "Type": one.type,
        "VpcId": one.vpc_id,
        "VSwitchId": one.vswitch_id,
        "ZoneId": one.zone,
        "InstanceId": one.instance_id,
        "SourceDestCheck": one.source_dest_check,
        "SecurityGroupIds": {"SecurityGroupId": one.security_groups},
        "AssociatedPublicIp": {"PublicIpAddress": "", "AllocationId": ""},
        "Description": "",
        "CreationTime": one.created or "2026-01-01T00:00:00Z",
        "Tags": {"Tag": [{"TagKey": key, "TagValue": value} for key, value in one.tags.items()]},
    }


def modify_interface(call: Call) -> Answer:
    """Change the source/destination check or the name."""
    one = call.world.ecs.interfaces.get(call.params.required("NetworkInterfaceId"))
    if one is None:
        raise CloudError("InvalidEniId.NotFound", "The specified NetworkInterfaceId does not exist.", 404)
    checked = call.params.flag("SourceDestCheck")
    one.source_dest_check = one.source_dest_check if checked is None else checked
    one.name = call.params.text("NetworkInterfaceName", one.name)
    return {}


def add_tags(call: Call) -> Answer:
    """First generation: tags on an instance, a network interface or a security group."""
    _tags_of(call, call.params.required("ResourceId")).update(call.params.tags())
    return {}


def tag_resources(call: Call) -> Answer:
    """Tags on several resources."""
    for resource_id in call.params.values("ResourceId"):
        _tags_of(call, resource_id).update(call.params.tags())
    return {}


def untag_resources(call: Call) -> Answer:
    """Take tags off resources."""
    for resource_id in call.params.values("ResourceId"):
        tags = _tags_of(call, resource_id)
        for key in call.params.values("TagKey"):
            tags.pop(key, None)
    return {}


def list_tag_resources(call: Call) -> Answer:
    """The tags of resources."""
    rows = [
        {"ResourceId": resource_id, "ResourceType": call.params.text("ResourceType"), "TagKey": key, "TagValue": value}
        for resource_id in call.params.values("ResourceId")
        for key, value in _tags_of(call, resource_id).items()
    ]
    return {"TagResources": {"TagResource": rows}, "NextToken": ""}


def _tags_of(call: Call, resource_id: str) -> dict[str, str]:
    store = call.world.ecs
    for held in (store.instances, store.interfaces, store.security_groups):
        one = held.get(resource_id)
        if one is not None:
            return one.tags
    raise CloudError("InvalidResourceId.NotFound", f"The resource {resource_id} does not exist.", 404)


def describe_regions(call: Call) -> Answer:
    """The region of this cloud."""
    region = call.world.region
    shown = {"RegionId": region, "LocalName": region, "RegionEndpoint": f"ecs.{region}.aliyuncs.com"}
    return {"Regions": {"Region": [shown]}}


ACTIONS: Actions = {
    "DescribeInstanceRamRole": describe_roles,
    "DescribeInstances": describe_instances,
    "DeleteInstance": delete_instance,
    "DescribeNetworkInterfaces": describe_interfaces,
    "ModifyNetworkInterfaceAttribute": modify_interface,
    "AddTags": add_tags,
    "TagResources": tag_resources,
    "UntagResources": untag_resources,
    "ListTagResources": list_tag_resources,
    "DescribeRegions": describe_regions,
    **security_groups.ACTIONS,
}
