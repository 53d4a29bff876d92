"""ECS and VPC, read: network interfaces, security groups, instance roles, address blocks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from upgrader.adapters.aliyun.answers import ask, attributes, listed, numbered_pages, tag_map
from upgrader.adapters.aliyun.call import Call, Transport
from upgrader.adapters.aliyun.fan_out import fan_out
from upgrader.adapters.aliyun.together import batches, numbered
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG, NetworkInterface, SecurityGroup

IPS_A_REQUEST = 100


class NetworkReader:
    """Questions to ECS and VPC of one region."""

    def __init__(self, transport: Transport, region: str) -> None:
        self._transport, self._region = transport, region

    def network_interfaces(self, vpc_id: str, ips: Sequence[str]) -> tuple[NetworkInterface, ...]:
        """The ENIs that hold these IPs, one record for each IP found."""
        wanted = sorted(set(ips))

        def look(batch: Sequence[str]) -> list[NetworkInterface]:
            params = {"VpcId": vpc_id} if vpc_id else {}
            params |= numbered("PrivateIpAddress", batch)
            call = self._call("ecs", "DescribeNetworkInterfaces", **params)
            records = numbered_pages(self._transport, call, "NetworkInterfaceSets", "NetworkInterfaceSet")
            return [eni for record in records for eni in _interfaces(record, set(batch))]

        found = [eni for answer in fan_out(look, batches(wanted, IPS_A_REQUEST)) for eni in answer]
        return tuple(sorted(found, key=lambda eni: (eni.ip, eni.id)))

    def security_groups(self, vpc_id: str) -> tuple[SecurityGroup, ...]:
        """Security groups of the VPC that carry a tag of CCM's, with their rules."""
        params = {"VpcId": vpc_id} if vpc_id else {}
        call = self._call("ecs", "DescribeSecurityGroups", **params)
        records = numbered_pages(self._transport, call, "SecurityGroups", "SecurityGroup", size=50)
        own = [r for r in records if {OWNER_TAG, CLUSTER_TAG} & set(tag_map(r.get("Tags")))]
        return tuple(sorted(fan_out(self._security_group, own), key=lambda group: group.id))

    def vpc_cidrs(self, vpc_id: str) -> tuple[str, ...]:
        """All CIDR blocks of the VPC, the first one first."""
        answer = ask(self._transport, self._call("vpc", "DescribeVpcAttribute", VpcId=vpc_id))
        first = [str(answer["CidrBlock"])] if answer.get("CidrBlock") else []
        more = (answer.get("SecondaryCidrBlocks") or {}).get("SecondaryCidrBlock") or ()
        return tuple(dict.fromkeys([*first, *(str(one) for one in more if isinstance(one, str))]))

    def instance_role(self, instance_id: str) -> str:
        """The RAM role of an instance; empty when it has none."""
        call = self._call("ecs", "DescribeInstanceRamRole", InstanceIds=json.dumps([instance_id]))
        records = listed(ask(self._transport, call), "InstanceRamRoleSets", "InstanceRamRoleSet")
        return str(records[0].get("RamRoleName") or "") if records else ""

    def _security_group(self, record: Mapping[str, Any]) -> SecurityGroup:
        group_id = str(record.get("SecurityGroupId") or "")
        call = self._call("ecs", "DescribeSecurityGroupAttribute", SecurityGroupId=group_id, Direction="all")
        rules = [attributes(one) for one in listed(ask(self._transport, call), "Permissions", "Permission")]
        return SecurityGroup(
            id=group_id,
            name=str(record.get("SecurityGroupName") or ""),
            description=str(record.get("Description") or ""),
            vpc_id=str(record.get("VpcId") or ""),
            tags=tag_map(record.get("Tags")),
            permissions=tuple(sorted(rules, key=lambda rule: sorted(rule.items()))),
        )

    def _call(self, product: str, action: str, **params: str) -> Call:
        return Call(product=product, action=action, region=self._region, params={"RegionId": self._region, **params})


def _interfaces(record: Mapping[str, Any], wanted: set[str]) -> list[NetworkInterface]:
    ips = {str(one.get("PrivateIpAddress") or "") for one in listed(record, "PrivateIpSets", "PrivateIpSet")}
    ips |= {str(record.get("PrivateIpAddress") or "")}
    ips |= {str(one.get("Ipv6Address") or "") for one in listed(record, "Ipv6Sets", "Ipv6Set")}
    return [
        NetworkInterface(
            id=str(record.get("NetworkInterfaceId") or ""),
            ip=ip,
            instance_id=str(record.get("InstanceId") or ""),
            type=str(record.get("Type") or ""),
        )
        for ip in sorted(ips & wanted)
    ]
