"""Addresses out of vSwitches: who is there, and what is left."""

from __future__ import annotations

import ipaddress

from upgrader.lab.cloud.call import Call
from upgrader.lab.cloud.errors import CloudError
from upgrader.lab.cloud.vpc.model import Vpc, VSwitch


def vswitch_of(call: Call, vswitch_id: str) -> VSwitch:
    """The vSwitch; an unknown one is taken as existing where the rules say so."""
    found = call.world.vpc.vswitches.get(vswitch_id)
    if found is not None:
        return found
    if not call.world.rules.adopt_unknown:
        raise CloudError("InvalidVSwitchId.NotFound", "The specified VSwitch does not exist.", 404)
    vpc = _home(call)
    place = len(call.world.vpc.vswitches)
    made = VSwitch(
        id=vswitch_id,
        region=call.region,
        zone=f"{call.region}-{'hijk'[place % 4]}",
        vpc_id=vpc.id,
        cidr=f"192.168.{place % 250}.0/24",
        created=call.stamp,
    )
    call.world.vpc.vswitches[vswitch_id] = made
    return made


def _home(call: Call) -> Vpc:
    """The region's first VPC, made when there is none."""
    for vpc in call.world.vpc.vpcs.values():
        if vpc.region == call.region:
            return vpc
    made = Vpc(id=call.params.text("VpcId", "vpc-lab"), region=call.region, created=call.stamp)
    call.world.vpc.vpcs[made.id] = made
    return made


def take_private_ip(call: Call, vswitch: VSwitch, wanted: str = "") -> str:
    """A free address of the vSwitch, or the wanted one; refused when none is left."""
    if vswitch.free_ips <= 0:
        raise CloudError("VSwitchAvailableIpNotExist", "The specified VSwitch has no available ip.")
    network = ipaddress.ip_network(vswitch.cidr)
    if wanted:
        if ipaddress.ip_address(wanted) not in network:
            raise CloudError("InvalidPrivateIpAddress.Mismatch", f"{wanted} is not in the vSwitch's CIDR block.")
        taken = any(lb.address == wanted for lb in call.world.slb.load_balancers.values())
        if taken:
            raise CloudError("IpUsed", f"The address {wanted} is in use.")
        vswitch.free_ips -= 1
        return wanted
    place = call.world.count(f"ip {vswitch.id}")
    vswitch.free_ips -= 1
    return str(network[(place + 9) % (network.num_addresses - 3) + 1])
