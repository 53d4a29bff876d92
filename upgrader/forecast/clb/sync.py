"""One sync of a CLB Service, step by step as CCM takes it.

Source: `clbv1/service_controller.go` (reconcile) and `clbv1/model_applier.go` (Apply: its order, and which errors end
it), each tag; observed from real CCMs of v2.3.0 ... v2.14.0.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from upgrader.forecast.clb.attributes import attribute_writes, fixed_once_made, own_tag, untag_params
from upgrader.forecast.clb.create import creation_writes, fresh_clb, fresh_writes, vswitch_error
from upgrader.forecast.clb.end_v1 import end_reused_v1
from upgrader.forecast.clb.listener_sync import listener_writes
from upgrader.forecast.clb.listener_v1 import stuck_at
from upgrader.forecast.clb.notes import Notes
from upgrader.forecast.clb.servers import clean_up_writes, group_writes
from upgrader.forecast.clb.wanted import ClbLocal, local_model, readable_groups
from upgrader.forecast.groups import DesiredGroup, find_group
from upgrader.forecast.nlb.wanted import RefusedByCcmError
from upgrader.forecast.refusal import lookup_refusal, named_groups_refusal, reuse_refusal
from upgrader.forecast.synced import NO_EIP, Synced, preserved
from upgrader.forecast.world import World, default_name
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG, LoadBalancer
from upgrader.model.forecast import ExpectedEvent, Refusal, Write
from upgrader.model.kube import Service

_SLUGS = (
    ("must be integer in range", "weight-range"),
    ("must be integer", "not-a-number"),
    ("forward port", "annotation"),
    ("protocol", "annotation"),
    ("vgroup", "annotation"),
)


def sync_clb(world: World, service: Service, *, full_sync: bool) -> Synced:
    """The requests of one sync; those of a full sync are LATENT where the hash is unchanged."""
    if _public_forbidden(world, service):
        return Synced(refusal=Refusal(code="public-forbidden", message="create public address slb is not allowed"))
    found = _likeliest_first(service, world.find(service, "clb"))
    lb = found[0] if found else None
    try:
        local = local_model(world, service)
    except RefusedByCcmError as error:
        code = next((slug for part, slug in _SLUGS if part in str(error)), "backends")
        unread = Refusal(code=code, message=f"build lb local model error: {error}")
        built = readable_groups(world, service) if str(error).startswith("builid lb listener") else ()
        return Synced(load_balancer=lb, refusal=unread, events=_events(built))
    base = Synced(load_balancer=lb, named=lb.id if lb else "", groups=local.groups, events=_events(local.groups))
    unknown = [f"port {g.port.port}: {g.wanted.unknown}" for g in local.groups if g.wanted.unknown]
    if len(found) > 1 and not world.ways.duplicates_fail:
        ids = ", ".join(one.id for one in found)
        unknown.append(f"it has several CLBs ({ids}): this version takes the one that the cloud lists first")
    unknown += _private_zone(world, service)
    base = replace(base, unknown=tuple(unknown))
    refusal = lookup_refusal(world, service, found, full_sync=full_sync)
    if refusal is not None:
        return replace(base, refusal=refusal, named=Notes(world, service).get("id") if world.ways.id_label else "")
    kept = world.ways.clb_preserve != "unknown" and bool(Notes(world, service).get("preserve-lb-on-delete"))
    if lb is None:
        made = _created(world, service, local, base)
        # What fails once the CLB is made is tried again, and the CLB is found then.
        again = kept and made.refusal is not None and bool(made.writes)
        return replace(made, events=(preserved(""), *made.events)) if again else made
    listing = named_groups_refusal(world, service)
    # From v2.12 on all is read before a preserved CLB is told of.
    if kept and (listing is None or world.ways.clb_clean_up == "always"):
        base = replace(base, events=(preserved(lb.id), *base.events))
    if listing is not None:
        return replace(base, refusal=listing, named=lb.id)
    reuse = reuse_refusal(world, service, lb)
    if reuse is not None and full_sync:
        return replace(base, refusal=reuse, named=lb.id if _named(world) else "")
    return _existing(world, service, local, lb, base, full_sync=full_sync)


def _likeliest_first(service: Service, found: tuple[LoadBalancer, ...]) -> tuple[LoadBalancer, ...]:
    """Of several, the one whose address the Service shows: so the cloud listed it first to a version that chose so."""
    shown = {one.ip for one in service.status.load_balancer.ingress}
    return tuple(sorted(found, key=lambda one: one.address not in shown))


def _private_zone(world: World, service: Service) -> list[str]:
    """v1.9.3 keeps a record of the CLB's address in a private zone that the Service names (EnsurePrivateZoneRecord)."""
    named = [world.matrix.annotation(one, "clb") for one in service.metadata.annotations if "-private-zone-" in one]
    if any(known is not None and known.read_by(world.target) for known in named):
        return ["this version keeps a record in a private zone, which was not read"]
    return []


