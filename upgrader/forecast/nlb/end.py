"""An NLB Service that needs no load balancer any more: deleted, or of another type now.

Source: `nlbv2/nlb_controller.go` (cleanupLoadBalancerResources), `model_applier.go` (deleteLoadBalancer, cleanup) and
`loadbalancer.go` (Delete, SetProtectionsOff, CleanupLoadBalancerTags), each tag; deletions observed.
"""

from __future__ import annotations

from collections.abc import Iterator

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.nlb import groups, listeners, security_groups
from upgrader.forecast.nlb.attributes import untag_write
from upgrader.forecast.nlb.find import find_nlb, lookup_refusal
from upgrader.forecast.nlb.remote import listing_refusal, remote_groups
from upgrader.forecast.synced import Synced, preserved
from upgrader.forecast.world import World, default_name
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG, LoadBalancer
from upgrader.model.forecast import ExpectedEvent, Write
from upgrader.model.kube import Service


def end_nlb(world: World, service: Service) -> Synced:
    """Its NLB and groups go; a preserved one stays without CCM's tags, of a reused one only CCM's listeners go."""
    found = find_nlb(world, service)
    refusal = lookup_refusal(world, service, found)
    done: tuple[ExpectedEvent, ...] = (
        ExpectedEvent(type="Normal", reason="CleanLoadBalancer", message="Clean load balancer"),
    )
    if refusal is not None and refusal.code == "id-not-found":
        # A named NLB that is not there needs no cleaning; its look-up ends all the rest.
        return Synced(events=done, silent=True, labels=_labels(world, service))
    if refusal is not None:
        return Synced(load_balancer=found[0] if found else None, refusal=refusal)
    lb = found[0] if found else None
    kept = lb is not None and _preserved(world, service)
    listing = listing_refusal(world, service)
    if listing is not None:
        # From v2.12.1 on groups are listed before anything goes, until then after the NLB.
        gone = () if world.ways.nlb_clean_up == "full-sync" else tuple(_load_balancer(world, service, lb, kept=kept))
        return Synced(load_balancer=lb, writes=gone, refusal=listing)
    if lb is not None and kept:
        done = (preserved(lb.id), *done)
    writes = tuple(_end(world, service, lb, kept=kept))
    return Synced(load_balancer=lb, writes=writes, events=done, silent=True, labels=_labels(world, service))


def _labels(world: World, service: Service) -> dict[str, str | None]:
    """The label of CCM's security group goes with the others."""
    had = world.ways.source_ranges and security_groups.LABEL in service.metadata.labels
    return {security_groups.LABEL: None} if had else {}


def _preserved(world: World, service: Service) -> bool:
    return bool(Annotations(service).get("preserve-lb-on-delete")) and world.reads("preserve-lb-on-delete", "nlb")


def _end(world: World, service: Service, lb: LoadBalancer | None, *, kept: bool) -> Iterator[Write]:
    own, remote = security_groups.own_group(world, service, lb), remote_groups(world, service)
    yield from _load_balancer(world, service, lb, kept=kept)
    reused = bool(Annotations(service).get("id"))
    listens = Annotations(service).get("force-override-listeners") == "true"
    if lb is not None and (listens if reused else kept and world.ways.clb_preserve == "goes-on"):
        yield from listeners.listener_writes(world, service, lb, (), {})
    yield from groups.clean_up_writes(world, service, (), remote)
    if own.found is not None and not kept:
        yield from security_groups.deletion_writes(service, own)


def _load_balancer(world: World, service: Service, lb: LoadBalancer | None, *, kept: bool) -> Iterator[Write]:
    """What becomes of the NLB itself: a reused one is left alone."""
    if lb is None or Annotations(service).get("id"):
        return
    if kept:
        yield _protection(lb, modification=True)
        tags = {OWNER_TAG: default_name(service), CLUSTER_TAG: world.cluster_id}
        if ours := [key for key, value in tags.items() if lb.tags.get(key) == value]:
            yield untag_write("loadbalancer", lb.id, ours, lb.tags)
        return
    if world.ways.nlb_protects:
        yield _protection(lb, modification=False)
    yield Write(
        action="nlb:DeleteLoadBalancer", object=lb.id, params={"LoadBalancerId": lb.id},
        changes={"NLB": (lb.id, None)},
    )  # fmt: skip


def _protection(lb: LoadBalancer, *, modification: bool) -> Write:
    had = lb.attributes.get("DeletionProtectionConfig.Enabled")
    changes: dict[str, tuple[str | None, str | None]] = {"DeletionProtectionConfig.Enabled": (had, "false")}
    params = {"LoadBalancerId": lb.id, "DeletionProtectionEnabled": "false"}
    if modification:
        changes["ModificationProtectionConfig.Status"] = (
            lb.attributes.get("ModificationProtectionConfig.Status"), "NonProtection",
        )  # fmt: skip
        params["ModificationProtectionStatus"] = "NonProtection"
    return Write(action="nlb:UpdateLoadBalancerProtection", object=lb.id, changes=changes, params=params)
