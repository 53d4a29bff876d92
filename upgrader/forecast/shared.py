"""Services that name one load balancer, or one of its server groups: what each writes there may depend on the others.

CCM syncs several Services at once, in no order that can be known: its workers take them from a queue that is filled by
several watches. What is certain whichever comes first stands in the forecast; of the rest there is a doubt.

Source: `clbv1/loadbalancer.go` (Update compares with what it has just read), `clbv1/vgroups.go` (diff), each tag.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.shared_ports import port_doubts
from upgrader.forecast.world import World
from upgrader.model.cloud import LoadBalancer
from upgrader.model.forecast import Doubt, ServiceForecast, Write
from upgrader.model.kube import Service


def with_shared(
    world: World, services: Sequence[Service], made: Sequence[ServiceForecast]
) -> tuple[ServiceForecast, ...]:
    """The forecasts, each with its doubts about what it shares with others."""
    if world.facts.load_balancers is None:
        return tuple(made)  # No load balancer is known, so that none is shared.
    sharing = _sharing(services, made)
    if not sharing:
        return tuple(made)
    found = defaultdict[int, list[Doubt]](list)
    for number, doubt in port_doubts(world, services, made):
        found[number].append(doubt)
    for lb_id, numbers in sharing.items():
        for number, doubt in (
            *_attribute_doubts(world, lb_id, numbers, services, made),
            *_group_doubts(lb_id, numbers, services, made),
        ):
            found[number].append(doubt)
    return tuple(replace(one, doubts=(*one.doubts, *found[n])) if n in found else one for n, one in enumerate(made))


def _sharing(services: Sequence[Service], made: Sequence[ServiceForecast]) -> dict[str, list[int]]:
    """The load balancers that several Services name, each with the numbers of their forecasts."""
    users = defaultdict[str, list[int]](list)
    for number, (service, one) in enumerate(zip(services, made, strict=True)):
        if one.load_balancer_id and (one.lb or one.writes) and Annotations(service).get("id"):
            users[one.load_balancer_id].append(number)
    return {lb_id: numbers for lb_id, numbers in users.items() if len(numbers) > 1}


def _attribute_doubts(
    world: World, lb_id: str, numbers: Sequence[int], services: Sequence[Service], made: Sequence[ServiceForecast]
) -> Iterator[tuple[int, Doubt]]:
    """Whose requests for the CLB itself would be others after another Service's: attributes and tags."""
    from upgrader.forecast.clb.attributes import attribute_writes

    lb = world.by_id.get(lb_id)
    if lb is None or lb.kind != "clb" or not lb.detailed:
        return
    own = {one: [write for write in made[one].writes if write.object == lb_id] for one in numbers}
    full = [one for one in numbers if made[one].full_sync and (made[one].refusal is None or own[one])]
    for number in full:
        alone = _told(attribute_writes(world, services[number], lb))
        others = [
            one
            for one in full
            if one != number
            and own[one]
            and _told(attribute_writes(world, services[number], _after(lb, own[one]))) != alone
        ]
        if others:
            names = ", ".join(made[one].key for one in others)
            text = f"attributes or tags of {lb_id} are written for {names} too: what is sent depends on who syncs first"
            yield number, Doubt(kind="shared-attribute", text=text)


def _told(writes: Iterator[Write]) -> set[tuple[str, tuple[tuple[str, str | None], ...]]]:
    return {(one.action, tuple((field, new) for field, (_, new) in one.changes.items())) for one in writes}


def _after(lb: LoadBalancer, writes: Sequence[Write]) -> LoadBalancer:
    """The CLB as these requests leave it."""
    tags, attributes, name = dict(lb.tags), dict(lb.attributes), lb.name
    for one in writes:
        for field, (_, new) in one.changes.items() if one.effect == "IMMEDIATE" else ():
            if not field.startswith("tag "):
                attributes[field] = new or ""
            elif new is None:
                tags.pop(field.removeprefix("tag "), None)
            else:
                tags[field.removeprefix("tag ")] = new
            name = new or name if field == "LoadBalancerName" else name
    return replace(lb, name=name, tags=tags, attributes=attributes)


def _group_doubts(
    lb_id: str, numbers: Sequence[int], services: Sequence[Service], made: Sequence[ServiceForecast]
) -> Iterator[tuple[int, Doubt]]:
    """Of one group that several Services name (`vgroup-port`): a server at one port is written for another's sake."""
    users = defaultdict[str, list[int]](list)
    for number in numbers:
        pairs = (Annotations(services[number]).get("vgroup-port") or "").split(",")
        for group in {pair.partition(":")[0] for pair in pairs if ":" in pair}:
            users[group].append(number)
    for group, sharers in users.items():
        writes = any(write.object == group for one in sharers for write in made[one].writes)
        if len(sharers) < 2 or not writes:
            continue
        for number in sharers:
            others = ", ".join(made[one].key for one in sharers if one != number)
            text = f"group {group} of {lb_id} is used by {others} too: what is sent depends on who syncs first"
            yield number, Doubt(kind="shared-group", text=text)
