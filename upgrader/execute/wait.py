"""Waiting that never is silent: each look says what it saw, and a deadline ends with the last state and a cause."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from upgrader.model.errors import TransientError
from upgrader.ports.clock import Clock

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
    poll_s: float = 2.0,
) -> Look:
    """The last look: met, or failed for good. Raises `TransientError` (a stall) when the time is up.

    A look that can't be made (`TransientError`) is said and made again; the deadline holds all the same.
    """
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
                next_command="look at what it waits for, then ccm-upgrade resume",
            )  # fmt: skip
        clock.sleep(min(poll_s, max(0.01, deadline - now)))
