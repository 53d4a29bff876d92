"""A worker: beats, takes over what dead workers left, claims clusters while it has slots, watches for a standstill.

The database may go away for a while: what is under way goes on, what has ended is written down once it is back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from upgrader import codec
from upgrader.fleet.admission import Admission, id_of
from upgrader.fleet.control import WORKER_SILENCE_S, Control, Workers
from upgrader.fleet.job import ClusterJob, Outcome, why_of
from upgrader.fleet.ledger import Ledger
from upgrader.fleet.soak import Looker, Soak
from upgrader.fleet.tables import Claim, RunRow
from upgrader.model.errors import LockedError, TransientError

BEAT_S = 5.0
# Nothing moved for so long although work remains: say so instead of waiting for ever.
STALL_S = 3600.0
# A database that is away longer than this ends the worker; the run is then resumed like after a crash.
AWAY_S = 600.0
_POLL_S = 0.25
_PAUSE_S = 1.0
_STOPPING_S = 5.0
"""So long an absent database is still waited for when a person wants to stop."""

T = TypeVar("T")


class Engine(Protocol):
    """What starts a claim's work durably."""

    def start(self, id_: str, claim: str) -> None:
        """Begin; returns at once."""

    def forget(self, prefix: str) -> None:
        """Cancel what dead workers left under ids with this prefix."""


