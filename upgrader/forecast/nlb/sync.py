"""One sync of an NLB Service, step by step as CCM takes it.

Source: `nlbv2/nlb_controller.go` (reconcileLoadBalancerResources) and `nlbv2/model_applier.go` (Apply, its order and
which errors end it), each tag; observed from v2.10.0 and v2.14.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from msgspec import Struct
from msgspec.structs import replace

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.nlb import create, groups, listeners, security_groups
from upgrader.forecast.nlb.attributes import Attributes, attribute_writes, attributes_of, fixed_once_made, unknown_ipv6
from upgrader.forecast.nlb.events import other_events, unavailable, unsupported
from upgrader.forecast.nlb.find import attribute_lead, find_nlb, lookup_refusal, reuse_refusal
from upgrader.forecast.nlb.groups import WantedGroup
from upgrader.forecast.nlb.remote import Remote, listing_refusal, remote_groups
from upgrader.forecast.nlb.security_groups import OwnGroup
from upgrader.forecast.nlb.wanted import RefusedByCcmError, WantedListener, listeners_of, zones_of
from upgrader.forecast.synced import PRESERVED, Synced
from upgrader.forecast.world import World, default_name
from upgrader.model.cloud import OWNER_TAG, LoadBalancer
from upgrader.model.forecast import ExpectedEvent, Refusal, Write
from upgrader.model.kube import Service


class Local(Struct, frozen=True, kw_only=True):
    """What the version wants of the Service as a whole."""

    wish: Attributes
    listeners: tuple[WantedListener, ...]
    groups: tuple[WantedGroup, ...]


def sync_nlb(world: World, service: Service, *, full_sync: bool) -> Synced:
    """The requests of one sync; those of a full sync are LATENT where the hash is unchanged."""
    told: tuple[ExpectedEvent, ...] = ()
    try:
        wish = attributes_of(world, service, zones_of(Annotations(service)))
        told = unsupported(world, service)
        wanted = listeners_of(world, service)
        local = Local(wish=wish, listeners=wanted, groups=groups.wanted_groups(world, service, wanted))
    except RefusedByCcmError as error:
        refused = Refusal(code=_code(str(error)), message=f"build lb local model error: {error}")
        built = error.built if isinstance(error, groups.GroupsRefusedError) else ()
        return Synced(refusal=refused, events=(*told, *unavailable(built)))
    found = find_nlb(world, service)
    refusal = lookup_refusal(world, service, found)
    if refusal is not None:
        events = (*told, *unavailable(local.groups))
        lost = Synced(named=Annotations(service).get("id"), refusal=refusal, events=events)
        return _with_groups(local, lost)
    if found:
        return _with_groups(local, _existing(world, service, local, found[0], full_sync=full_sync))
    return _with_groups(local, _missing(world, service, local, full_sync=full_sync))


def _code(text: str) -> str:
    """The stable slug of a value that CCM does not accept."""
    for part, code in (
        ("ZoneMapping format error", "zone-maps-format"),
        ("zone mappings are required", "zone-maps-missing"),
        ("strconv.Atoi", "not-a-number"),
        ("must be integer in range", "weight-range"),
        ("ccm created server group", "reuse-own"),
    ):
        if part in text:
            return code
    return "backends" if "builid" in text and "unsupport" not in text else "annotation"


def _with_groups(local: Local, synced: Synced) -> Synced:
    return replace(synced, groups=tuple(group.desired for group in local.groups))


def _existing(world: World, service: Service, local: Local, lb: LoadBalancer, *, full_sync: bool) -> Synced:
    remote = remote_groups(world, service)
    lb = replace(lb, server_groups=remote.groups)
    base = Synced(
        load_balancer=lb,
        named=lb.id,
        events=other_events(world, service, local.groups, lb),
        unknown=(
            *groups.unknown_of(world, local.groups),
            *listeners.unread_certificates(world, service, lb, local.listeners),
        ),
    )
    own = security_groups.own_group(world, service, lb)
    if own.unknown:
        base = replace(base, unknown=(*base.unknown, own.unknown))
    fixed = fixed_once_made(local.wish, lb)
    stopped = _stopped(world, service, base, lb, fixed, full_sync=full_sync)
    if stopped is not None:
        return stopped
    listing = listing_refusal(world, service)
    if listing is not None:
        membership = security_groups.membership_writes(local.wish, own, lb)
        attributes = tuple(attribute_writes(world, service, local.wish, lb, membership))
        return replace(base, writes=attributes if full_sync else (), refusal=listing)
    writes = tuple(_full(world, service, local, lb, remote, own, broken=bool(fixed)))
    stop = _wrong_type(local, remote)
    if stop:
        together = world.ways.nlb_clean_up == "full-sync"
        lead = "" if together else "reconcile backends error: "
        refusal = Refusal(code="annotation", message=f"apply model error: {lead}{stop}")
        before = () if together else tuple(_sync_groups(world, service, local, lb, remote))
        return replace(base, writes=writes if full_sync else before, refusal=refusal)
    if not full_sync:
        sent = list(_sync_groups(world, service, local, lb, remote))
        if world.ways.nlb_clean_up == "always":
            sent += groups.clean_up_writes(world, service, local.groups, remote)
        now = {(write.action, write.object) for write in sent}
        later = [replace(one, effect="LATENT") for one in writes if (one.action, one.object) not in now]
        return _ended(world, local, replace(base, writes=(*sent, *later)))
    if fixed:
        refusal = Refusal(code="fixed-once-made", message=_fixed_text(world, fixed))
        return replace(base, writes=writes, refusal=refusal)
    stop = _range_text(world, service, local)
    if stop:
        return replace(base, writes=writes, refusal=Refusal(code="annotation", message=stop))
    return _ended(world, local, replace(base, writes=writes, labels=_labels(world, service, own)))


def _stopped(
    world: World, service: Service, base: Synced, lb: LoadBalancer, fixed: str, *, full_sync: bool
) -> Synced | None:
    """What ends the sync before anything is written, if it is that."""
    listing = listing_refusal(world, service) if world.ways.nlb_clean_up == "full-sync" else None
    if listing is not None:
        # All is read before the event of a preserved NLB.
        told = tuple(one for one in base.events if one.reason != PRESERVED)
        return replace(base, refusal=listing, events=told)
    reuse = reuse_refusal(world, service, lb) if full_sync else None
    if reuse is not None:
        return replace(base, refusal=reuse, named=lb.id if world.ways.nlb_reuse_error_named else "")
    if full_sync and fixed and world.ways.nlb_fixed_stops_all:
        return replace(base, refusal=Refusal(code="fixed-once-made", message=_fixed_text(world, fixed)))
    return None


def _fixed_text(world: World, fixed: str) -> str:
    lead = "reconcile nlb attribute error" if world.ways.nlb_fixed_stops_all else "update nlb attribute error"
    return f"apply model error: {lead}: {fixed}"


def _range_text(world: World, service: Service, local: Local) -> str:
    """v2.11 names the group of a range one way and looks for it in another: it never finds it."""
    ranged = next((one for one in local.listeners if not one.port), None)
    if ranged is None or world.ways.nlb_port_ranges != "broken" or not _listens(service):
        return ""
    text = f"can not find server group by name {ranged.group_name}"
    return f"apply model error: reconcile listeners error: find servergroup error: {text}"


def _full(
    world: World, service: Service, local: Local, lb: LoadBalancer, remote: Remote, own: OwnGroup, *, broken: bool
) -> Iterator[Write]:
    """A full sync in CCM's order; `broken`: the NLB itself asks for what can't be changed, the rest goes on."""
    together = world.ways.nlb_clean_up == "full-sync"
    wrong = bool(_wrong_type(local, remote))
    yield from security_groups.creation_writes(world, service, local.wish, own)
    if wrong and together:
        return
    membership = security_groups.membership_writes(local.wish, own, lb)
    yield from attribute_writes(world, service, local.wish, lb, membership)
    yield from security_groups.rule_writes(world, service, own)
    yield from _sync_groups(world, service, local, lb, remote)
    if wrong or _range_text(world, service, local):
        return
    yield from _sync_listeners(world, service, local, lb, remote)
    if not (broken and together):
        yield from groups.clean_up_writes(world, service, local.groups, remote)
        yield from security_groups.deletion_writes(service, own)


def _wrong_type(local: Local, remote: Remote) -> str:
    return next((text for group in local.groups if (text := groups.wrong_type(group, remote))), "")


def _sync_groups(world: World, service: Service, local: Local, lb: LoadBalancer, remote: Remote) -> Iterator[Write]:
    """Up to a group of the user's that is of the wrong type: there it ends, where it was not seen before."""
    kept = tuple(takewhile(lambda one: not groups.wrong_type(one, remote), local.groups))
    yield from groups.group_writes(world, service, lb.vpc_id, kept, remote)


