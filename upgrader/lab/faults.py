"""Faults: what goes wrong, for which request, and how many times."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, structs

from upgrader.lab.journal import is_write
from upgrader.ports.clock import Clock, SystemClock

FaultKind = Literal["before", "after", "timeout", "slow", "cut", "stale"]
"""before: refused, nothing happened. after: it happened, then the answer says it failed. timeout: it happened, and no
answer comes. slow: the answer takes `delay_s`. cut: it happened, the body breaks off. stale: reads show the world as it
was `delay_s` seconds ago (eventual consistency)."""

KUBERNETES = "kubernetes"
"""The product of requests to a cluster's own API. Their action is the verb and the resource: `patch daemonsets`."""

THROTTLED = ("Throttling.User", "Request was denied due to user flow control.")

MESSAGES: Mapping[str, str] = {
    "Throttling": "Request was denied due to request throttling.",
    "Throttling.User": THROTTLED[1],
    "Throttling.Api": "Request was denied due to api flow control.",
    "ServiceUnavailable": "The request has failed due to a temporary failure of the server.",
    "InternalError": "The request processing has failed due to some unknown error, exception or failure.",
    "ORDER.ARREARAGE": "The account is arrearage.",
    "PAY.INSUFFICIENT_BALANCE": "Your account does not have enough balance.",
    "OperationFailed.INVENTORY_NOT_ENOUGH": "The inventory of the specified zone is not enough.",
}
STATUSES: Mapping[str, int] = {"ServiceUnavailable": 503, "InternalError": 500}


class Fault(Struct, frozen=True, kw_only=True):
    """One scripted fault. `times` None means for ever; empty `product` means any of the cloud, empty `action` any.

    `action` may end in `*`; `match` are parameters that must have these values; `skip` requests pass first. With
    `over_per_s` it strikes only what goes beyond so many requests a second: flow control, as the cloud has it.
    """

    id: int = 0
    kind: FaultKind = "before"
    product: str = ""
    action: str = ""
    code: str = "ServiceUnavailable"
    message: str = ""
    status: int = 0
    times: int | None = 1
    skip: int = 0
    over_per_s: float = 0.0
    delay_s: float = 0.0
    match: dict[str, str] = {}

    @property
    def said(self) -> str:
        """The message to answer with."""
        return self.message or MESSAGES.get(self.code, "The lab was told to fail this request.")

    @property
    def http_status(self) -> int:
        """The HTTP status to answer with."""
        return self.status or STATUSES.get(self.code, 400)

    def meets(self, product: str, action: str, params: Mapping[str, str]) -> bool:
        """Whether the fault is about this request."""
        if self.product != product and (self.product or product == KUBERNETES):
            return False
        if self.kind == "stale" and is_write(action):
            return False
        wanted = self.action
        named = action.startswith(wanted[:-1]) if wanted.endswith("*") else (not wanted or wanted == action)
        return named and all(params.get(key) == value for key, value in self.match.items())


class Faults:
    """The faults that are waiting. The first that meets a request is spent on it."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._faults: list[Fault] = []
        self._next = 1
        # Of each flow control: what may still pass, and when that was so.
        self._allowed: dict[int, tuple[float, float]] = {}
        self._guard = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """Script a fault; returns it with its number."""
        with self._guard:
            numbered = structs.replace(fault, id=self._next)
            self._next += 1
            self._faults.append(numbered)
            return numbered

    def take(self, product: str, action: str, params: Mapping[str, str]) -> Fault | None:
        """The fault that strikes this request, its count lowered; None when there is none."""
        if not self._faults:
            return None
        with self._guard:
            for place, fault in enumerate(self._faults):
                if not fault.meets(product, action, params):
                    continue
                if fault.skip:
                    self._faults[place] = structs.replace(fault, skip=fault.skip - 1)
                    continue
                if fault.over_per_s and self._passes(fault):
                    continue
                self._spend(place, fault)
                return fault
        return None

    def _passes(self, fault: Fault) -> bool:
        """Whether a flow control lets one more request through: a bucket that holds the requests of one second."""
        now = self._clock.monotonic()
        allowed, at = self._allowed.get(fault.id, (fault.over_per_s, now))
        allowed = min(max(1.0, fault.over_per_s), allowed + (now - at) * fault.over_per_s)
        self._allowed[fault.id] = (allowed - 1 if allowed >= 1 else allowed, now)
        return allowed >= 1

    def _spend(self, place: int, fault: Fault) -> None:
        if fault.times is None:
            return
        if fault.times <= 1:
            del self._faults[place]
        else:
            self._faults[place] = structs.replace(fault, times=fault.times - 1)

    def waiting(self) -> tuple[Fault, ...]:
        """The faults that have not been spent."""
        return tuple(self._faults)

    def remove(self, fault_id: int) -> bool:
        """Take a fault back; False when it is not there."""
        with self._guard:
            before = len(self._faults)
            self._faults = [fault for fault in self._faults if fault.id != fault_id]
            return len(self._faults) < before

    def clear(self) -> None:
        """Take all faults back."""
        with self._guard:
            self._faults.clear()

    def restore(self, faults: tuple[Fault, ...]) -> None:
        """Wait for these, and only these."""
        with self._guard:
            self._faults = list(faults)
            self._next = max((fault.id for fault in faults), default=0) + 1
