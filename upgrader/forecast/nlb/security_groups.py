"""An NLB's security group for loadBalancerSourceRanges, from v2.14.0 on.

Source: `nlbv2/model_applier.go` (prepareAssociatedSecurityGroup), `nlbv2/loadbalancer.go`
(CreateAssociatedSecurityGroup); observed from v2.14.0.
"""

from __future__ import annotations

from collections.abc import Iterator

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.world import OWN_TAG, World, default_name
from upgrader.model.cloud import LoadBalancer
from upgrader.model.forecast import Write
from upgrader.model.kube import Service


def security_group_writes(world: World, service: Service, lb: LoadBalancer) -> Iterator[Write]:
    """Create the group, its rules, and attach it; nothing where it is there and attached, or the NLB is the user's."""
    ranges = service.spec.load_balancer_source_ranges
    if not world.ways.source_ranges or not ranges or Annotations(service).get("id"):
        return
    name = default_name(service)
    found = next((g for g in world.facts.security_groups or () if g.tags.get(OWN_TAG) == name), None)
    if found is None:
        yield Write(
            action="ecs:CreateSecurityGroup", object="", changes={"SecurityGroupName": (None, f"k8s-nlb-{name}")}
        )
        changes: dict[str, tuple[str | None, str | None]] = {f"accept {cidr}": (None, "all") for cidr in sorted(ranges)}
        yield Write(
            action="ecs:AuthorizeSecurityGroup", object="", changes={**changes, "drop 0.0.0.0/0": (None, "all")}
        )
    if found is None or found.id not in lb.attributes.get("SecurityGroupIds", "").split(","):
        after = found.id if found else f"k8s-nlb-{name}"
        yield Write(
            action="nlb:LoadBalancerJoinSecurityGroup", object=lb.id,
            changes={"SecurityGroupIds": (lb.attributes.get("SecurityGroupIds") or None, after)},
        )  # fmt: skip