def _listens(service: Service) -> bool:
    """Whether the listeners are CCM's: on an NLB that the user named only where that is said."""
    notes = Annotations(service)
    return not notes.get("id") or notes.get("force-override-listeners") == "true"


def _sync_listeners(world: World, service: Service, local: Local, lb: LoadBalancer, remote: Remote) -> Iterator[Write]:
    if not _listens(service):
        return
    ids = {}
    for group in local.groups:
        had = groups.find(group, remote)
        remade = had is not None and groups.must_be_remade(group, had)
        # From v2.12.1 on listeners are not moved to a group that was made anew: their group was looked up before.
        ids[group.desired.name] = had.id if had and not (remade and world.ways.nlb_clean_up == "always") else ""
    yield from listeners.listener_writes(world, service, lb, local.listeners, ids)


def _missing(world: World, service: Service, local: Local, *, full_sync: bool) -> Synced:
    """No NLB is there: made anew for a Service that never had one; lost for one that did."""
    ingress = service.status.load_balancer.ingress
    unknown = groups.unknown_of(world, local.groups)
    if full_sync and ingress:
        text = (
            f"alicloud: can not find loadbalancer, but it's defined in service [{ingress[0].ip}] "
            "this may happen when you delete the loadbalancer"
        )
        lost = Refusal(code="lost", message=f"{attribute_lead(world)}{text}")
        return Synced(refusal=lost, unknown=unknown, events=unavailable(local.groups))
    # From v2.12.1 on groups are read only where there is an NLB.
    together = world.ways.nlb_clean_up == "full-sync"
    remote = Remote() if together else remote_groups(world, service)
    listing = None if together else listing_refusal(world, service)
    if not full_sync:
        if together:
            text = f"alicloud: can not find loadbalancer by tag [{OWNER_TAG}:{default_name(service)}]"
            lost = Refusal(code="lost", message=f"apply model error: {text}")
            return Synced(refusal=lost, unknown=unknown, events=unavailable(local.groups))
        if listing is not None:
            return Synced(refusal=listing, unknown=unknown, events=unavailable(local.groups))
        # Until v2.11 a lost NLB goes unnoticed while the hash is the same: the groups alone are synced.
        writes = [
            *groups.group_writes(world, service, world.facts.identity.vpc_id, local.groups, remote),
            *groups.clean_up_writes(world, service, local.groups, remote),
        ]
        note = "its NLB is gone, which this version does not notice: it reports success"
        return _ended(world, local, Synced(writes=tuple(writes), notes=(note,), unknown=unknown))
    own = security_groups.own_group(world, service, None)
    events = other_events(world, service, local.groups, None)
    if listing is not None:
        begun = (*create.load_balancer_writes(world, service, local.wish), *create.follow_up_writes(world, local.wish))
        return Synced(writes=begun, refusal=listing, events=events, unknown=unknown)
    made = Synced(writes=tuple(_creation(world, service, local, remote, own)), events=events, unknown=unknown)
    if wrong := unknown_ipv6(local.wish):
        return replace(made, refusal=Refusal(code="fixed-once-made", message=_fixed_text(world, wrong)))
    return _ended(world, local, replace(made, labels=_labels(world, service, own)))


