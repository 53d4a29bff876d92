"""Why a version will not find, or not take, the CLB of a Service, in CCM's own words.

Sources: `clbv1/model_applier.go` (applyLoadBalancer, isLoadBalancerReusable), `provider/alibaba/slb/loadbalancer.go`
(FindLoadBalancer), each tag; errors observed.
"""

from __future__ import annotations

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.world import World, default_name
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG, LoadBalancer
from upgrader.model.forecast import Refusal
from upgrader.model.kube import Service


def lookup_refusal(
    world: World, service: Service, found: tuple[LoadBalancer, ...], *, full_sync: bool
) -> Refusal | None:
    """The reason why none, or not one, is found; None where there is one, or where one may be created."""
    notes = Annotations(service)
    if len(found) > 1 and world.ways.duplicates_fail and not notes.get("id"):
        by = "tag" if found[0].tags.get(OWNER_TAG) == default_name(service) else "name"
        ids = ",".join(lb.id for lb in found)
        text = f"[{service.key}] find multiple loadbalances by {by}, lbIds[{ids}]"
        return Refusal(
            code="duplicates",
            message=f"apply model error: get load balancer attribute from cloud, error: {text}",
        )
    if found:
        return None
    if notes.get("id"):
        return Refusal(code="id-not-found", message="Message: The specified LoadBalancerId does not exist.")
    lead = "apply model error: " + ("" if _bare(world) else "update lb attribute error: ")
    ingress = service.status.load_balancer.ingress
    if full_sync and ingress:
        return Refusal(
            code="lost",
            message=f"{lead}alicloud: can not find loadbalancer, but it's defined in service [{ingress[0].ip}] "
            "this may happen when you delete the loadbalancer",
        )
    if full_sync:
        return None
    text = f"alicloud: can not find loadbalancer by tag [{OWNER_TAG}:{default_name(service)}]"
    return Refusal(code="lost", message=f"apply model error: {text}")


def _bare(world: World) -> bool:
    """Whether an error that ends the sync at once is told without saying where it happened."""
    return world.ways.clb_errors == "collected" and world.ways.clb_clean_up == "always"


def reuse_refusal(world: World, service: Service, lb: LoadBalancer) -> Refusal | None:
    """Why a CLB named by the user can't be reused; None where it can, or where none is named."""
    notes = Annotations(service)
    if not notes.get("id"):
        return None
    lead = "apply model error: " + ("" if _bare(world) else "update lb attribute error: ")
    lead += f"alicloud: the loadbalancer {lb.id} can not be reused, "
    checked = world.ways.reused_address
    if OWNER_TAG in lb.tags or (CLUSTER_TAG in lb.tags and checked != "any"):
        return Refusal(code="reuse-own", message=f"{lead}can not reuse loadbalancer created by kubernetes.")
    if notes.get("external-ip-type") == "eip" and world.ways.eip_may_differ:
        return None
    ingress = service.status.load_balancer.ingress
    named = checked == "ip-or-hostname" and any(i.hostname and not i.ip for i in ingress)
    if checked != "any" and ingress and not named and all(i.ip != lb.address for i in ingress):
        reason = f"service has been associated with ip [{ingress[0].ip}], cannot be bound to ip [{lb.address}]"
        return Refusal(code="reuse-other-address", message=lead + reason)
    return None


def named_groups_refusal(world: World, service: Service) -> Refusal | None:
    """Why the groups that are there can't be read: `vgroup-port` is looked at then, whether a CLB is named or not.

    Source: `clbv1/vgroups.go` (getVGroupIDs in DescribeVServerGroups), from v2.3.0 on.
    """
    text = Annotations(service).get("vgroup-port")
    broken = next((pair for pair in text.split(",") if ":" not in pair), None) if text else None
    if broken is None or world.ways.group_backends == "all":
        return None
    why = f"vgroupid and protocol format must be like 'vsp-xxx:443' with colon separated. got=[[{broken}]]"
    lead = "apply model error: get lb backend from remote error: DescribeVServerGroups error"
    return Refusal(code="annotation", message=f"{lead}: {why}")
