"""A Service still without a load balancer: what the target creates, with its defaults.

Sources: `clbv1/loadbalancer.go` (Create, setModelDefaultValue), `provider/alibaba/slb/loadbalancer.go`, and creations
observed by version. Tags travel inside the create request from v2.11.0 on.
"""

from __future__ import annotations

from collections.abc import Iterator

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.clb.attributes import DEFAULT_SPEC, additional_tags
from upgrader.forecast.clb.listeners import create_listener, protocol_of
from upgrader.forecast.groups import DesiredGroup
from upgrader.forecast.select import serving
from upgrader.forecast.world import CLUSTER_TAG, OWN_TAG, World, default_name
from upgrader.model.forecast import Write
from upgrader.model.kube import Service

_NAMED = (
    ("charge-type", "InternetChargeType"),
    ("bandwidth", "Bandwidth"),
    ("vswitch-id", "VSwitchId"),
    ("master-zoneid", "MasterZoneId"),
    ("slave-zoneid", "SlaveZoneId"),
    ("resource-group-id", "ResourceGroupId"),
    ("ip-version", "AddressIPVersion"),
    ("ip", "Address"),
)


def creation_writes(world: World, service: Service, groups: tuple[DesiredGroup, ...]) -> Iterator[Write]:
    """Load balancer, tags, groups with their backends, listeners; none has an id yet."""
    if serving(world, service) == "nlb":
        yield Write(action="nlb:CreateLoadBalancer", object="", changes=_nlb(service))
        for group in groups:
            yield Write(action="nlb:CreateServerGroup", object="", changes={"ServerGroupName": (None, group.name)})
            if group.wanted.backends:
                yield Write(action="nlb:AddServersToServerGroup", object="")
            yield Write(action="nlb:CreateListener", object="", changes={"ListenerPort": (None, str(group.port.port))})
        return
    notes = Annotations(service)
    attributes = clb_defaults(world, service)
    tags = {OWN_TAG: default_name(service), **additional_tags(notes)}
    if world.ways.cluster_tag:
        tags[CLUSTER_TAG] = world.cluster_id
    params = dict(attributes)
    if world.ways.tags_at_creation:
        for number, (key, value) in enumerate(tags.items(), 1):
            params |= {f"Tag.{number}.Key": key, f"Tag.{number}.Value": value}
    yield Write(
        action="slb:CreateLoadBalancer", object="", changes={k: (None, v) for k, v in attributes.items()},
        params=params,
    )  # fmt: skip
    if not world.ways.tags_at_creation:
        yield Write(
            action=f"slb:{world.ways.tag_calls}", object="", changes={f"tag {k}": (None, v) for k, v in tags.items()}
        )
    for group in groups:
        yield Write(action="slb:CreateVServerGroup", object="", changes={"VServerGroupName": (None, group.name)})
        if group.wanted.backends:
            yield Write(action="slb:AddVServerGroupBackendServers", object="")
    for group in groups:
        yield from create_listener(world, service, "", group, protocol_of(notes, group.port), None)


def clb_defaults(world: World, service: Service) -> dict[str, str]:
    """The parameters of CreateLoadBalancer: annotations first, then the version's defaults."""
    notes, ways = Annotations(service), world.ways
    found = {
        "AddressType": notes.get("address-type") or "internet",
        "LoadBalancerName": notes.get("name") or default_name(service),
    }
    charge = notes.get("instance-charge-type")
    if ways.clcu_by_default and charge.lower() != "paybyspec":
        found["InstanceChargeType"] = charge or "PayByCLCU"
        if notes.get("spec"):
            found["LoadBalancerSpec"] = notes.get("spec")
    else:
        if charge:
            found["InstanceChargeType"] = charge
        # The default holds for what is paid by specification; what the annotation says is sent as it is.
        spec = notes.get("spec") or (DEFAULT_SPEC if charge.lower() in ("", "paybyspec") else "")
        if spec:
            found["LoadBalancerSpec"] = spec
    if ways.protects:
        found["DeleteProtection"] = notes.get("delete-protection") or "on"
        found["ModificationProtectionStatus"] = notes.get("modification-protection") or "ConsoleProtection"
        found["ModificationProtectionReason"] = "managed.by.ack"
    for short, name in _NAMED:
        if notes.get(short) and world.reads(short, "clb"):
            found[name] = notes.get(short)
    return found


def _nlb(service: Service) -> dict[str, tuple[str | None, str | None]]:
    notes = Annotations(service)
    return {
        "AddressType": (None, notes.get("address-type") or "internet"),
        "LoadBalancerName": (None, notes.get("name") or default_name(service)),
        "ZoneMappings": (None, notes.get("zone-maps")),
    }
