"""A CLB's own attributes and tags at a full sync: each is written only where an annotation names it.

Source: `clbv1/loadbalancer.go`, Update, updateInstanceChargeTypeAndInstanceSpec, updateLoadBalancerTags.
"""

from __future__ import annotations

from collections.abc import Iterator

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.world import CLUSTER_TAG, OWN_TAG, REUSED_TAG, World, default_name
from upgrader.model.cloud import LoadBalancer
from upgrader.model.forecast import Write
from upgrader.model.kube import Service
from upgrader.model.version import parse_version

# With so many tags CCM adds none (MaxLBTagNum).
MAX_TAGS = 10
DEFAULT_SPEC = "slb.s1.small"
_OWN_KEYS = (OWN_TAG, CLUSTER_TAG, REUSED_TAG)
_CHARGE_TYPE_SINCE = parse_version("v2.4.0")
_SYSTEM_TAGS_SPARED_SINCE = parse_version("v2.11.0")


def attribute_writes(world: World, service: Service, lb: LoadBalancer) -> Iterator[Write]:
    """Requests that put annotated attributes back, and CCM's own tag where it is missing."""
    notes = Annotations(service)
    yield from _own_tag(world, service, lb, reused=bool(notes.get("id")))
    yield from _charge_type_and_spec(world, notes, lb)
    yield from _internet(notes, lb)
    simple = (
        ("delete-protection", "DeleteProtection", "SetLoadBalancerDeleteProtection",
         lb.attributes.get("DeleteProtection", "")),
        ("modification-protection", "ModificationProtectionStatus", "SetLoadBalancerModificationProtection",
         lb.attributes.get("ModificationProtectionStatus", "")),
        ("name", "LoadBalancerName", "SetLoadBalancerName", lb.name),
    )  # fmt: skip
    for short, field, call, had in simple:
        wanted = notes.get(short)
        if wanted and wanted != had:
            yield _write(call, lb, {field: (had or None, wanted)})
    if world.ways.tag_sync:
        yield from _tags(world, notes, lb)


def _write(call: str, lb: LoadBalancer, changes: dict[str, tuple[str | None, str | None]]) -> Write:
    params = {"LoadBalancerId": lb.id, **{k: v[1] for k, v in changes.items() if v[1] is not None}}
    return Write(action=f"slb:{call}", object=lb.id, changes=changes, params=params)


def _tag_write(world: World, lb: LoadBalancer, tags: dict[str, str]) -> Write:
    changes: dict[str, tuple[str | None, str | None]] = {f"tag {k}": (lb.tags.get(k), v) for k, v in tags.items()}
    params = {"ResourceId.1": lb.id, "ResourceType": "instance"}
    for number, (key, value) in enumerate(tags.items(), 1):
        params |= {f"Tag.{number}.Key": key, f"Tag.{number}.Value": value}
    return Write(action=f"slb:{world.ways.tag_calls}", object=lb.id, changes=changes, params=params)


def _own_tag(world: World, service: Service, lb: LoadBalancer, *, reused: bool) -> Iterator[Write]:
    key, value = (REUSED_TAG, "true") if reused else (OWN_TAG, default_name(service))
    if key not in lb.tags and len(lb.tags) < MAX_TAGS:
        yield _tag_write(world, lb, {key: value})


def _charge_type_and_spec(world: World, notes: Annotations, lb: LoadBalancer) -> Iterator[Write]:
    wanted, had = notes.get("instance-charge-type"), lb.attributes.get("InstanceChargeType", "")
    spec, had_spec = notes.get("spec"), lb.attributes.get("LoadBalancerSpec", "")
    if world.target < _CHARGE_TYPE_SINCE:
        if spec and spec != had_spec:
            yield _write("ModifyLoadBalancerInstanceSpec", lb, {"LoadBalancerSpec": (had_spec or None, spec)})
        return
    if wanted and wanted != had:
        changes: dict[str, tuple[str | None, str | None]] = {"InstanceChargeType": (had or None, wanted)}
        if _by_spec(world, wanted):
            changes["LoadBalancerSpec"] = (had_spec or None, spec or DEFAULT_SPEC)
        yield _write("ModifyLoadBalancerInstanceChargeType", lb, changes)
    elif _by_spec(world, wanted or had) and spec and spec != had_spec:
        yield _write("ModifyLoadBalancerInstanceSpec", lb, {"LoadBalancerSpec": (had_spec or None, spec)})


def _by_spec(world: World, charge_type: str) -> bool:
    """PayBySpec in any case; before v2.12.1 an empty charge type means the same."""
    return charge_type.lower() == "paybyspec" or (not charge_type and not world.ways.clcu_by_default)


def _internet(notes: Annotations, lb: LoadBalancer) -> Iterator[Write]:
    charge, bandwidth = notes.get("charge-type"), notes.get("bandwidth")
    had_charge, had_bandwidth = lb.attributes.get("InternetChargeType", ""), lb.attributes.get("Bandwidth", "")
    changes: dict[str, tuple[str | None, str | None]] = {}
    if charge and charge != had_charge:
        changes["InternetChargeType"] = (had_charge or None, charge)
    if bandwidth and bandwidth != "0" and bandwidth != had_bandwidth and charge == "paybybandwidth":
        changes["Bandwidth"] = (had_bandwidth or None, bandwidth)
    if changes and lb.address_type == "internet":
        yield _write("ModifyLoadBalancerInternetSpec", lb, changes)


def _tags(world: World, notes: Annotations, lb: LoadBalancer) -> Iterator[Write]:
    """additional-resource-tags made exact: what it lists is written, what it does not list is removed."""
    wanted = additional_tags(notes)
    if not wanted:
        return
    spared = ("acs:",) if world.target >= _SYSTEM_TAGS_SPARED_SINCE else ()
    have = {k: v for k, v in lb.tags.items() if k not in _OWN_KEYS and not k.startswith(spared or "\0")}
    missing = {k: v for k, v in wanted.items() if k not in _OWN_KEYS and have.get(k) != v}
    surplus = sorted(set(have) - set(wanted))
    if missing:
        yield _tag_write(world, lb, missing)
    if surplus:
        changes: dict[str, tuple[str | None, str | None]] = {f"tag {k}": (have[k], None) for k in surplus}
        params = {"ResourceId.1": lb.id, "ResourceType": "instance"}
        params |= {f"TagKey.{n}": key for n, key in enumerate(surplus, 1)}
        yield Write(action="slb:UntagResources", object=lb.id, changes=changes, params=params)


def additional_tags(notes: Annotations) -> dict[str, str]:
    """`k1=v1,k2=v2` as a mapping; a pair without a value has an empty one."""
    found = {}
    for pair in notes.get("additional-resource-tags").split(","):
        key, _, value = pair.partition("=")
        if key.strip():
            found[key.strip()] = value.strip()
    return found
