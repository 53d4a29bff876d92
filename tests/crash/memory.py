"""The kill grid without a server: a world in a file, so that a thousand processes can die in a minute or two.

Each process loads the world, works on it by the real engine and journal, and saves it with every write that lands.
"""

from __future__ import annotations

import os
import pickle
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from tests.crash.attempt import Points, Store, Writer
from tests.execute.world import Crash, World, session
from upgrader.execute.engine import Engine
from upgrader.model.errors import CcmUpgradeError

WAYS = ("apply", "failing apply", "rollback")


class End(Struct, frozen=True, kw_only=True):
    """How a run ended: its state (or the error's name), every write in order but the lock's, the world, the points."""

    state: str
    writes: tuple[str, ...]
    world: Any
    points: int
    deaths: int


class MemoryGrid:
    """A folder with the world and its run."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "world"
        self.before = World().fingerprint()

    def run(self, way: str, kill_at: tuple[int, ...] = ()) -> End:
        """One way to its end; each process but the last dies at its point."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        world = World()
        world.image_breaks = way == "failing apply"
        if way == "rollback":
            Engine(session(world, self.folder)).apply()
            world.writes.clear()
        self._save(world)
        verb, deaths = ("rollback" if way == "rollback" else "apply"), 0
        for point in (*kill_at, 0):
            if self._process(verb, point):
                break
            deaths += 1
            verb = self._next(way)
        state, points = (self.folder / "out").read_text(encoding="utf-8").split()
        found = self._load()
        writes = tuple(write for write in found.writes if write != "lock")
        return End(state=state, writes=writes, world=found.fingerprint(), points=int(points), deaths=deaths)

    def _next(self, way: str) -> str:
        """Who was killed before the journal knew anything begins again."""
        journal = self.folder / "run-1" / "journal.jsonl"
        text = journal.read_text(encoding="utf-8") if journal.exists() else ""
        if way == "rollback":
            return "resume" if "rollback-started" in text else "rollback"
        return "resume" if text.count("\n") else "apply"

    def _process(self, verb: str, kill_at: int) -> bool:
        """Whether the process came to its end; False when it was killed."""
        pid = os.fork()
        if pid == 0:
            try:
                self._child(verb, kill_at)
            finally:
                os._exit(0)
        _, status = os.waitpid(pid, 0)
        return not os.WIFSIGNALED(status)

    def _child(self, verb: str, kill_at: int) -> None:
        world, points = self._load(), Points(kill_at)
        made = session(world, self.folder, create=verb == "apply")
        store = Store(self.folder, "run-1", create=verb == "apply")
        store.points = points
        cluster, cloud = made.cluster_writer, made.cloud_writer
        made.store = store
        made.cluster_writer = lambda fence: Writer(_Saved(cluster(fence), world, self._save), points)
        made.cloud_writer = lambda fence: Writer(_Saved(cloud(fence), world, self._save), points)
        try:
            state = getattr(Engine(made), verb)().state
        except (CcmUpgradeError, Crash) as error:
            state = type(error).__name__
        (self.folder / "out").write_text(f"{state} {points.passed}", encoding="utf-8")

    def _load(self) -> World:
        found: World = pickle.loads(self.file.read_bytes())
        return found

    def _save(self, world: World) -> None:
        new = self.file.with_suffix(".new")
        new.write_bytes(pickle.dumps(world))
        new.replace(self.file)


class _Saved:
    """A writer whose effects are in the file when it returns."""

    def __init__(self, inner: Any, world: World, save: Callable[[World], None]) -> None:
        self._inner, self._world, self._save = inner, world, save

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._inner, name)

        def call(*args: Any, **more: Any) -> Any:
            try:
                return method(*args, **more)
            finally:
                self._save(self._world)

        return call


def chains(whole: End, chance: random.Random, more: int = 6, later: int = 25) -> Iterator[tuple[int, ...]]:
    """Every point, each followed by some deaths of the resuming processes."""
    for point in range(1, whole.points + 1):
        yield (point, *(chance.randint(1, later) for _ in range(more)))


def same(found: End, whole: End, before: Any) -> bool:
    """As a run that nobody killed; or, killed before its first write, nothing written at all."""
    if found.state in ("StaleError", "AbsentError"):
        return found.writes == () and bool(found.world == before)
    return (found.state, found.writes, found.world) == (whole.state, whole.writes, whole.world)
