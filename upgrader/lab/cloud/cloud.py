"""The cloud in one process: every request, with or without HTTP, goes through `Cloud.call`."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from upgrader.lab.clock import LabClock
from upgrader.lab.cloud.authorize import authorize
from upgrader.lab.cloud.call import ROOT, AddonHook, Answer, Call, Caller, Handler
from upgrader.lab.cloud.errors import CloudError, UnknownActionError, unknown_action
from upgrader.lab.cloud.params import Params
from upgrader.lab.cloud.products import SHARED, actions_of
from upgrader.lab.cloud.state import Answered, World
from upgrader.lab.faults import Fault, Faults
from upgrader.lab.journal import Journal, Request, is_write


class Outcome(Struct, frozen=True, kw_only=True):
    """What a request came to: an answer or an error, and the fault that struck it."""

    request_id: str
    answer: Answer = {}
    error: CloudError | None = None
    fault: Fault | None = None


class Cloud:
    """One account: its state, journal, faults and clock. Requests are carried out one at a time."""

    def __init__(self, world: World | None = None, *, clock: LabClock | None = None, seed: int = 0) -> None:
        self.world = world or World(seed=seed)
        self.clock = clock or LabClock()
        self.journal = Journal()
        self.faults = Faults(self.clock)
        self.addon_hooks: list[AddonHook] = []
        self._guard = threading.RLock()
        self._past: list[tuple[float, bytes]] = []

    def on_addon_version(self, hook: AddonHook) -> None:
        """Call `hook(cluster_id, addon, version)` whenever an add-on's version has changed."""
        self.addon_hooks.append(hook)

    def call(
        self, product: str, action: str, params: Mapping[str, str], caller: Caller = ROOT, *, body: Any = None
    ) -> Answer:
        """Carry out one request as `caller`. Raises `CloudError` exactly where the HTTP side would answer one."""
        outcome = self.request(product, action, params, caller, body=body)
        if outcome.error is not None:
            raise outcome.error
        return outcome.answer

    def request(
        self, product: str, action: str, params: Mapping[str, str], caller: Caller = ROOT, *, body: Any = None
    ) -> Outcome:
        """Carry out one request and journal it; the outcome names the fault that struck, for a protocol to act on."""
        with self._guard:
            request_id = self._request_id()
            fault = self.faults.take(product, action, params)
            answer, error, landed = self._carry_out(product, action, Params(params, body), caller, fault)
            self._witness(product, action, params, caller, request_id, error, landed=landed)
            if error is None:
                answer = {"RequestId": request_id, **answer}
            return Outcome(request_id=request_id, answer=answer, error=error, fault=fault)

    def look(self, product: str, action: str, params: Mapping[str, str]) -> Answer:
        """A read for the lab itself: nobody's permission is asked, no fault strikes, nothing is journaled."""
        with self._guard:
            return _handler(product, action)(Call(self.world, Params(params), ROOT, self.clock, self.addon_hooks))

    def refuse(self, product: str, action: str, params: Mapping[str, str], caller: str, error: CloudError) -> str:
        """Journal a request that was refused before it reached an action; returns its id."""
        with self._guard:
            request_id = self._request_id()
            self._add(product, action, params, caller, request_id, error, landed=False)
            return request_id

    def snapshot(self) -> bytes:
        """The whole state, with the faults that wait and the time, as JSON."""
        with self._guard:
            saved = {"world": msgspec.Raw(self.world.save()), "faults": self.faults.waiting(), "now": self.clock.now()}
            return msgspec.json.encode(saved, order="sorted")

    def restore(self, snapshot: bytes) -> None:
        """Go back to a snapshot. The journal stays: what was asked was asked."""
        saved = msgspec.json.decode(snapshot, type=_Saved)
        with self._guard:
            self.world = saved.world
            self.faults.restore(saved.faults)
            self.clock.set_to(saved.now)

    def locked(self) -> threading.RLock:
        """The lock that every request holds: take it to change `world` from outside while the lab serves."""
        return self._guard

    def _carry_out(
        self, product: str, action: str, params: Params, caller: Caller, fault: Fault | None
    ) -> tuple[Answer, CloudError | None, bool]:
        if fault is not None and fault.kind == "before":
            return {}, _error(fault), False
        try:
            answer = self._handle(product, action, params, caller, fault)
        except CloudError as error:
            return {}, error, False
        if fault is not None and fault.kind == "after":
            return {}, _error(fault), is_write(action)
        return answer, None, is_write(action)

    def _handle(self, product: str, action: str, params: Params, caller: Caller, fault: Fault | None) -> Answer:
        handler = _handler(product, action)
        authorize(self.world, caller, product, action)
        world = self.world
        if fault is not None and fault.kind == "stale":
            world = self._world_before(fault.delay_s)
        call = Call(world, params, caller, self.clock, self.addon_hooks)
        if not is_write(action):
            return handler(call)
        self._remember()
        return self._once(handler, call, f"{caller.label} {product}:{action}")

    def _once(self, handler: Handler, call: Call, who: str) -> Answer:
        """The handler's answer; a ClientToken that was seen gets the answer it got then."""
        token = call.params.text("ClientToken")
        if not token:
            return handler(call)
        key = f"{who} {token}"
        fingerprint = repr(sorted(call.params.raw.items()))
        seen = self.world.answered.get(key)
        if seen is not None:
            if seen.fingerprint != fingerprint:
                raise CloudError("IdempotentParameterMismatch", "The ClientToken was used with other parameters.")
            return msgspec.json.decode(seen.answer, type=dict[str, Any])
        answer = handler(call)
        self.world.answered[key] = Answered(fingerprint=fingerprint, answer=msgspec.Raw(msgspec.json.encode(answer)))
        return answer

    def _remember(self) -> None:
        """Keep the world as it was, if stale reads are scripted."""
        horizon = max((fault.delay_s for fault in self.faults.waiting() if fault.kind == "stale"), default=0.0)
        if horizon:
            now = self.clock.monotonic()
            self._past = [(time, state) for time, state in self._past if time >= now - 2 * horizon]
            self._past.append((now, self.world.save()))

    def _world_before(self, seconds: float) -> World:
        """The world as it was before the first write of the last `seconds`."""
        since = self.clock.monotonic() - seconds
        for time, state in self._past:
            if time >= since:
                return World.load(state)
        return self.world

    def _request_id(self) -> str:
        text = self.world.new_hex("request", 32).upper()
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def _witness(
        self,
        product: str,
        action: str,
        params: Mapping[str, str],
        caller: Caller,
        request_id: str,
        error: CloudError | None,
        *,
        landed: bool,
    ) -> None:
        self._add(product, action, params, caller.label, request_id, error, landed=landed and error is not None)

    def _add(
        self,
        product: str,
        action: str,
        params: Mapping[str, str],
        caller: str,
        request_id: str,
        error: CloudError | None,
        *,
        landed: bool,
    ) -> None:
        self.journal.add(
            Request(
                seq=self.journal.next_seq(),
                time=self.clock.now(),
                product=product,
                action=action,
                params=dict(params),
                caller=caller,
                request_id=request_id,
                status=error.status if error else 200,
                code=error.code if error else "",
                message=error.message if error else "",
                unhandled=isinstance(error, UnknownActionError),
                landed=landed,
                write=is_write(action),
            )
        )


class _Saved(Struct, frozen=True):
    world: World
    faults: tuple[Fault, ...]
    now: datetime


def _handler(product: str, action: str) -> Handler:
    handler = actions_of(product).get(action) or actions_of(SHARED.get(product, "")).get(action)
    if handler is None:
        raise unknown_action()
    return handler


def _error(fault: Fault) -> CloudError:
    return CloudError(fault.code, fault.said, fault.http_status)
