"""A CLB's own attributes and tags at a full sync: each is written only where an annotation names it.

Source: `clbv1/loadbalancer.go`, Update, updateInstanceChargeTypeAndInstanceSpec, updateLoadBalancerTags.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from upgrader.forecast.clb.notes import Notes
from upgrader.forecast.nlb.go_errors import atoi
from upgrader.forecast.world import REUSED_TAG, World, default_name
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG, LoadBalancer
from upgrader.model.forecast import Write
from upgrader.model.kube import Service

# With so many tags CCM adds none (MaxLBTagNum).
MAX_TAGS = 10
DEFAULT_SPEC = "slb.s1.small"
V1_DEFAULT_BANDWIDTH = "100"
# What a CLB was created with: annotation, attribute, CCM's words. None of it can be changed later; v1.9.3 looks at the
# first four alone.
_FIXED = (
    ("master-zoneid", "MasterZoneId", "LoadBalancer master zone id once created"),
    ("slave-zoneid", "SlaveZoneId", "LoadBalancer slave zone id once created"),
    ("address-type", "AddressType", "LoadBalancer AddressType once created. delete and retry"),
    ("ip-version", "AddressIPVersion", "LoadBalancer AddressIPVersion once created"),
    ("resource-group-id", "ResourceGroupId", "ResourceGroupId once created"),
    ("network-type", "NetworkType", "LoadBalancer network type once created"),
    ("ip", "Address", "LoadBalancer address once created"),
)


def attribute_writes(world: World, service: Service, lb: LoadBalancer) -> Iterator[Write]:
    """Requests that put annotated attributes back, and CCM's own tag where it is missing."""
    notes = Notes(world, service)
    if world.ways.own_tag_put_back:
        yield from own_tag(world, service, lb)
    if world.ways.clb_errors == "first" and fixed_once_made(world, service, lb):
        return
    charge = world.ways.clb_charge
    by_spec = notes.get("instance-charge-type").lower() in ("", "paybyspec")
    if charge == "apart":
        yield from _charge_type(notes, lb, always_spec=True)
    elif charge == "as-one":
        yield from _charge_type_and_spec(world, notes, lb)
    if charge != "by-spec-only" or by_spec:
        yield from _internet(world, notes, lb)
        if charge != "as-one":
            yield from _spec(notes, lb)
    if charge == "by-spec-only":
        yield from _charge_type(notes, lb, always_spec=False)
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
    if world.ways.clb_tag_sync != "never":
        yield from _tags(world, notes, lb)


def fixed_once_made(world: World, service: Service, lb: LoadBalancer) -> tuple[str, ...]:
    """CCM's words for each annotation that asks for what can't be changed."""
    notes, found = Notes(world, service), []
    own = {"AddressType": lb.address_type, "Address": lb.address}
    for short, attribute, words in _FIXED if world.ways.clb_listeners == "v2" else _FIXED[:4]:
        wanted, had = notes.get(short), own.get(attribute, lb.attributes.get(attribute, ""))
        if attribute == "AddressIPVersion":
            wanted, had = wanted or "ipv4", had or "ipv4"
        # What the cloud does not say is empty to CCM too; of a CLB that is only being made it will say what was asked.
        if wanted and wanted != had and (had or (lb.id and lb.detailed)):
            found.append(f"alicloud: can not change {words}")
    return tuple(found)


def _write(call: str, lb: LoadBalancer, changes: dict[str, tuple[str | None, str | None]]) -> Write:
    params = {"LoadBalancerId": lb.id, **{k: v[1] for k, v in changes.items() if v[1] is not None}}
    return Write(action=f"slb:{call}", object=lb.id, changes=changes, params=params)


def _tag_write(world: World, lb: LoadBalancer, tags: dict[str, str], call: str = "") -> Write:
    changes: dict[str, tuple[str | None, str | None]] = {f"tag {k}": (lb.tags.get(k), v) for k, v in tags.items()}
    call = call or world.ways.tag_calls
    return Write(action=f"slb:{call}", object=lb.id, changes=changes, params=tag_params(call, lb.id, tags))


def tag_params(call: str, lb_id: str, tags: Mapping[str, str]) -> dict[str, str]:
    """The parameters of TagResources, or of AddTags before it."""
    if call == "AddTags":
        listed = [{"TagKey": key, "TagValue": value} for key, value in tags.items()]
        return {"LoadBalancerId": lb_id, "Tags": json.dumps(listed, ensure_ascii=False, separators=(",", ":"))}
    params = {"ResourceId.1": lb_id, "ResourceType": "instance"}
    for number, (key, value) in enumerate(tags.items(), 1):
        params |= {f"Tag.{number}.Key": key, f"Tag.{number}.Value": value}
    return params


def own_tag(world: World, service: Service, lb: LoadBalancer) -> Iterator[Write]:
    """CCM's own tag, where its key is missing and there is room."""
    reused = bool(Notes(world, service).get("id"))
    key, value = (REUSED_TAG, "true") if reused else (OWNER_TAG, default_name(service))
    if key not in lb.tags and len(lb.tags) < MAX_TAGS:
        yield _tag_write(world, lb, {key: value})


