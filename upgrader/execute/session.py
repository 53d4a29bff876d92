"""What a run works with: the plan, the world's two sides, time, files, and the stages that are injected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from upgrader.execute.heartbeat import BEAT_S
from upgrader.model.facts import ClusterFacts
from upgrader.model.plan import Plan
from upgrader.model.run import RunVerdict
from upgrader.ports.clock import Clock
from upgrader.ports.read import CloudReader, ClusterReader
from upgrader.ports.store import RunStore
from upgrader.ports.write import CloudWriter, ClusterWriter, Fence

OnFailure = Literal["rollback", "pause"]


@dataclass
class Session:
    """One run's surroundings. Siblings are injected: `look` reads fresh facts, `judge` compares before and after.

    `judge(before, version, since)` says whether the cluster is as `version` keeps it; events count from `since`
    (RFC 3339) on, and none is expected where it is None. `way_back(before, now)` says what a rollback would harm.
    `stop_asked` is set by the first Ctrl-C: the step under way is finished, then the run pauses. `forced` rolls back
    although it harms. `beat_s` is the pause between two heartbeats of the lock, `rollback_budget_s` the time for
    undoing all steps together, `poll_s` the longest pause between two looks.
    """

    plan: Plan
    cluster: ClusterReader
    cloud: CloudReader | None
    cluster_writer: Callable[[Fence], ClusterWriter]
    cloud_writer: Callable[[Fence], CloudWriter]
    clock: Clock
    store: RunStore
    look: Callable[[], ClusterFacts]
    judge: Callable[[ClusterFacts, str, str | None], RunVerdict]
    check_fresh: Callable[[Plan, ClusterFacts], None]
    way_back: Callable[[ClusterFacts, ClusterFacts], tuple[str, ...]] = lambda _before, _now: ()
    on_failure: OnFailure = "rollback"
    say: Callable[[str], None] = lambda _: None
    stop_asked: Callable[[], bool] = lambda: False
    forced: bool = False
    beat_s: float = BEAT_S
    verify_timeout_s: float = 120.0
    rollback_budget_s: float = 3600.0
    poll_s: float = 2.0
