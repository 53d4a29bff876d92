"""What v1.9.3 takes from a CLB that the user named when the Service needs none any more.

Source: v1.9.3.239 `loadbalancer.go` (EnsureLoadBalanceDeleted), `listeners.go` (EnsureListenersDeleted), `vgroups.go`
(CleanUPVGroupDirect): the listeners of the Service's ports, whether they may be overridden or not, and its groups.
"""

from __future__ import annotations

from collections.abc import Iterator

from upgrader.forecast.clb.listener_sync import delete_listener, stop_listener
from upgrader.forecast.clb.servers import is_mine
from upgrader.forecast.groups import group_name
from upgrader.forecast.world import World
from upgrader.model.cloud import LoadBalancer
from upgrader.model.forecast import Write
from upgrader.model.kube import Service


def end_reused_v1(world: World, service: Service, lb: LoadBalancer) -> Iterator[Write]:
    """The requests, http listeners first."""
    ports = {port.port for port in service.spec.ports or ()}
    for remote in sorted(lb.listeners, key=lambda one: one.protocol != "http"):
        if remote.port in ports and is_mine(world, service, remote.description):
            yield stop_listener(lb.id, remote)
            yield delete_listener(world, lb.id, remote)
    names = {group_name(world, service, port) for port in service.spec.ports or ()}
    for group in lb.server_groups:
        if group.name in names:
            yield Write(action="slb:DeleteVServerGroup", object=group.id, params={"VServerGroupId": group.id})
