"""What a full sync writes beyond the groups: attributes, tags, listeners, security groups, clean-up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from upgrader.forecast.clb.attributes import attribute_writes
from upgrader.forecast.clb.create import creation_writes
from upgrader.forecast.clb.listeners import listener_writes
from upgrader.forecast.groups import DesiredGroup, is_mine
from upgrader.forecast.world import World
from upgrader.model.cloud import LoadBalancer
from upgrader.model.forecast import Write
from upgrader.model.kube import Service


def full_sync_writes(
    world: World, service: Service, lb: LoadBalancer | None, groups: tuple[DesiredGroup, ...]
) -> Iterator[Write]:
    """The requests in the order of CCM: the load balancer, its listeners, then what is no longer wanted."""
    if lb is None:
        yield from creation_writes(world, service, groups)
        return
    yield from attribute_writes(world, service, lb)
    yield from listener_writes(world, service, lb, groups)
    yield from _clean_up(world, service, lb, groups)


def _clean_up(world: World, service: Service, lb: LoadBalancer, groups: Iterable[DesiredGroup]) -> Iterator[Write]:
    """Groups that carry this Service's name and belong to none of its ports any more are deleted."""
    names, ids = {g.name for g in groups}, {g.reused for g in groups}
    for group in lb.server_groups:
        if group.name in names or group.id in ids or not is_mine(world, service, group.name):
            continue
        if any(not is_mine(world, service, b.description) for b in group.backends):
            continue
        action = "slb:DeleteVServerGroup" if lb.kind == "clb" else "nlb:DeleteServerGroup"
        yield Write(
            action=action, object=group.id, params={"VServerGroupId" if lb.kind == "clb" else "ServerGroupId": group.id}
        )
