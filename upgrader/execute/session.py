"""What a run works with: the plan, the world's two sides, time, files, and the stages that are injected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

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

    `stop_asked` is set by the first Ctrl-C: the step under way is finished, then the run pauses.
    """

    plan: Plan
    cluster: ClusterReader
    cloud: CloudReader | None
    cluster_writer: Callable[[Fence], ClusterWriter]
    cloud_writer: Callable[[Fence], CloudWriter]
    clock: Clock
    store: RunStore
    look: Callable[[], ClusterFacts]
    judge: Callable[[ClusterFacts], RunVerdict]
    check_fresh: Callable[[Plan, ClusterFacts], None]
    on_failure: OnFailure = "rollback"
    say: Callable[[str], None] = lambda _: None
    stop_asked: Callable[[], bool] = lambda: False
    verify_timeout_s: float = 120.0
    poll_s: float = 2.0
