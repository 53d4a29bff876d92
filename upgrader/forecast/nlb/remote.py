"""Which server groups CCM finds for an NLB Service: those with both of its tags, and those that the user named.

Source: `nlbv2/server_groups.go` (ListNLBServerGroups, getServerGroupIDs), `provider/alibaba/nlb/servergroup.go`, each
tag.
"""

from __future__ import annotations

from msgspec import Struct

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.world import World, default_name
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG, ServerGroup
from upgrader.model.forecast import Refusal
from upgrader.model.kube import Service


class Remote(Struct, frozen=True, kw_only=True):
    """The groups that CCM lists for a Service: those with both of its tags, and those that `vgroup-port` names."""

    groups: tuple[ServerGroup, ...] = ()
    reused: frozenset[str] = frozenset()


def remote_groups(world: World, service: Service) -> Remote:
    """The groups that CCM finds for the Service."""
    name, notes = default_name(service), Annotations(service)
    tagged = [
        group
        for group in world.nlb_groups_by_id.values()
        if group.tags.get(OWNER_TAG) == name and group.tags.get(CLUSTER_TAG) == world.cluster_id
    ]
    named: list[str] = []
    if world.reads("vgroup-port", "nlb"):
        named = [pair.partition(":")[0] for pair in notes.get("vgroup-port").split(",") if ":" in pair]
    known = [world.nlb_groups_by_id[one] for one in dict.fromkeys(named) if one in world.nlb_groups_by_id]
    return Remote(groups=(*tagged, *known), reused=frozenset(named))


def absent(world: World, group_id: str) -> bool:
    """Whether there is no such group: those that a Service names are read, wherever they are (discover)."""
    read = world.facts.load_balancers is not None and not world.facts.has_gap("nlb")
    return read and group_id not in world.nlb_groups_by_id


def listing_refusal(world: World, service: Service) -> Refusal | None:
    """The error of listing the Service's groups: each that `vgroup-port` names must be there.

    They are listed also for an NLB of CCM's, where `vgroup-port` says nothing else.
    """
    text = _listing_error(world, service)
    if not text:
        return None
    what = "get lb backend" if world.ways.nlb_clean_up == "full-sync" else "get server group"
    message = f"apply model error: {what} from remote error: DescribeVServerGroups error: {text}"
    return Refusal(code="annotation", message=message)


def _listing_error(world: World, service: Service) -> str:
    text = Annotations(service).get("vgroup-port") if world.reads("vgroup-port", "nlb") else ""
    pairs = [pair.split(":") for pair in text.split(",")] if text else []
    for pair in pairs:
        if len(pair) < 2:
            shape = "server group id and protocol format must be like'sgp-xxx:443' with colon separated."
            return f"{shape} got=[[{' '.join(pair)}]]"
    lost = next((group_id for group_id, *_ in pairs if absent(world, group_id)), None)
    return "" if lost is None else f"reused server group id {lost} not found"