def _named(world: World) -> bool:
    """Whether the event of an error that ends the sync at once names the CLB."""
    return world.ways.clb_errors == "first" or world.ways.clb_clean_up == "full-sync"


def _public_forbidden(world: World, service: Service) -> bool:
    wanted = Notes(world, service).get("address-type") in ("", "internet")
    return wanted and world.config.get("disablepublicslb", "").lower() == "true"


def _events(groups: tuple[DesiredGroup, ...]) -> tuple[ExpectedEvent, ...]:
    """What is told of backends before the cloud is looked at: each group that has none, pods outside the VPC."""
    found, wanted = [], [group.wanted for group in groups]
    if any(not (one.backends or one.invalid or one.foreign or one.unknown) for one in wanted):
        text = "There are no available nodes for LoadBalancer"
        found.append(ExpectedEvent(type="Normal", reason="UnAvailableLoadBalancer", message=text))
    if foreign := next((one.foreign for one in wanted if one.foreign), ()):
        text = f"Not sync pods [{','.join(foreign)}] whose ip is not in vpc cidrs"
        found.append(ExpectedEvent(type="Normal", reason="SkipSyncBackends", message=text))
    return tuple(found)


def _merge_error(local: ClbLocal) -> Refusal | None:
    """A listener whose group could not be built ends the sync; one to which the user gave a group goes to the cloud."""
    broken = set(local.broken)
    lost = next((one.group for one in local.listeners if one.group in broken and not one.group_id), "")
    if not lost:
        return None
    text = f"merge listener: find vservergroup error: can not find vgroup by name {lost}"
    return Refusal(code="backends", message=f"apply model error: {text}")


def _late(local: ClbLocal) -> Refusal:
    return Refusal(code=next((slug for part, slug in _SLUGS if part in local.late), "backends"), message=local.late)


def _fixed(world: World, errors: tuple[str, ...]) -> Refusal:
    many = errors[0] if len(errors) == 1 or world.ways.clb_errors == "first" else f"[{', '.join(errors)}]"
    return Refusal(code="fixed-once-made", message=f"apply model error: update lb attribute error: {many}")


def _created(world: World, service: Service, local: ClbLocal, base: Synced) -> Synced:
    if text := vswitch_error(world, service):
        return replace(base, refusal=Refusal(code="vswitch", message=text))
    writes = list(creation_writes(world, service, local))
    unread = named_groups_refusal(world, service)
    if unread is not None and world.ways.clb_clean_up == "always":
        return replace(base, writes=tuple(writes), refusal=unread)
    if unread is not None:
        # From v2.12 on nothing is read of a CLB that was only just made.
        base = replace(base, notes=(f"each sync after the first is refused: {unread.message}",))
    if lost := _merge_error(local):
        return replace(base, writes=tuple(writes), refusal=lost)
    if local.late:
        return replace(base, writes=(*writes, *fresh_writes(world, service, local)), refusal=_late(local))
    made = replace(base, writes=(*writes, *fresh_writes(world, service, local)))
    fixed = fixed_once_made(world, service, fresh_clb(world, service)) if world.ways.clb_checked_at_creation else ()
    return replace(made, refusal=_fixed(world, fixed)) if fixed else _ended(world, service, local, made)


