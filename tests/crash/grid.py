"""The kill grid: a process dies at each point of a run, the next ones resume it, and the lab says what was written."""

from __future__ import annotations

import json
import multiprocessing
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tests.crash.attempt import Attempt, again, carry_out
from tests.e2e.conftest import quick
from upgrader import codec, pipeline
from upgrader.adapters.aliyun import connect as connect_cloud
from upgrader.adapters.kube import connect as connect_cluster
from upgrader.cli.origins import Connections, Origin, look
from upgrader.lab.lab import Lab
from upgrader.lab.scenario import load_scenario
from upgrader.matrix.load import load_matrix
from upgrader.model.plan import Plan
from upgrader.model.version import parse_version
from upgrader.ports.clock import SystemClock

TARGET = "v2.14.0"
SCENARIOS = ("dedicated-flannel", "managed-terway", "self-managed", "demo", "upgrade-deployment")
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.crash.warm"])
TIMEOUT_S = 120


class Outcome(Struct, frozen=True, kw_only=True):
    """How a run ended after so many deaths, what was written in all, and how the world looks."""

    state: str
    cause: str
    left: tuple[str, ...]
    writes: Counter[str]
    world: Any
    points: int
    deaths: int


class Grid:
    """One scenario, served in this process; each attempt is a process of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        self.folder = folder
        self.lab = Lab(quick(load_scenario(name))).start()
        self.kind = self.lab.cluster().spec.kind
        self.plan = self._plan()
        self.fresh = self.lab.snapshot()
        self.before = self.lab.run(self._world)

    def close(self) -> None:
        """End the lab."""
        self.lab.stop()

    def apply(self, kill_at: tuple[int, ...] = ()) -> Outcome:
        """Apply on the fresh world; dies at the first point, the resuming processes at the next ones."""
        self.reset_fresh()
        return self._through("apply", kill_at)

    def reset_fresh(self) -> None:
        """The world as it was before anything, no run, nothing written yet."""
        self._reset(self.fresh, None)

    def applied(self) -> Outcome:
        """A whole apply, whose world and run are kept: there a rollback begins."""
        whole = self.apply()
        self.done = self.lab.snapshot()
        shutil.copytree(self.folder / "runs", self.folder / "kept", dirs_exist_ok=True)
        return whole

    def rollback(self, kill_at: tuple[int, ...] = ()) -> Outcome:
        """Roll the whole apply back; dies like `apply`."""
        self._reset(self.done, self.folder / "kept")
        return self._through("rollback", kill_at)

    def _through(self, verb: str, kill_at: tuple[int, ...]) -> Outcome:
        first = self.attempt(verb)
        deaths, found = 0, self._one(again(first, verb, kill_at[0] if kill_at else 0))
        for point in (*kill_at[1:], 0):
            if found is not None:
                break
            deaths += 1
            found = self._one(again(first, self._next(verb), point))
        assert found is not None, "the last attempt died although nobody killed it"
        return self.outcome(found, deaths)

    def outcome(self, said: dict[str, Any], deaths: int) -> Outcome:
        """What the last process said, beside what the lab has seen."""
        return Outcome(
            state=said["state"], cause=said["cause"], left=tuple(said.get("left", ())), writes=self.writes(),
            world=self.lab.run(self._world), points=said["points"], deaths=deaths,
        )  # fmt: skip

    def attempt(self, verb: str, **more: Any) -> Attempt:
        """An attempt of this grid: nobody kills it."""
        base = Attempt(
            verb=verb, environment=self.lab.environment, home=str(self.folder / "runs"), kind=self.kind,
            out=str(self.folder / "out.json"), plan=codec.encode(self.plan),
        )  # fmt: skip
        return replace(base, **more)

    def process(self, attempt: Attempt) -> Any:
        """The attempt's process, begun."""
        process = FORKS.Process(target=carry_out, args=(attempt,))
        process.start()
        return process

    def _next(self, verb: str) -> str:
        """A rollback that had not written that it began is asked for again, by its user."""
        if verb != "rollback":
            return "resume"
        journal = (self.folder / "runs" / "run-1" / "journal.jsonl").read_text(encoding="utf-8")
        return "resume" if "rollback-started" in journal else "rollback"

    def _one(self, attempt: Attempt) -> dict[str, Any] | None:
        """The attempt's outcome; None when it was killed."""
        out = Path(attempt.out)
        out.unlink(missing_ok=True)
        process = self.process(attempt)
        process.join(TIMEOUT_S)
        if process.exitcode == -9:
            return None
        assert process.exitcode == 0, f"{attempt.verb} ended with {process.exitcode}"
        found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        return found

    def _reset(self, world: bytes, runs: Path | None) -> None:
        self.lab.restore(world)
        # A restored lab goes on at its own old time; our processes and its events must agree on the hour.
        self.lab.run(lambda: self.lab.cloud.clock.set_to(SystemClock().now()))
        self.lab.settle()
        self.lab.cloud.journal.clear()
        self.lab.cluster().api.journal.clear()
        shutil.rmtree(self.folder / "runs", ignore_errors=True)
        if runs is not None:
            shutil.copytree(runs, self.folder / "runs")

    def writes(self) -> Counter[str]:
        """Every write of ours that took effect, but for those of the lock."""
        cloud = [
            f"{r.product}:{r.action} {sorted((k, v) for k, v in r.params.items() if k in _TOLD)}"
            for r in self.lab.cloud.journal.requests(writes=True)
            if not r.caller.startswith("role/") and (r.status == 200 or r.landed)
        ]
        cluster = [
            f"{r.action} {r.params.get('name', '')}"
            for r in self.lab.cluster().api.journal.requests(writes=True)
            if r.landed and not r.action.endswith(" leases")
        ]
        return Counter((*cloud, *cluster))

    def _world(self) -> Any:
        """What a run changes and a rollback brings back."""
        world, cluster = self.lab.cloud.world, self.lab.cluster()
        workload = cluster.local.get(
            f"{cluster.spec.workload.lower()}s", "cloud-controller-manager", "kube-system", "apps"
        )
        return {
            "template": workload and workload["spec"]["template"],
            "replicas": workload and workload["spec"].get("replicas"),
            "ccm": str(cluster.ccm.version),
            "tags": {lb.id: dict(sorted(lb.tags.items())) for lb in world.slb.load_balancers.values()},
            "weights": {group.id: [b.weight for b in group.backends] for group in world.slb.groups.values()},
            "policies": {
                p.name: (p.default, {v.id: v.document for v in p.versions.values()})
                for p in world.ram.policies.values()
            },
        }

    def _plan(self) -> Plan:
        import os

        os.environ.update(self.lab.environment)
        cloud = connect_cloud(endpoint=self.lab.url)
        origin = Origin(kind=self.kind if self.kind == "self-managed" else None)
        facts = look(origin, Connections(cluster=connect_cluster(), cloud=cloud))
        return pipeline.make_plan(facts, parse_version(TARGET), load_matrix(), now=SystemClock().now())


_TOLD = ("PolicyName", "VersionId", "ResourceId.1", "Tag.1.Key", "TagKey.1", "ClusterId", "TaskId")
