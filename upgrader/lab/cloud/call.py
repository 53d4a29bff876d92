"""One request as a handler sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from upgrader.lab.clock import LabClock
from upgrader.lab.cloud.params import Params
from upgrader.lab.cloud.state import World
from upgrader.model.moments import rfc3339


class Caller(Struct, frozen=True, kw_only=True):
    """Who asks: the account itself, a RAM user, or a session of a role."""

    kind: str = "root"
    name: str = ""
    session: str = ""

    @property
    def label(self) -> str:
        """`root`, `user/ops`, `role/KubernetesWorkerRole-x/session`."""
        parts = [self.kind, self.name, self.session]
        return "/".join(part for part in parts if part)


ROOT = Caller()


def as_role(name: str, session: str = "lab") -> Caller:
    """A session of a role: what a CCM is."""
    return Caller(kind="role", name=name, session=session)


AddonHook = Callable[[str, str, str], None]
"""Called with (cluster id, add-on, version) when an add-on's version has changed."""


class Call:
    """The request: parameters, caller, the world to read and change, and the lab's time."""

    __slots__ = ("caller", "clock", "hooks", "params", "region", "world")

    def __init__(
        self, world: World, params: Params, caller: Caller, clock: LabClock, hooks: list[AddonHook] | None = None
    ) -> None:
        self.world = world
        self.params = params
        self.caller = caller
        self.clock = clock
        self.region = params.text("RegionId", world.region)
        self.hooks = hooks if hooks is not None else []

    @property
    def now(self) -> datetime:
        """The lab's wall time."""
        return self.clock.now()

    @property
    def stamp(self) -> str:
        """The lab's wall time as the API writes it."""
        return rfc3339(self.clock.now())

    @property
    def elapsed_s(self) -> float:
        """The lab's wall time in seconds since 1970: what deadlines are kept in."""
        return self.clock.now().timestamp()


Answer = dict[str, Any]
Handler = Callable[[Call], Answer]
Actions = Mapping[str, Handler]
