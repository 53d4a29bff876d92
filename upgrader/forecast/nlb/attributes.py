"""An NLB's own attributes and tags at a full sync: each is written only where the Service names it.

Source: `nlbv2/loadbalancer.go` (BuildLocalModel, Update, updateBandwidthPackageId, updateLoadBalancerTags) and
`provider/alibaba/nlb/loadbalancer.go`, each tag. Protections are set at creation and never looked at again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.nlb.wanted import RefusedByCcmError, Zone
from upgrader.forecast.world import REUSED_TAG, World
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG, LoadBalancer
from upgrader.model.forecast import Write
from upgrader.model.kube import Service

Changes = dict[str, tuple[str | None, str | None]]
_KNOWN_CASE = {"internet": "Internet", "intranet": "Intranet", "ipv4": "ipv4", "dualstack": "DualStack"}


class Attributes(Struct, frozen=True, kw_only=True):
    """What the Service asks of the NLB itself; empty text and None where it says nothing."""

    zones: tuple[Zone, ...] = ()
    address_type: str = ""
    ip_version: str = ""
    ipv6_address_type: str = ""
    name: str = ""
    resource_group: str = ""
    bandwidth_package: str | None = None
    cross_zone: bool | None = None
    security_groups: tuple[str, ...] | None = None
    tags: dict[str, str] = {}


def attributes_of(world: World, service: Service, zones: tuple[Zone, ...]) -> Attributes:
    """The wish of a Service, as far as the version reads it. Raises `RefusedByCcmError`."""
    notes = Annotations(service)

    def get(short: str) -> str:
        return notes.get(short) if world.reads(short, "nlb") else ""

    def known(short: str) -> str:
        return _KNOWN_CASE.get(get(short).lower(), get(short))

    cross_zone = get("cross-zone-enabled")
    if cross_zone and cross_zone.lower() not in ("on", "off"):
        shape = f'invalid flag "{cross_zone}", should be "on" or "off"'
        raise RefusedByCcmError(f"build nlb attribute error: ParameterInvalid, cross zone enabled flag error: {shape}")
    groups = None
    if notes.has("security-group-ids") and world.reads("security-group-ids", "nlb"):
        groups = tuple(get("security-group-ids").split(",")) if get("security-group-ids") else ()
    has_package = notes.has("bandwidth-package-id") and world.reads("bandwidth-package-id", "nlb")
    return Attributes(
        zones=zones,
        address_type=known("address-type"),
        ip_version=known("ip-version"),
        ipv6_address_type=known("ipv6-address-type"),
        name=get("name"),
        resource_group=get("resource-group-id"),
        bandwidth_package=get("bandwidth-package-id") if has_package else None,
        cross_zone=cross_zone.lower() == "on" if cross_zone else None,
        security_groups=groups,
        tags=additional_tags(get("additional-resource-tags")),
    )


def additional_tags(text: str) -> dict[str, str]:
    """`k1=v1,k2` as CCM takes it apart: what follows a second `=` is lost."""
    found = {}
    for entry in text.strip().split(","):
        key, *values = entry.strip().split("=")
        if key:
            found[key] = values[0] if values else ""
    return found


def fixed_once_made(wish: Attributes, lb: LoadBalancer) -> str:
    """CCM's words where the Service asks for what can't be changed; empty where it does not."""
    found = []
    for label, wanted, had in (
        ("AddressIpVersion", wish.ip_version, lb.attributes.get("AddressIpVersion", "")),
        ("ResourceGroupId", wish.resource_group, lb.attributes.get("ResourceGroupId", "")),
    ):
        if wanted and wanted.lower() != had.lower():
            found.append(f"{label} cannot be changed, service: {wanted}, nlb: {had}")
    found += [text] if (text := unknown_ipv6(wish)) else []
    return f"[{', '.join(found)}]" if len(found) > 1 else "".join(found)


def unknown_ipv6(wish: Attributes) -> str:
    """CCM's words for an IPv6 address type that it does not know, of a new NLB too; empty for one that it knows."""
    kind = wish.ipv6_address_type
    known = kind in ("", "Internet", "Intranet")
    return "" if known else f"UpdateNLBIPv6AddressType error: invalid ipv6 address type {kind}"


def attribute_writes(
    world: World, service: Service, wish: Attributes, lb: LoadBalancer, security_groups: Iterable[Write] = ()
) -> Iterator[Write]:
    """The requests in CCM's order; `security_groups` are those for joining and leaving."""
    have = lb.attributes.get
    if wish.address_type and wish.address_type.lower() != lb.address_type.lower():
        changes: Changes = {"AddressType": (lb.address_type or None, wish.address_type)}
        yield _write("UpdateLoadBalancerAddressTypeConfig", lb, changes)
    if have("ZoneMappings") and not all(_there(world, zone, zones_in(have("ZoneMappings", ""))) for zone in wish.zones):
        wanted = ",".join(zone_text(zone) for zone in wish.zones)
        yield _write(
            "UpdateLoadBalancerZones", lb, {"ZoneMappings": (have("ZoneMappings"), wanted)}, zone_params(wish.zones)
        )
    yield from security_groups
    yield from _ipv6(wish, lb)
    if world.ways.nlb_rename_last:
        yield from _package(wish, lb)
        yield from _tags(world, service, wish, lb)
        yield from _rename(wish, lb)
    else:
        yield from _rename(wish, lb)
        yield from _package(wish, lb)
        yield from _tags(world, service, wish, lb)


def _write(call: str, lb: LoadBalancer, changes: Changes, params: Mapping[str, str] | None = None) -> Write:
    plain = params if params is not None else {k: v[1] for k, v in changes.items() if v[1] is not None}
    return Write(action=f"nlb:{call}", object=lb.id, changes=changes, params={"LoadBalancerId": lb.id, **plain})


