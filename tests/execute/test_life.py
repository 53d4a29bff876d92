"""A cluster's life in any order: apply, crash, resume, drift, cancel, roll back. Some things hold whatever happens."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.execute.world import DOCUMENT, IMAGE, NEW, OLD, Crash, World, engine
from upgrader.execute.engine import Engine
from upgrader.execute.journal import FileStore, runs_in
from upgrader.model.errors import CcmUpgradeError
from upgrader.model.run import Run, RunVerdict

THEIRS = IMAGE + "v2.13.9-theirs"
DEATHS = st.one_of(st.none(), st.tuples(st.integers(0, 8), st.sampled_from(["before", "after"])))
PATIENCE = st.one_of(st.none(), st.integers(0, 6))


class Life(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.folder = Path(tempfile.mkdtemp(prefix="life-"))
        self.number = 0
        self.alive = self.foreign_tag = False

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def go(
        self, way: Callable[[Engine], Run], death: tuple[int, str] | None, patience: int | None, *, create: bool = False
    ) -> None:
        """One process: it may die at a write, or be asked to stop after some."""
        mine = len([w for w in self.world.writes if w != "lock"])
        self.world.crash_at = (mine + death[0], death[1]) if death else None

        def tired() -> bool:
            return patience is not None and len([w for w in self.world.writes if w != "lock"]) - mine >= patience

        try:
            made = engine(self.world, self.folder, run=f"run-{self.number}", nonce=f"n{self.number}", create=create,
                          stop_asked=tired)  # fmt: skip
            self.ended(way(made))
        except (Crash, CcmUpgradeError):
            self.world.crash_at = None
            self.world.clock.sleep(61)
        self.world.crash_at = None

    def unfinished(self) -> bool:
        """Whether the last run began to change things and came to no end: it is resumed or rolled back first."""
        if not self.alive:
            return False
        run = engine(self.world, self.folder, run=f"run-{self.number}", create=False).run()
        begun = any(step.state in ("intent", "done", "failed") for step in run.steps)
        return begun and run.state not in ("SUCCEEDED", "ROLLED_BACK")

    def ended(self, run: Run) -> None:
        if run.state == "SUCCEEDED":
            assert self.world.image() in (IMAGE + NEW, THEIRS)
            assert self.world.lb.tags.get("k") in ("v", "theirs")
        elif run.state == "ROLLED_BACK":
            assert run.left == ()
            assert self.world.image() in (IMAGE + OLD, THEIRS)
            assert self.world.lb.tags.get("k") in (None, "theirs")
            assert DOCUMENT not in self.world.versions.values()
        elif run.state == "PARTLY_ROLLED_BACK":
            assert run.left
        else:
            assert run.cause

    @precondition(lambda self: not self.unfinished())
    @rule(
        death=DEATHS, patience=PATIENCE, breaks=st.booleans(), verdict=st.sampled_from(["PASS", "FAIL", "INCONCLUSIVE"])
    )
    def apply(self, death: tuple[int, str] | None, patience: int | None, breaks: bool, verdict: str) -> None:
        self.number += 1
        self.alive = True
        self.world.image_breaks = breaks
        self.world.verdict = RunVerdict(outcome=verdict, problems=("p",) if verdict == "FAIL" else ())  # type: ignore[arg-type]
        self.go(Engine.apply, death, patience, create=True)

    @precondition(lambda self: self.alive)
    @rule(death=DEATHS, patience=PATIENCE, mended=st.booleans())
    def resume(self, death: tuple[int, str] | None, patience: int | None, mended: bool) -> None:
        if mended:
            self.world.image_breaks, self.world.verdict = False, RunVerdict(outcome="PASS")
        self.go(Engine.resume, death, patience)

    @precondition(lambda self: self.alive)
    @rule(death=DEATHS, patience=PATIENCE)
    def rollback(self, death: tuple[int, str] | None, patience: int | None) -> None:
        self.go(Engine.rollback, death, patience)

    @rule()
    def somebody_tags(self) -> None:
        self.world.lb = self.world.lb.__class__(kind="clb", id="lb-1", address="1.2.3.4", tags={"k": "theirs"})
        self.foreign_tag = True

    @rule()
    def somebody_sets_the_image(self) -> None:
        self.world.put_workload(THEIRS)

    @rule()
    def somebody_settles_it(self) -> None:
        """A person puts the old world back; what runs still hold open is theirs to give up."""
        crashed = self.world
        self.world = World()
        self.world.objects = {**crashed.objects, **self.world.objects}
        self.world.clock = crashed.clock
        self.alive = self.foreign_tag = False

    @invariant()
    def what_is_theirs_stays(self) -> None:
        if self.foreign_tag:
            assert self.world.lb.tags == {"k": "theirs"}

    @invariant()
    def nothing_is_made_twice(self) -> None:
        assert sum(one == DOCUMENT for one in self.world.versions.values()) <= 1
        assert self.world.default in self.world.versions

    @invariant()
    def the_load_balancer_is_the_same(self) -> None:
        assert (self.world.lb.id, self.world.lb.address) == ("lb-1", "1.2.3.4")

    @invariant()
    def every_journal_is_whole(self) -> None:
        for run in runs_in(self.folder):
            FileStore(self.folder, run).entries()


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=8, stateful_step_count=8, deadline=None)