def _existing(
    world: World, service: Service, local: ClbLocal, lb: LoadBalancer, base: Synced, *, full_sync: bool
) -> Synced:
    if full_sync and listens(world, service) and (lost := _merge_error(local)):
        return replace(base, refusal=lost)
    groups = tuple(group_writes(world, service, lb, local.groups))
    if local.late:
        return replace(base, writes=(*attribute_writes(world, service, lb), *groups), refusal=_late(local))
    compared = world.ways.clb_checked_at_creation or not world.made_now
    full, fixed = tuple(_full(world, service, local, lb)), fixed_once_made(world, service, lb) if compared else ()
    if full_sync and fixed:
        refusal = _fixed(world, fixed)
        if world.ways.clb_errors == "first":
            return replace(base, writes=tuple(attribute_writes(world, service, lb)), refusal=refusal)
        skipped = _clean(world, service, local, lb) if world.ways.clb_clean_up == "full-sync" else ()
        kept = full[: len(full) - len(skipped)]
        # It is tried again and again: what the next sync would send comes too.
        tried = tuple(replace(one, effect="IMMEDIATE") for one in groups)
        return replace(base, writes=(*kept, *tried), refusal=refusal)
    if full_sync:
        return _ended(world, service, local, replace(base, writes=(*full, *groups)))
    clean = _clean(world, service, local, lb) if world.ways.clb_clean_up == "always" else ()
    now = {(one.action, one.object) for one in clean}
    late = tuple(replace(one, effect="LATENT") for one in full if (one.action, one.object) not in now)
    return _ended(world, service, local, replace(base, writes=(*groups, *clean, *late)))


def _ended(world: World, service: Service, local: ClbLocal, synced: Synced) -> Synced:
    """What follows when the cloud is done: the status is written. Pods without an ENI end the sync in an error then."""
    if _lacks_eip(world, service, synced.load_balancer):
        text = "get eip error, set external ip to slb ip"
        failed = ExpectedEvent(type="Warning", reason=NO_EIP, message=text)
        synced = replace(synced, events=(*synced.events, failed))
    lost = next((group.wanted.invalid for group in local.groups if group.wanted.invalid), ())
    if not lost:
        return synced
    text = f"Not sync pods [{','.join(lost)}] whose eni is invalid"
    skipped = ExpectedEvent(type="Warning", reason="SkipSyncBackends", message=text)
    return replace(synced, events=(*synced.events, skipped), silent=True)


def _lacks_eip(world: World, service: Service, lb: LoadBalancer | None) -> bool:
    """Whether CCM looks for an EIP to show and finds none (updateServiceStatus, each tag).

    An EIP can only be bound to an intranet CLB in a VPC; where one is, its address is the one in the status.
    """
    if Notes(world, service).get("external-ip-type") != "eip":
        return False
    shown = next((one.ip for one in service.status.load_balancer.ingress if one.ip), "")
    return lb is None or lb.address_type != "intranet" or shown in ("", lb.address)


def _full(world: World, service: Service, local: ClbLocal, lb: LoadBalancer) -> Iterator[Write]:
    yield from attribute_writes(world, service, lb)
    if listens(world, service):
        yield from listener_writes(world, service, lb, local.listeners, _group_ids(lb, local.groups))
        if stuck_at(world, local.listeners, lb.listeners) is not None:
            return
    elif world.ways.is_v1:
        return
    yield from _clean(world, service, local, lb)


def _clean(world: World, service: Service, local: ClbLocal, lb: LoadBalancer) -> tuple[Write, ...]:
    return tuple(clean_up_writes(world, service, lb, local.groups))


