"""Load balancers: create, find, change, protect, delete."""

from __future__ import annotations

from upgrader.lab.cloud.call import Answer, Call
from upgrader.lab.cloud.errors import CloudError, invalid
from upgrader.lab.cloud.ipam import take_private_ip, vswitch_of
from upgrader.lab.cloud.paging import by_number
from upgrader.lab.cloud.slb import show
from upgrader.lab.cloud.slb.lookup import changeable, load_balancer
from upgrader.lab.cloud.slb.model import LoadBalancer

SPECS = frozenset(f"slb.s{number}.small" for number in (1, 2, 3)) | frozenset(
    ("slb.s2.medium", "slb.s3.medium", "slb.s3.large", "slb.s4.large")
)
CHARGE_TYPES = ("PayBySpec", "PayByCLCU")
INTERNET_CHARGE_TYPES = ("paybytraffic", "paybybandwidth")


def create(call: Call) -> Answer:
    """A new load balancer, active at once."""
    params = call.params
    if call.world.rules.arrears:
        raise CloudError(call.world.rules.arrears, _ARREARS[call.world.rules.arrears])
    address_type = params.text("AddressType", "internet").lower()
    if address_type not in ("internet", "intranet"):
        address_type = "intranet"
    lb_id = call.world.new_bp1("lb", 17)
    vswitch = vswitch_of(call, params.text("VSwitchId")) if params.text("VSwitchId") else None
    if vswitch is None or address_type == "internet":
        address = call.world.new_public_ip() if address_type == "internet" else f"10.0.0.{call.world.count('classic')}"
        address = params.text("Address", address)
    else:
        address = take_private_ip(call, vswitch, params.text("Address"))
    if params.text("AddressIPVersion", "ipv4").lower() == "ipv6":
        address = f"2408:4005:300::{call.world.count('ipv6'):x}"
    charge_type, spec = _charge(call)
    made = LoadBalancer(
        id=lb_id,
        name=params.text("LoadBalancerName", f"auto_named_{lb_id}"),
        region=call.region,
        address=address,
        address_type=address_type,
        ip_version=params.text("AddressIPVersion", "ipv4").lower(),
        vpc_id=vswitch.vpc_id if vswitch else params.text("VpcId"),
        vswitch_id=vswitch.id if vswitch else "",
        master_zone=params.text("MasterZoneId", f"{call.region}-h"),
        slave_zone=params.text("SlaveZoneId", f"{call.region}-i"),
        internet_charge_type=_internet_charge(params.text("InternetChargeType", "paybytraffic")),
        charge_type=charge_type,
        spec=spec,
        bandwidth=params.integer("Bandwidth", 5120, low=-1, high=5120),
        delete_protection="on" if params.flag("DeleteProtection") else "off",
        modification_protection=params.text("ModificationProtectionStatus", "NonProtection"),
        modification_reason=params.text("ModificationProtectionReason"),
        resource_group=params.text("ResourceGroupId", "rg-default"),
        tags=params.tags(),
        created=call.stamp,
    )
    call.world.slb.load_balancers[lb_id] = made
    return {
        "LoadBalancerId": lb_id,
        "LoadBalancerName": made.name,
        "Address": made.address,
        "AddressIPVersion": made.ip_version,
        "NetworkType": made.network_type,
        "VpcId": made.vpc_id,
        "VSwitchId": made.vswitch_id,
        "ResourceGroupId": made.resource_group,
        "OrderId": call.world.count("order"),
    }


_ARREARS = {
    "ORDER.ARREARAGE": "The account is arrearage.",
    "PAY.INSUFFICIENT_BALANCE": "Your account does not have enough balance.",
}