def _creation(world: World, service: Service, local: Local, remote: Remote, own: OwnGroup) -> Iterator[Write]:
    yield from create.load_balancer_writes(world, service, local.wish)
    yield from create.follow_up_writes(world, local.wish)
    yield from security_groups.creation_writes(world, service, local.wish, own)
    yield from security_groups.rule_writes(world, service, own)
    if own.wanted:
        yield Write(action="nlb:LoadBalancerJoinSecurityGroup", object="", changes={"SecurityGroupIds": (None, own.id)})
    vpc_id = world.facts.identity.vpc_id or world.config.get("vpcid", "")
    yield from groups.group_writes(world, service, vpc_id, local.groups, remote)
    for listener in local.listeners:
        yield from listeners.create_listener(world, service, "", listener, "")
    yield from groups.clean_up_writes(world, service, local.groups, remote)


def _ended(world: World, local: Local, synced: Synced) -> Synced:
    """Without an event where a pod's ENI is not known: CCM then tries again and says nothing more."""
    return replace(synced, silent=world.ways.skips_invalid_eni and bool(groups.invalid_pods(local.groups)))


def _labels(world: World, service: Service, own: OwnGroup) -> dict[str, str | None]:
    """The label that names CCM's security group, as far as its id is known."""
    if not world.ways.source_ranges:
        return {}
    had = service.metadata.labels.get(security_groups.LABEL)
    if own.wanted and own.found is not None and had != own.found.id:
        return {security_groups.LABEL: own.found.id}
    return {security_groups.LABEL: None} if had and not own.wanted else {}
