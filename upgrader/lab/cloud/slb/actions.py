"""SLB's actions by name."""

from __future__ import annotations

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.slb import extras, groups, listeners, load_balancers, tagging


def describe_regions(call: Call) -> Answer:
    """The region of this cloud."""
    region = call.world.region
    return {"Regions": {"Region": [{"RegionId": region, "LocalName": region, "RegionEndpoint": "slb.aliyuncs.com"}]}}


ACTIONS: Actions = {
    "CreateLoadBalancer": load_balancers.create,
    "DescribeLoadBalancers": load_balancers.describe_all,
    "DescribeLoadBalancerAttribute": load_balancers.describe,
    "DeleteLoadBalancer": load_balancers.delete,
    "SetLoadBalancerName": load_balancers.set_name,
    "SetLoadBalancerStatus": load_balancers.set_status,
    "SetLoadBalancerDeleteProtection": load_balancers.set_delete_protection,
    "SetLoadBalancerModificationProtection": load_balancers.set_modification_protection,
    "ModifyLoadBalancerInstanceSpec": load_balancers.modify_spec,
    "ModifyLoadBalancerInternetSpec": load_balancers.modify_internet,
    "ModifyLoadBalancerInstanceChargeType": load_balancers.modify_charge_type,
    "DescribeAvailableResource": load_balancers.available_resource,
    "DescribeRegions": describe_regions,
    **listeners.ACTIONS,
    **groups.ACTIONS,
    **tagging.ACTIONS,
    **extras.ACTIONS,
}
