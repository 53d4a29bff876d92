"""Events of an NLB sync besides its success or failure.

Source: `nlbv2/server_groups.go` (setServerGroupServers, updateServerGroupENIBackendID), `nlbv2/model_applier.go`
(Apply), `nlbv2/loadbalancer.go` (BuildLocalModel), each tag.
"""

from __future__ import annotations

from collections.abc import Sequence

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.nlb.groups import WantedGroup, empty_ports, invalid_pods
from upgrader.forecast.synced import preserved
from upgrader.forecast.world import World
from upgrader.model.cloud import LoadBalancer
from upgrader.model.forecast import ExpectedEvent
from upgrader.model.kube import Service


def unavailable(wanted: Sequence[WantedGroup]) -> tuple[ExpectedEvent, ...]:
    """The event of a port without backends, which CCM sends before it looks for the NLB."""
    text = "There are no available nodes for NetworkLoadBalancer"
    event = ExpectedEvent(type="Normal", reason="UnAvailableLoadBalancer", message=text)
    return (event,) if empty_ports(wanted) else ()


def unsupported(world: World, service: Service) -> tuple[ExpectedEvent, ...]:
    """The event of source ranges on the user's own NLB, sent as soon as the annotations are read."""
    ranges, named = service.spec.load_balancer_source_ranges, Annotations(service).get("id")
    if not (world.ways.source_ranges and ranges and named):
        return ()
    text = "LoadBalancerSourceRanges is not supported for user-managed LB."
    return (ExpectedEvent(type="Warning", reason="FeatureNotSupported", message=text),)


def other_events(
    world: World, service: Service, wanted: Sequence[WantedGroup], lb: LoadBalancer | None
) -> tuple[ExpectedEvent, ...]:
    """Each kind of event once; CCM sends some of them once a port."""
    notes, found = Annotations(service), [*unsupported(world, service), *unavailable(wanted)]
    if world.ways.skips_invalid_eni and (lost := invalid_pods(wanted)):
        text = f"Not sync pods whose eni is invalid: {','.join(lost)}"
        found.append(ExpectedEvent(type="Warning", reason="SkipSyncBackends", message=text))
    if lb is not None and notes.get("preserve-lb-on-delete") and world.reads("preserve-lb-on-delete", "nlb"):
        found.append(preserved(lb.id))
    return tuple(found)