def _charge(call: Call) -> tuple[str, str]:
    """Charge type and spec: PayByCLCU has no spec, PayBySpec needs one."""
    params = call.params
    given, spec = params.text("InstanceChargeType"), params.text("LoadBalancerSpec")
    charge_type = given or "PayBySpec"
    if charge_type not in CHARGE_TYPES:
        raise invalid("InstanceChargeType")
    if charge_type == "PayByCLCU":
        # CCM from v2.13.0 on sends the annotated spec beside it by default: taken, and without effect.
        return charge_type, ""
    if spec and spec not in SPECS:
        raise CloudError("InvalidParameter.LoadBalancerSpec", f"The specified LoadBalancerSpec {spec} is invalid.")
    return charge_type, spec


def _internet_charge(value: str) -> str:
    lowered = value.lower()
    if lowered not in INTERNET_CHARGE_TYPES:
        raise invalid("InternetChargeType")
    return lowered


def describe_all(call: Call) -> Answer:
    """The load balancers of the region that meet every filter, a page of them."""
    params = call.params
    wanted_ids = set(params.values("LoadBalancerId"))
    tag_filter = _tag_filter(call)
    equals = {
        "name": params.text("LoadBalancerName"),
        "address": params.text("Address"),
        "address_type": params.text("AddressType"),
        "vpc_id": params.text("VpcId"),
        "vswitch_id": params.text("VSwitchId"),
        "status": params.text("LoadBalancerStatus"),
        "network_type": params.text("NetworkType"),
        "resource_group": params.text("ResourceGroupId"),
        "ip_version": params.text("AddressIPVersion"),
        "master_zone": params.text("MasterZoneId"),
        "slave_zone": params.text("SlaveZoneId"),
    }
    # One filter after the other: a fleet lists an account of thousands, mostly without any.
    found = [lb for lb in call.world.slb.load_balancers.values() if lb.region == call.region]
    if wanted_ids:
        found = [lb for lb in found if lb.id in wanted_ids]
    for name, value in equals.items():
        if value:
            found = [lb for lb in found if _same(name, getattr(lb, name), value)]
    for key, value in tag_filter.items():
        found = [lb for lb in found if (lb.tags.get(key, _ABSENT) == value if value else key in lb.tags)]
    if server_id := params.text("ServerId"):
        found = [lb for lb in found if _serves(call, lb, server_id)]
    page, counts = by_number(call, found, default=50 if "PageSize" not in params.raw else 10)
    return {**counts, "LoadBalancers": {"LoadBalancer": [show.load_balancer(lb) for lb in page]}}


_ABSENT = "\0absent"


def _same(name: str, have: str, wanted: str) -> bool:
    """Names tell upper from lower case, everything else does not."""
    return have == wanted if name == "name" else have.lower() == wanted.lower()


def _tag_filter(call: Call) -> dict[str, str]:
    """`Tags` (JSON) of the first generation, or `Tag.1.Key` of the second."""
    older = {
        str(one["TagKey"]): str(one.get("TagValue") or "")
        for one in call.params.json_list("Tags")
        if isinstance(one, dict) and one.get("TagKey")
    }
    return {**older, **call.params.tags()}


def _serves(call: Call, lb: LoadBalancer, server_id: str) -> bool:
    groups = (group for group in call.world.slb.groups.values() if group.load_balancer_id == lb.id)
    every = (*lb.backends, *(backend for group in groups for backend in group.backends))
    return any(backend.server_id == server_id for backend in every)


def describe(call: Call) -> Answer:
    """One load balancer in full."""
    return show.load_balancer_in_full(load_balancer(call))


def delete(call: Call) -> Answer:
    """Delete with listeners, rules and groups, unless it is protected. Deleting what is gone succeeds."""
    lb = call.world.slb.load_balancers.get(call.params.required("LoadBalancerId"))
    if lb is None:
        return {}
    if lb.delete_protection == "on":
        raise CloudError("OperationFailed.DeleteProtectionIsOn", "The delete protection of the load balancer is on.")
    del call.world.slb.load_balancers[lb.id]
    for group_id in [one.id for one in call.world.slb.groups.values() if one.load_balancer_id == lb.id]:
        del call.world.slb.groups[group_id]
    return {}


