"""One attempt at a run in a process of its own, killed at a numbered point: around each entry and each request.

A point is passed before an entry is written, when half of it is, after it is on disk; before a request is sent and
after it has landed. Waiting costs no time: only what a process does between two waits can be cut off.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from upgrader import codec
from upgrader.adapters.aliyun import connect as connect_cloud
from upgrader.adapters.kube import connect as connect_cluster
from upgrader.cli.origins import Connections, Origin
from upgrader.cli.running import exit_of, session_of
from upgrader.cli.stored import stored_plan
from upgrader.execute.engine import Engine
from upgrader.execute.journal import JOURNAL, FileStore
from upgrader.execute.session import Session
from upgrader.model.errors import CcmUpgradeError
from upgrader.model.plan import Plan
from upgrader.model.run import Entry
from upgrader.ports.clock import SystemClock
from upgrader.ports.write import Fence


class Attempt(Struct, frozen=True, kw_only=True):
    """What to try, where, and at which point to die or to be stopped; 0 is never. `out` gets the outcome as JSON."""

    verb: str
    environment: dict[str, str]
    home: str
    out: str
    kind: str
    run: str = "run-1"
    plan: bytes = b""
    kill_at: int = 0
    stop_at: int = 0
    on_failure: str = "rollback"


class HurriedClock(SystemClock):
    """Deadlines pass as fast as one waits for them; the wall time stays true."""

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead_s

    def sleep(self, seconds: float) -> None:
        self._ahead_s += seconds
        super().sleep(min(seconds, 0.005))


class Points:
    """Counts the points that were passed, and dies at one, or stops at one until somebody lets it go on."""

    def __init__(self, kill_at: int, stop_at: int = 0) -> None:
        self.passed, self.kill_at, self.stop_at = 0, kill_at, stop_at

    def here(self) -> bool:
        """Whether this is the point to die at."""
        self.passed += 1
        if self.passed == self.stop_at:
            os.kill(os.getpid(), signal.SIGSTOP)
        return self.passed == self.kill_at

    def go_past(self) -> None:
        if self.here():
            die()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Store(FileStore):
    """A journal whose writer may die at each entry."""

    points: Points

    def append(self, entry: Entry) -> Entry:
        self.points.go_past()
        if self.points.here():
            with (self.directory / JOURNAL).open("ab") as file:
                file.write(codec.encode(entry)[:40])
            die()
        written = super().append(entry)
        self.points.go_past()
        return written


class Writer:
    """A writer whose owner may die before and after each of its requests."""

    def __init__(self, inner: Any, points: Points) -> None:
        self._inner, self._points = inner, points

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._inner, name)

        def call(*args: Any, **more: Any) -> Any:
            self._points.go_past()
            found = method(*args, **more)
            self._points.go_past()
            return found

        return call


def session(attempt: Attempt, points: Points) -> Session:
    """The session of the real commands, with a hurried clock and mortal hands."""
    clock, home = HurriedClock(), Path(attempt.home)
    origin = Origin(kind="self-managed" if attempt.kind == "self-managed" else None)
    cloud = connect_cloud(endpoint=attempt.environment["CCM_UPGRADE_ENDPOINT"], clock=clock)
    connections = Connections(cluster=connect_cluster(clock=clock), cloud=cloud)
    create = attempt.verb == "apply"
    plan = codec.decode(attempt.plan, Plan, where="plan") if create else stored_plan(home, attempt.run)
    made = session_of(plan, origin, connections, home, attempt.run, create=create, on_failure=attempt.on_failure,
                      say=lambda text: None)  # fmt: skip
    store = Store(home, attempt.run, create=create)
    store.points = points
    cluster_writer, cloud_writer = made.cluster_writer, made.cloud_writer

    def mortal_cluster(fence: Fence) -> Any:
        return Writer(cluster_writer(fence), points)

    def mortal_cloud(fence: Fence) -> Any:
        return Writer(cloud_writer(fence), points)

    made.store, made.cluster_writer, made.cloud_writer = store, mortal_cluster, mortal_cloud
    return made


def carry_out(attempt: Attempt) -> None:
    """The attempt, from its start to its end or to its death."""
    os.environ.update(attempt.environment)
    points = Points(attempt.kill_at, attempt.stop_at)
    try:
        run = getattr(Engine(session(attempt, points)), attempt.verb)()
        outcome = {"state": run.state, "left": list(run.left), "cause": run.cause, "exit": int(exit_of(run))}
    except CcmUpgradeError as error:
        outcome = {"state": type(error).__name__, "cause": str(error), "exit": error.exit_code}
    Path(attempt.out).write_text(json.dumps({**outcome, "points": points.passed}), encoding="utf-8")


def again(attempt: Attempt, verb: str, kill_at: int = 0) -> Attempt:
    """The next process on the same run."""
    return replace(attempt, verb=verb, kill_at=kill_at)