def zones_in(text: str) -> tuple[Zone, ...]:
    """The zones of an NLB as our facts hold them: `zone:vsw:private address:EIP`, the last two where known."""
    return tuple(Zone(*[*entry.split(":"), ""][:4]) for entry in text.split(",") if entry)


def zone_text(zone: Zone) -> str:
    """A zone in the annotation's own form."""
    return ":".join((zone.zone, zone.vswitch, zone.address, zone.allocation)).rstrip(":")


def zone_params(zones: Iterable[Zone]) -> dict[str, str]:
    """`ZoneMappings.N.*` as the OpenAPI spells them."""
    found: dict[str, str] = {}
    for number, zone in enumerate(zones, 1):
        lead = f"ZoneMappings.{number}."
        found |= {lead + "VSwitchId": zone.vswitch, lead + "ZoneId": zone.zone}
        if zone.address:
            found[lead + "PrivateIPv4Address"] = zone.address
        if zone.allocation:
            found[lead + "AllocationId"] = zone.allocation
    return found


def _there(world: World, wanted: Zone, have: Iterable[Zone]) -> bool:
    level = world.ways.nlb_zone_match
    if wanted.allocation and level == "zone-unread-eip":
        return False
    whole = level == "zone-eip-address"
    return any(
        (one.zone, one.vswitch) == (wanted.zone, wanted.vswitch)
        and (not whole or (wanted.allocation in ("", one.allocation) and wanted.address in ("", one.address)))
        for one in have
    )


def _ipv6(wish: Attributes, lb: LoadBalancer) -> Iterator[Write]:
    had = lb.attributes.get("Ipv6AddressType", "")
    wanted = wish.ipv6_address_type
    if wanted in ("Internet", "Intranet") and wanted.lower() != had.lower():
        call = "EnableLoadBalancerIpv6Internet" if wanted == "Internet" else "DisableLoadBalancerIpv6Internet"
        yield _write(call, lb, {"Ipv6AddressType": (had or None, wanted)}, {})


def _rename(wish: Attributes, lb: LoadBalancer) -> Iterator[Write]:
    """Name and cross-zone travel in one request; a name or switch that is set goes along unchanged."""
    changes: Changes = {}
    crossed = lb.attributes.get("CrossZoneEnabled", "false").lower() == "true"
    if wish.name and wish.name != lb.name:
        changes["LoadBalancerName"] = (lb.name or None, wish.name)
    if wish.cross_zone is not None and wish.cross_zone != crossed:
        changes["CrossZoneEnabled"] = (_text(crossed), _text(wish.cross_zone))
    if changes:
        params = {"LoadBalancerName": wish.name} if wish.name else {}
        params |= {} if wish.cross_zone is None else {"CrossZoneEnabled": _text(wish.cross_zone)}
        yield _write("UpdateLoadBalancerAttribute", lb, changes, params)


def _text(flag: bool) -> str:
    return "true" if flag else "false"


def _package(wish: Attributes, lb: LoadBalancer) -> Iterator[Write]:
    wanted, had = wish.bandwidth_package, lb.attributes.get("BandwidthPackageId", "")
    if wanted is None or wanted == had:
        return
    if had:
        changes: Changes = {"BandwidthPackageId": (had, None)}
        yield _write("DetachCommonBandwidthPackageFromLoadBalancer", lb, changes, {"BandwidthPackageId": had})
    if wanted:
        yield _write("AttachCommonBandwidthPackageToLoadBalancer", lb, {"BandwidthPackageId": (None, wanted)})


def _tags(world: World, service: Service, wish: Attributes, lb: LoadBalancer) -> Iterator[Write]:
    """additional-resource-tags made exact: what it lists is written, what it does not list is removed."""
    if not wish.tags or not world.ways.tag_sync:
        return
    own = {OWNER_TAG, CLUSTER_TAG} | ({REUSED_TAG} if Annotations(service).get("id") else set())
    strict = world.ways.nlb_own_tags_spared
    have = {k: v for k, v in lb.tags.items() if k not in own and not (strict and k.startswith("acs:"))}
    wanted = {k: v for k, v in wish.tags.items() if not strict or (k not in own and not k.startswith("acs:"))}
    missing = {k: v for k, v in wanted.items() if have.get(k) != v}
    surplus = sorted(set(have) - set(wanted))
    if missing:
        yield tag_write("loadbalancer", lb.id, missing, lb.tags)
    if surplus:
        yield untag_write("loadbalancer", lb.id, surplus, lb.tags)


def tag_write(kind: str, name: str, tags: Mapping[str, str], had: Mapping[str, str]) -> Write:
    """Tags put on an NLB object."""
    params = {"ResourceType": kind, "ResourceId.1": name}
    for number, (key, value) in enumerate(tags.items(), 1):
        params |= {f"Tag.{number}.Key": key, f"Tag.{number}.Value": value}
    changes: Changes = {f"tag {k}": (had.get(k), v) for k, v in tags.items()}
    return Write(action="nlb:TagResources", object=name, changes=changes, params=params)


def untag_write(kind: str, name: str, keys: Iterable[str], had: Mapping[str, str]) -> Write:
    """Tags taken off an NLB object."""
    keys = list(keys)
    params = {"ResourceType": kind, "ResourceId.1": name}
    params |= {f"TagKey.{number}": key for number, key in enumerate(keys, 1)}
    return Write(
        action="nlb:UntagResources", object=name, changes={f"tag {k}": (had.get(k), None) for k in keys}, params=params
    )
