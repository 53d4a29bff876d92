"""A cluster's lock that a dead worker left: it is waited for, once, instead of being taken for somebody's work."""

from __future__ import annotations

from collections.abc import Callable

from upgrader.fleet.job import Outcome, Watch
from upgrader.model.errors import LockedError
from upgrader.ports.clock import Clock

# Lease and clock count whole seconds.
_MARGIN_S = 1.0
_POLL_S = 1.0


def past_the_lock(work: Callable[[str], Outcome], watch: Watch, clock: Clock) -> Outcome:
    """What `work("")` comes to; where a lock stops it, what `work("-again")` comes to once that lock has run out.

    Its holder may have died on another machine, where nobody can look. Raises `LockedError` for a lock that is renewed
    meanwhile, since somebody alive holds it, and for one that never runs out.
    """
    try:
        return work("")
    except LockedError as error:
        if error.retry_after_s is None:
            raise
        left_s = error.retry_after_s + _MARGIN_S
        watch.step(f"waiting {left_s:.0f} s for a lock to run out: {error.what}")
    end = clock.monotonic() + left_s
    while clock.monotonic() < end:
        if watch.stop_asked():
            return Outcome(state="paused", error="asked to stop while it waited for a lock")
        clock.sleep(_POLL_S)
    return work("-again")
