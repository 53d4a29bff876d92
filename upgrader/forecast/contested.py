"""Ports of one Service that share a server group but want other backends in it: each sync undoes the last.

They share it where the Service names it for both (`vgroup-port`), and where pods are attached directly and two ports
have one target port by name, which a pod may resolve otherwise for each.

Source: `clbv1/vgroups.go` and `nlbv2/server_groups.go` (one local group a port, told by id or name), each tag.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from upgrader.forecast.groups import DesiredGroup, contested
from upgrader.forecast.world import World
from upgrader.model.forecast import Doubt, Write


def contest_doubts(world: World, groups: Sequence[DesiredGroup], writes: Sequence[Write]) -> Iterator[Doubt]:
    """One doubt for each group that two ports fill differently, where backends are written now."""
    if not any("Server" in one.action and one.effect == "IMMEDIATE" for one in writes):
        return
    for name, ports in contested(world, groups).items():
        told = ", ".join(f"{one.port.port}/{one.port.protocol.lower()}" for one in ports)
        text = f"ports {told} share the group {name} and want other backends in it: each sync undoes the last"
        yield Doubt(kind="shared-group", text=text)
