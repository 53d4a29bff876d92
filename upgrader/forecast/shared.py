"""Services that name one load balancer, or one of its server groups: what each writes there may depend on the others.

CCM reads the load balancer anew at each sync. Its workers take the Services from a queue that several watches fill,
most often in the order in which the API lists them. The forecast goes by that; where it matters, there is a doubt.

Source: `clbv1/loadbalancer.go` (Update compares with what it has just read), `clbv1/vgroups.go` (diff), each tag.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.service import forecast_service
from upgrader.forecast.shared_ports import port_doubts
from upgrader.forecast.world import World
from upgrader.model.cloud import LoadBalancer
from upgrader.model.forecast import Doubt, ServiceForecast, Write
from upgrader.model.kube import Service


def one_after_the_other(world: World, services: Sequence[Service]) -> tuple[ServiceForecast, ...]:
    """The forecasts. Of Services that share a CLB each finds it as those before it left it.

    They are taken by key, as the API lists them to CCM; where another order comes to something else, there is a doubt.
    """
    if world.facts.load_balancers is None:
        return tuple(forecast_service(world, one) for one in services)  # None is known, so that none is shared.
    named = Counter(lb_id for one in services if (lb_id := Annotations(one).get("id")))
    made, untouched = list[ServiceForecast](), dict[str, LoadBalancer]()
    for service in services:
        made.append(one := forecast_service(world, service))
        lb = world.by_id.get(one.load_balancer_id) if named and named[one.load_balancer_id] > 1 else None
        if lb is not None and lb.kind == "clb" and one.writes:
            from upgrader.forecast.clb.after import after

            untouched.setdefault(lb.id, lb)
            world.by_id[lb.id] = after(lb, one.writes)
    world.by_id.update(untouched)
    return _with_doubts(world, services, made)


def _with_doubts(
    world: World, services: Sequence[Service], made: Sequence[ServiceForecast]
) -> tuple[ServiceForecast, ...]:
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
    from upgrader.forecast.clb.after import after
    from upgrader.forecast.clb.attributes import attribute_writes

    lb = world.by_id.get(lb_id)
    if lb is None or lb.kind != "clb" or not lb.detailed:
        return
    full = [one for one in numbers if made[one].full_sync and _comes_so_far(made[one])]
    alone = {one: tuple(attribute_writes(world, services[one], lb)) for one in full}
    for number in full:
        others = [
            one
            for one in full
            if one != number
            and alone[one]
            and _told(attribute_writes(world, services[number], after(lb, alone[one]))) != _told(alone[number])
        ]
        if others:
            names = ", ".join(made[one].key for one in others)
            text = f"attributes or tags of {lb_id} are written for {names} too: what is sent depends on who syncs first"
            yield number, Doubt(kind="shared-attribute", text=text)


def _comes_so_far(one: ServiceForecast) -> bool:
    """Whether the sync comes to the attributes, refused or not."""
    return one.refusal is None or one.refusal.code == "fixed-once-made" or bool(one.writes)


def _told(writes: Iterable[Write]) -> set[tuple[str, tuple[tuple[str, str | None], ...]]]:
    return {(one.action, tuple((field, new) for field, (_, new) in one.changes.items())) for one in writes}


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