class Worker:
    """One worker of one run. `work` and `record` are what the durable engine calls back."""

    def __init__(
        self,
        ledger: Ledger,
        job: ClusterJob,
        run: str,
        name: str,
        *,
        slots: int = 10,
        stall_s: float = STALL_S,
        silence_s: float = WORKER_SILENCE_S,
        away_s: float = AWAY_S,
        say: Callable[[str], None] = lambda _: None,
        stop_asked: Callable[[], bool] = lambda: False,
    ) -> None:
        self.ledger, self.job, self.run, self.name = ledger, job, run, name
        self.slots, self.stall_s, self.say, self.stop_asked = slots, stall_s, say, stop_asked
        self.admission, self.control, self.workers = Admission(ledger), Control(ledger), Workers(ledger, silence_s)
        self.looker = Looker(Soak(self.admission), job, slots, say)
        self._beat_s, self._silence_s, self._away_s = min(BEAT_S, silence_s / 5), silence_s, away_s
        # Whoever comes back with the database must not take the others, who come back too, for dead.
        self._steady_since = float("-inf")
        self._waits = ""
        self._in_flight: set[str] = set()
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._aborted = False

    # -- called by the durable engine, each claim on a thread of its own ----------------------------------------------

    def work(self, claim_text: str) -> str:
        """Carry one claim out; every end is an outcome, so that one sick cluster never harms the others."""
        claim = codec.decode(claim_text.encode(), Claim, where="claim")
        try:
            strategy = self.patiently(lambda: self.ledger.run(claim.run)).strategy
            outcome = self.job.upgrade(claim, strategy, _Watch(self, claim))
        except LockedError as error:
            outcome = Outcome(state="unknown", error=str(error))
        except TransientError as error:
            outcome = Outcome(state="stalled", error=str(error))
        except OSError as error:  # no journal, no step: a full disk stops a cluster where it can go on from
            outcome = Outcome(state="stalled", error=f"{error.strerror or error}: {error.filename or 'journal'}")
        except Exception as error:  # noqa: BLE001 - our own bug in one cluster must not take the worker down
            outcome = Outcome(state="failed", error=why_of(error))
        return codec.encode(outcome).decode()

    def record(self, claim_text: str, outcome_text: str) -> None:
        """Write the end down and free the slot. Under an old fence nothing is written: somebody else answers for it."""
        claim = codec.decode(claim_text.encode(), Claim, where="claim")
        outcome = codec.decode(outcome_text.encode(), Outcome, where="outcome")
        try:
            if outcome.state == "paused" and self.stop_asked():
                # Interrupted by a person, between two steps: no failure. It is the first to go on when the run does.
                self.patiently(lambda: self.admission.release(claim, outcome.error))
            elif self.patiently(lambda: self.admission.finish(claim, outcome.state, outcome.error, outcome.step)):
                name = claim.member.name or claim.member.id
                self.say(f"{name}: {outcome.state}" + (f": {outcome.error}" if outcome.error else ""))
        finally:
            self._free(claim)

    def lost(self, claim_text: str, why: str) -> None:
        """The durable engine could not carry a claim to its end: the slot is free, the cluster stays half done."""
        claim = codec.decode(claim_text.encode(), Claim, where="claim")
        self.say(f"{claim.member.name or claim.member.id}: its end could not be written down: {why}")
        self._free(claim)

    def _free(self, claim: Claim) -> None:
        with self._lock:
            self._in_flight.discard(_id(claim))
        self._woken.set()

    def patiently(self, call: Callable[[], T]) -> T:
        """What `call` returns, tried again while the database is away.

        Raises `TransientError` after `away_s`, and soon after a person asked to stop: what is written down nowhere is
        settled by observing when the run goes on.
        """
        clock = self.ledger.clock
        end, told = clock.monotonic() + self._away_s, False
        while True:
            try:
                return call()
            except TransientError as error:
                self._steady_since = clock.monotonic()
                if self.stop_asked():
                    end = min(end, clock.monotonic() + _STOPPING_S)
                if clock.monotonic() >= end:
                    raise
                if not told:
                    self.say(f"{error}; trying again for {self._away_s:.0f} s")
                    told = True
                clock.sleep(_PAUSE_S)

    # -- the loop ----------------------------------------------------------------------------------------------------

    def go(self, engine: Engine) -> RunRow:
        """Work until the run ends, pauses or stands still, or a person asks to stop; returns how it stands then.

        Raises `TransientError` when the database stays away for longer than a worker may be silent.
        """
        clock, next_beat = self.ledger.clock, float("-inf")
        while True:
            if clock.monotonic() >= next_beat:
                self.patiently(lambda: self._beat(engine))
                next_beat = clock.monotonic() + self._beat_s
            if self.patiently(lambda: not self.stop_asked() and self._start(engine)):
                continue
            row = self.patiently(self._look)
            if row.state == "STALLED" or (not self._in_flight and self._done(row)):
                return row
            self._woken.wait(_PAUSE_S if self._waits else _POLL_S)
            self._woken.clear()

    def _beat(self, engine: Engine) -> None:
        self.workers.beat(self.run, self.name)
        self.job.share(self.ledger.run(self.run).strategy, len(self.workers.alive(self.run)))
        # A claim whose answer was lost with the database, or whose end could not be written down, goes back.
        with self._lock:
            held = frozenset(self._in_flight)
        self.admission.give_back(self.run, self.name, held)
        if self.ledger.clock.monotonic() - self._steady_since < self._silence_s:
            return
        reaped = self.workers.reap(self.run)
        names = {row.member.id: row.member.name for row in self.ledger.in_flight(self.run)} if reaped else {}
        for cluster in reaped:
            self.say(f"{names.get(cluster) or cluster}: its worker is silent; it is given to another one")
            engine.forget(f"{self.run}/{cluster}/")

    def _look(self) -> RunRow:
        """How the run stands; a soaking wave is looked at, a standstill told."""
        row = self.ledger.run(self.run)
        self._aborted = row.state == "ABORTED"
        if row.state != "RUNNING":
            return row
        if row.soak_until and not self.stop_asked():
            self.looker.look_if_due(self.run)
        return self._watchdog(row)

    def _done(self, row: RunRow) -> bool:
        """Nothing more is to be done here. What others have in flight in a stopped run may yet fall to this worker."""
        if row.state == "RUNNING":
            return self.stop_asked()
        return row.state != "STOPPED" or self.stop_asked() or not self.admission.counts(self.run).of("running")

    def _start(self, engine: Engine) -> bool:
        if len(self._in_flight) >= self.slots:
            return False
        claim = self.admission.claim(self.run, self.name)
        if claim is None:
            return False
        with self._lock:
            self._in_flight.add(_id(claim))
        try:
            engine.start(_id(claim), codec.encode(claim).decode())
        except BaseException:
            self._free(claim)  # the next beat gives it back
            raise
        return True

    def _watchdog(self, row: RunRow) -> RunRow:
        """STALLED when nothing moved for too long and nobody is waited for: no soak, no gate, no window."""
        now = self.ledger.clock.now()
        waits = "" if self._in_flight else self.admission.waits_for(row, now)
        if waits and waits != self._waits:
            self.say(f"waiting: {waits}")
        self._waits = waits
        if waits or datetime.fromisoformat(row.moved) + timedelta(seconds=self.stall_s) > now:
            return row
        self.control.set_state(self.run, "STALLED", who="watchdog", why=f"nothing has moved since {row.moved}")
        return self.ledger.run(self.run)

    def asks_to_stop(self) -> bool:
        """Whether jobs should end after the step under way: Ctrl-C here, or an abort by anybody."""
        return self._aborted or self.stop_asked()


class _Watch:
    def __init__(self, worker: Worker, claim: Claim) -> None:
        self._worker, self._claim = worker, claim

    def step(self, name: str, *, cluster_run: str = "", plan: str = "") -> None:
        admission, more = self._worker.admission, {"cluster_run": cluster_run, "plan": plan}
        if not self._worker.patiently(lambda: admission.progress(self._claim, name, **more)):
            self._worker.patiently(lambda: admission.check_fence(self._claim))

    def say(self, text: str) -> None:
        with suppress(TransientError):
            self._worker.admission.progress(self._claim, text)

    def stop_asked(self) -> bool:
        try:
            self._worker.patiently(lambda: self._worker.admission.check_fence(self._claim))
        except (LockedError, TransientError):
            return True
        return self._worker.asks_to_stop()


def _id(claim: Claim) -> str:
    return id_of(claim.run, claim.member.id, claim.attempt, claim.fence)
