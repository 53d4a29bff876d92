"""Two Services on one port of one load balancer: each writes the listener its own way, and the last one wins.

A load balancer can be named by many Services. Where two of them want the same port and may write listeners
(force-override-listeners), CCM syncs both at once and again and again: what comes of it depends on the order.

Source: `clbv1/listeners.go` and `nlbv2/listeners.go` (matched by port, or by port and protocol, whoever made them).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from upgrader.forecast.annotations import Annotations
from upgrader.forecast.world import World
from upgrader.model.forecast import Doubt, ServiceForecast, Write
from upgrader.model.kube import Service

Place = tuple[str, str]
"""The load balancer, and the port with its transport."""


def port_doubts(
    world: World, services: Sequence[Service], made: Sequence[ServiceForecast]
) -> Iterator[tuple[int, Doubt]]:
    """A doubt, with the number of its forecast, for each Service at a shared port where a listener is written now."""
    # A Service that has the port for both protocols is one user of it.
    users = defaultdict[Place, dict[int, None]](dict)
    for number, (service, one) in enumerate(zip(services, made, strict=True)):
        if (
            (one.lb or one.writes)
            and one.load_balancer_id
            and Annotations(service).get("id")
            and _listens(world, service, one)
        ):
            for port in service.spec.ports or ():
                users[one.load_balancer_id, _transport(world, port.port, port.protocol)][number] = None
    for (lb_id, place), numbers in users.items():
        if len(numbers) < 2 or not any(_writes_at(made[one].writes, place) for one in numbers):
            continue
        for number in numbers:
            others = ", ".join(made[one].key for one in numbers if one != number)
            text = f"port {place} of {lb_id} is wanted by {others} too: the last one to sync wins"
            yield number, Doubt(kind="shared-port", text=text)


def _listens(world: World, service: Service, one: ServiceForecast) -> bool:
    from upgrader.forecast.clb.sync import listens

    if one.lb == "nlb":
        return Annotations(service).get("force-override-listeners") == "true"
    return listens(world, service)


def _transport(world: World, port: int, protocol: str) -> str:
    """Until v2.5 a CLB's listener is that of the port, whatever its protocol."""
    if world.ways.clb_listener_match == "port":
        return str(port)
    return f"{port}/{'udp' if protocol == 'UDP' else 'tcp'}"


def _writes_at(writes: Sequence[Write], place: str) -> bool:
    port = place.partition("/")[0]
    return any(
        one.effect == "IMMEDIATE"
        and "Listener" in one.action
        and port == (one.params.get("ListenerPort") or one.object.rpartition("@")[2])
        for one in writes
    )