def listens(world: World, service: Service) -> bool:
    """Whether listeners are CCM's affair: those of a reused CLB only with force-override-listeners."""
    notes = Notes(world, service)
    if not notes.get("id"):
        return True
    value = notes.get("force-override-listeners")
    match world.ways.override_listeners:
        case "exact":
            return value == "true"
        case "any-case":
            return value.lower() == "true"
        case "not-false":
            return value not in ("", "false")


def _group_ids(lb: LoadBalancer, groups: tuple[DesiredGroup, ...]) -> dict[str, str]:
    found = ((group, find_group(lb, group)) for group in groups)
    return {group.name: remote.id for group, remote in found if remote is not None}


def end_clb(world: World, service: Service) -> Synced:
    """A Service that needs no load balancer any more: its CLB is deleted, a reused or preserved one only tidied."""
    found = _likeliest_first(service, world.find(service, "clb"))
    done: tuple[ExpectedEvent, ...] = (
        ExpectedEvent(type="Normal", reason="CleanLoadBalancer", message="Clean load balancer"),
    )
    if not found:
        return Synced(events=done, silent=True)
    refusal = lookup_refusal(world, service, found, full_sync=True)
    if refusal is not None:
        return Synced(load_balancer=found[0], refusal=refusal)
    lb, notes = found[0], Notes(world, service)
    read_first = world.ways.clb_clean_up == "full-sync"
    if (read_first or notes.get("id")) and (unread := named_groups_refusal(world, service)):
        # Until v2.11 the groups are read when the CLB itself is done with; one that is not named is gone then.
        tagged = own_tag(world, service, lb) if world.ways.reused_tagged_at_end and not read_first else ()
        return Synced(load_balancer=lb, writes=tuple(tagged), refusal=unread)
    kept = world.ways.clb_preserve != "unknown" and bool(notes.get("preserve-lb-on-delete"))
    if kept:
        done = (preserved(lb.id), *done)
    return Synced(load_balancer=lb, writes=tuple(_end(world, service, lb, kept=kept)), events=done, silent=True)


def _end(world: World, service: Service, lb: LoadBalancer, *, kept: bool) -> Iterator[Write]:
    reused, target = bool(Notes(world, service).get("id")), {"LoadBalancerId": lb.id}
    if world.ways.is_v1:
        if reused:
            yield from end_reused_v1(world, service, lb)
        else:
            yield Write(action="slb:DeleteLoadBalancer", object=lb.id, changes={"CLB": (lb.id, None)}, params=target)
        return
    if not reused:
        if lb.attributes.get("DeleteProtection") == "on":
            params = {**target, "DeleteProtection": "off"}
            yield Write(
                action="slb:SetLoadBalancerDeleteProtection", object=lb.id,
                changes={"DeleteProtection": ("on", "off")}, params=params,
            )  # fmt: skip
        if not kept:
            yield Write(action="slb:DeleteLoadBalancer", object=lb.id, changes={"CLB": (lb.id, None)}, params=target)
            return
        if lb.attributes.get("ModificationProtectionStatus") == "ConsoleProtection":
            yield Write(
                action="slb:SetLoadBalancerModificationProtection", object=lb.id,
                changes={"ModificationProtectionStatus": ("ConsoleProtection", "NonProtection")},
                params={**target, "ModificationProtectionStatus": "NonProtection"},
            )  # fmt: skip
        own = {OWNER_TAG: default_name(service), CLUSTER_TAG: world.cluster_id}
        keys = [key for key, value in own.items() if lb.tags.get(key) == value]
        yield Write(
            action="slb:UntagResources", object=lb.id, changes={f"tag {k}": (lb.tags[k], None) for k in keys},
            params=untag_params(lb.id, keys),
        )  # fmt: skip
        if world.ways.clb_preserve == "ends":
            return
    if world.ways.reused_tagged_at_end:
        yield from own_tag(world, service, lb)
    if listens(world, service):
        yield from listener_writes(world, service, lb, (), {})
    yield from clean_up_writes(world, service, lb, ())