def set_name(call: Call) -> Answer:
    """Rename."""
    lb = changeable(call)
    name = call.params.required("LoadBalancerName")
    if len(name) > 80:
        raise invalid("LoadBalancerName", "The specified LoadBalancerName is too long.")
    lb.name = name
    return {}


def set_status(call: Call) -> Answer:
    """Turn on or off."""
    status = call.params.required("LoadBalancerStatus")
    if status not in ("active", "inactive"):
        raise invalid("LoadBalancerStatus")
    changeable(call).status = status
    return {}


def set_delete_protection(call: Call) -> Answer:
    """Protect from deletion, or not."""
    load_balancer(call).delete_protection = "on" if call.params.flag("DeleteProtection") else "off"
    return {}


def set_modification_protection(call: Call) -> Answer:
    """Protect from changes in the console, or not."""
    lb = load_balancer(call)
    status = call.params.required("ModificationProtectionStatus")
    if status not in ("ConsoleProtection", "NonProtection"):
        raise invalid("ModificationProtectionStatus")
    lb.modification_protection = status
    lb.modification_reason = call.params.text("ModificationProtectionReason") if status == "ConsoleProtection" else ""
    return {}


def modify_spec(call: Call) -> Answer:
    """Change the spec of a load balancer that is paid by spec."""
    lb = changeable(call)
    spec = call.params.required("LoadBalancerSpec")
    if spec not in SPECS:
        raise CloudError("InvalidParameter.LoadBalancerSpec", f"The specified LoadBalancerSpec {spec} is invalid.")
    if lb.charge_type == "PayByCLCU":
        raise CloudError(
            "OperationFailed.InstanceChargeTypeNotSupport",
            "The operation is not allowed because the instanceChargeType of loadbalancer is PayByCLCU.",
        )
    lb.spec = spec
    return {"OrderId": call.world.count("order")}


def modify_internet(call: Call) -> Answer:
    """Change how the public traffic is charged, and the bandwidth."""
    lb = changeable(call)
    if lb.address_type != "internet":
        raise CloudError("OperationUnsupported.AddressType", "Only an internet load balancer has an internet spec.")
    lb.internet_charge_type = _internet_charge(call.params.text("InternetChargeType", lb.internet_charge_type))
    lb.bandwidth = call.params.integer("Bandwidth", lb.bandwidth, low=-1, high=5120)
    return {"OrderId": call.world.count("order")}


def modify_charge_type(call: Call) -> Answer:
    """Between PayBySpec (with a spec) and PayByCLCU."""
    lb = changeable(call)
    charge_type = call.params.required("InstanceChargeType")
    if charge_type not in CHARGE_TYPES:
        raise invalid("InstanceChargeType")
    if charge_type == "PayByCLCU" and lb.pay_type == "PrePay":
        raise CloudError("OperationUnsupported.PrePay", "A subscription load balancer can't be paid by CLCU.")
    lb.charge_type = charge_type
    lb.spec = "" if charge_type == "PayByCLCU" else call.params.text("LoadBalancerSpec", "slb.s1.small")
    return {"OrderId": call.world.count("order")}


def available_resource(call: Call) -> Answer:
    """Zones in which one can buy, with address types and IP versions."""
    region = call.region
    offered = [
        {"AddressType": address_type, "AddressIPVersion": version}
        for address_type in ("vpc", "classic_internet")
        for version in ("ipv4", "ipv6")
    ]
    zones = [
        {"MasterZoneId": f"{region}-{one}", "SlaveZoneId": f"{region}-{other}",
         "SupportResources": {"SupportResource": offered}}
        for one, other in (("h", "i"), ("i", "j"), ("j", "k"))
    ]  # fmt: skip
    return {"AvailableResources": {"AvailableResource": zones}}
