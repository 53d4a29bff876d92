"""A Service that goes: its load balancer goes with it, unless the user brought it.

Sources: `clbv1/service_controller.go` and `nlbv2/nlb_controller.go` (cleanupLoadBalancerResources); deletions observed.
"""

from __future__ import annotations

from collections.abc import Iterator

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.world import World
from upgrader.lab.ccm.carry import Hands
from upgrader.model.cloud import LbKind, LoadBalancer
from upgrader.model.kube import Service

Request = tuple[str, dict[str, str]]


def remove(world: World, service: Service, kind: LbKind, hands: Hands) -> None:
    """Delete what CCM made for the Service. Raises `CloudError` where the cloud refuses."""
    for lb in world.find(service, kind)[:1]:
        requests = _own(lb) if not Annotations(service).get("id") else _reused(world, service, lb)
        for name, params in requests:
            hands.write(name, params)
    for group in world.facts.orphan_groups:
        hands.write("nlb:DeleteServerGroup", {"ServerGroupId": group.id})


def _own(lb: LoadBalancer) -> Iterator[Request]:
    if lb.kind == "clb":
        if lb.attributes.get("DeleteProtection") == "on":
            yield "slb:SetLoadBalancerDeleteProtection", {"LoadBalancerId": lb.id, "DeleteProtection": "off"}
        yield "slb:DeleteLoadBalancer", {"LoadBalancerId": lb.id}
        return
    if lb.attributes.get("DeletionProtectionConfig.Enabled", "false").lower() == "true":
        yield "nlb:UpdateLoadBalancerProtection", {"LoadBalancerId": lb.id, "DeletionProtectionEnabled": "false"}
    yield "nlb:DeleteLoadBalancer", {"LoadBalancerId": lb.id}
    for group in lb.server_groups:
        if group.tags.get("kubernetes.do.not.delete"):
            yield "nlb:DeleteServerGroup", {"ServerGroupId": group.id}


def _reused(world: World, service: Service, lb: LoadBalancer) -> Iterator[Request]:
    """Of a load balancer that the user brought, only the listeners and groups that CCM made go."""
    clb = lb.kind == "clb"
    for listener in lb.listeners:
        if not _made_for(world, service, listener.description):
            continue
        if clb:
            yield "slb:DeleteLoadBalancerListener", {
                "LoadBalancerId": lb.id, "ListenerPort": str(listener.port), "ListenerProtocol": listener.protocol,
            }  # fmt: skip
        else:
            yield "nlb:DeleteListener", {"ListenerId": listener.id}
    for group in lb.server_groups:
        if _made_for(world, service, group.name):
            name, key = (
                ("slb:DeleteVServerGroup", "VServerGroupId") if clb else ("nlb:DeleteServerGroup", "ServerGroupId")
            )
            yield name, {key: group.id}


def _made_for(world: World, service: Service, name: str) -> bool:
    """Whether CCM gave this name, for this Service: `k8s/80/web/default/c…` for a CLB, with dots for an NLB."""
    sign = "/" if name.startswith("k8s/") else "."
    tail = sign.join(("", service.metadata.name, service.metadata.namespace, world.cluster_id))
    return name.startswith(f"k8s{sign}") and name.endswith(tail)
