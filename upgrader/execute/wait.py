"""Waiting that never is silent: each look says what it saw, and a deadline ends with the last state and a cause."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from upgrader.model.errors import CcmUpgradeError, TransientError
from upgrader.ports.clock import Clock
from upgrader.ports.read import ClusterReader, Ref

# How long the same sentence is not said again.
SAY_AGAIN_S = 15.0


class Look(Struct, frozen=True, kw_only=True):
    """One look: whether it is as wanted, what was seen, and, where it can't get better by itself, why it failed."""

    met: bool
    seen: str
    failed: str = ""


def wait_for(
    look: Callable[[], Look],
    clock: Clock,
    *,
    timeout_s: float,
    what: str,
    say: Callable[[str], None],
    pause: Callable[[float], None] | None = None,
    poll_s: float = 2.0,
    next_command: str,
) -> Look:
    """The last look: met, or failed for good. Raises `TransientError` (a stall) when the time is up.

    A look that can't be made (`TransientError`) is said and made again; the deadline holds all the same. `pause`
    waits between two looks, for so many seconds at most; by default it only lets the time pass.
    """
    rest = pause or clock.sleep
    deadline, said, said_at, seen = clock.monotonic() + timeout_s, "", float("-inf"), "nothing"
    while True:
        try:
            found = look()
            seen = found.seen
            if found.met or found.failed:
                return found
        except TransientError as error:
            seen = f"can't look: {error.what} ({error.why})" if error.why else f"can't look: {error.what}"
        now = clock.monotonic()
        if seen != said or now - said_at >= SAY_AGAIN_S:
            say(f"waiting for {what}: {seen}")
            said, said_at = seen, now
        if now >= deadline:
            raise TransientError(
                f"{what} did not happen within {timeout_s:.0f} s", where="waiting", why=f"last seen: {seen}",
                next_command=next_command,
            )  # fmt: skip
        rest(min(poll_s, max(0.01, deadline - now)))


class Watching:
    """Pauses until the watched object changes; where it can't be watched, until the time has passed."""

    # Something changed while we looked: look again, but not in a frenzy.
    BREATH_S = 0.1

    def __init__(self, cluster: ClusterReader, ref: Ref, clock: Clock) -> None:
        self._cluster, self._ref, self._clock, self._seen = cluster, ref, clock, ""

    def pause(self, seconds: float) -> None:
        """Until the next change, for `seconds` at most."""
        end = self._clock.monotonic() + seconds
        try:
            version = str(self._cluster.get(self._ref)["metadata"].get("resourceVersion") or "")
            if version != self._seen:
                self._seen = version
                self._clock.sleep(min(seconds, self.BREATH_S))
                return
            for _ in self._cluster.watch(self._ref, resource_version=version, timeout_s=seconds):
                return
        except CcmUpgradeError:
            # Not there, not allowed, not reachable: the next look says so.
            pass
        self._clock.sleep(max(0.0, end - self._clock.monotonic()))
