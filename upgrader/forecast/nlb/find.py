"""How CCM finds a Service's NLB, and when it does not take what it finds.

Source: `nlbv2/loadbalancer.go` (Find), `provider/alibaba/nlb/loadbalancer.go` (FindNLB, findNLBByTag, findNLBByName),
`nlbv2/model_applier.go` (isNLBReusable), each tag.
"""

from __future__ import annotations

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.world import World, default_name
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG, LoadBalancer
from upgrader.model.forecast import Refusal
from upgrader.model.kube import Service


def find_nlb(world: World, service: Service) -> tuple[LoadBalancer, ...]:
    """By the id that the Service names; else by tag; else by the default name, whatever the annotation `name` says."""
    wanted = Annotations(service).get("id")
    if wanted:
        found = world.by_id.get(wanted)
        return (found,) if found is not None and found.kind == "nlb" else ()
    name = default_name(service)
    tagged = tuple(lb for lb in world.by_tag.get(name, ()) if lb.kind == "nlb")
    return tagged or tuple(lb for lb in world.by_name.get(name, ()) if lb.kind == "nlb")


def lookup_refusal(world: World, service: Service, found: tuple[LoadBalancer, ...]) -> Refusal | None:
    """The error of the look-up itself: a named NLB that is not there, or several that fit."""
    wanted = Annotations(service).get("id")
    if wanted and not found:
        text = "Message: code: 404, The specified resource of loadBalancer is not found. "
        return Refusal(code="id-not-found", message=text)
    if len(found) < 2:
        return None
    way = "tag" if world.by_tag.get(default_name(service)) else "name"
    ids = ",".join(lb.id for lb in found)
    text = f"[{service.key}] find multiple loadbalances by {way}, lbIds[{ids}]"
    return Refusal(code="duplicates", message=f"apply model error: get nlb attribute from cloud error: {text}")


def attribute_lead(world: World) -> str:
    """How an error in what the NLB is itself begins, that ends the sync."""
    if world.ways.nlb_fixed_stops_all:
        return "apply model error: reconcile nlb attribute error: "
    return f"apply model error: {'update nlb attribute error: ' if world.ways.nlb_clean_up == 'full-sync' else ''}"


def reuse_refusal(world: World, service: Service, lb: LoadBalancer) -> Refusal | None:
    """Why an NLB that the Service names can't be reused; looked at only in a full sync."""
    if not Annotations(service).get("id"):
        return None
    lead = f"{attribute_lead(world)}the loadbalancer {lb.id} can not be reused, "
    if OWNER_TAG in lb.tags or CLUSTER_TAG in lb.tags:
        return Refusal(code="reuse-own", message=f"{lead}can not reuse loadbalancer created by kubernetes.")
    ingress = service.status.load_balancer.ingress
    if ingress and all(one.hostname != lb.address for one in ingress):
        bound = f"service has been associated with dnsname [{ingress[0].hostname}]"
        return Refusal(code="reuse-other-address", message=f"{lead}{bound}, cannot be bound to dnsname [{lb.address}]")
    return None