def _charge_type(notes: Notes, lb: LoadBalancer, *, always_spec: bool) -> Iterator[Write]:
    wanted, had = notes.get("instance-charge-type"), lb.attributes.get("InstanceChargeType", "")
    if not wanted or wanted == had:
        return
    changes: dict[str, tuple[str | None, str | None]] = {"InstanceChargeType": (had or None, wanted)}
    if always_spec:
        spec = notes.get("spec") or DEFAULT_SPEC
        changes["LoadBalancerSpec"] = (lb.attributes.get("LoadBalancerSpec") or None, spec)
    yield _write("ModifyLoadBalancerInstanceChargeType", lb, changes)


def _spec(notes: Notes, lb: LoadBalancer) -> Iterator[Write]:
    spec, had = notes.get("spec"), lb.attributes.get("LoadBalancerSpec", "")
    if spec and spec != had:
        yield _write("ModifyLoadBalancerInstanceSpec", lb, {"LoadBalancerSpec": (had or None, spec)})


def _charge_type_and_spec(world: World, notes: Notes, lb: LoadBalancer) -> Iterator[Write]:
    wanted, had = notes.get("instance-charge-type"), lb.attributes.get("InstanceChargeType", "")
    if wanted and wanted != had:
        yield from _charge_type(notes, lb, always_spec=_by_spec(world, wanted))
    elif _by_spec(world, wanted or had):
        yield from _spec(notes, lb)


def _by_spec(world: World, charge_type: str) -> bool:
    """PayBySpec in any case; before v2.12.1 an empty charge type means the same."""
    return charge_type.lower() == "paybyspec" or (not charge_type and not world.ways.clcu_by_default)


def _internet(world: World, notes: Notes, lb: LoadBalancer) -> Iterator[Write]:
    charge, bandwidth = notes.get("charge-type"), _wanted_bandwidth(world, notes)
    had_charge, had_bandwidth = lb.attributes.get("InternetChargeType", ""), lb.attributes.get("Bandwidth", "")
    changes: dict[str, tuple[str | None, str | None]] = {}
    if charge and charge != had_charge:
        changes["InternetChargeType"] = (had_charge or None, charge)
    if bandwidth and bandwidth != had_bandwidth and charge == "paybybandwidth":
        changes["Bandwidth"] = (had_bandwidth or None, bandwidth)
    if changes and lb.address_type == "internet":
        now = {"InternetChargeType": had_charge, "Bandwidth": had_bandwidth or "0"}
        write = _write("ModifyLoadBalancerInternetSpec", lb, changes)
        yield replace(write, params={**now, **write.params})


def _wanted_bandwidth(world: World, notes: Notes) -> str:
    """The bandwidth to put back, empty where there is none.

    v1.9.3 takes its own default for no wish, and no wish for 0 (EnsureLoadBalancer compares with DEFAULT_BANDWIDTH).
    """
    text = notes.get("bandwidth")
    if world.ways.clb_numbers == "lenient":
        value = str(atoi(text)[0])
        return "" if value == V1_DEFAULT_BANDWIDTH else value
    return "" if text == "0" else text


def _tags(world: World, notes: Notes, lb: LoadBalancer) -> Iterator[Write]:
    """additional-resource-tags made exact: what it lists is written, what it does not list is removed."""
    wanted = additional_tags(notes)
    if not wanted:
        return
    own = {OWNER_TAG, CLUSTER_TAG} | ({REUSED_TAG} if notes.get("id") else set())
    others = world.ways.clb_tag_sync == "others"
    have = {k: v for k, v in lb.tags.items() if k not in own and not (others and k.startswith("acs:"))}
    if others:
        wanted = {k: v for k, v in wanted.items() if k not in own and not k.startswith("acs:")}
    missing = {k: v for k, v in wanted.items() if have.get(k) != v}
    surplus = sorted(set(have) - set(wanted))
    if missing:
        yield _tag_write(world, lb, missing, "TagResources")
    if surplus:
        changes: dict[str, tuple[str | None, str | None]] = {f"tag {k}": (have[k], None) for k in surplus}
        yield Write(action="slb:UntagResources", object=lb.id, changes=changes, params=untag_params(lb.id, surplus))


def untag_params(lb_id: str, keys: Iterable[str]) -> dict[str, str]:
    """The parameters that remove tags."""
    params = {"ResourceId.1": lb_id, "ResourceType": "instance"}
    return params | {f"TagKey.{number}": key for number, key in enumerate(keys, 1)}


def additional_tags(notes: Notes) -> dict[str, str]:
    """`k1=v1,k2=v2` as a mapping; a pair without a value has an empty one, a second `=` ends the value."""
    found = {}
    for pair in notes.get("additional-resource-tags").strip().split(","):
        parts = pair.strip().split("=")
        if parts[0]:
            found[parts[0]] = parts[1] if len(parts) > 1 else ""
    return found
