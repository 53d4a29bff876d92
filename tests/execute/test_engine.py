"""A run does each write once, stops where it must, and puts back what it did."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.execute.world import DOCUMENT, IMAGE, NEW, OLD, Crash, World, engine, entries
from upgrader.execute.lock import LEASE
from upgrader.model.errors import DeniedError, LockedError, RefusedError, StaleError, TransientError
from upgrader.model.run import RunVerdict

ALL = ["create version", "tag", "patch DaemonSet"]


def mine(world: World) -> list[str]:
    return [w for w in world.writes if w != "lock"]


def test_a_healthy_run_does_every_step_once_and_verifies(tmp_path: Path) -> None:
    world = World()
    run = engine(world, tmp_path).apply()
    assert run.state == "SUCCEEDED"
    assert mine(world) == ALL
    assert world.fingerprint() == (IMAGE + NEW, {"k": "v"}, DOCUMENT)
    assert [s.state for s in run.steps] == ["done"] * 3
    assert world.objects[f"Lease/{LEASE.namespace}/{LEASE.name}"]["spec"]["holderIdentity"] == ""


def test_nothing_is_written_before_lock_fresh_look_and_backup(tmp_path: Path) -> None:
    world = World()
    engine(world, tmp_path).apply()
    events = [e.event for e in entries(tmp_path)]
    assert events[:4] == ["run-started", "locked", "facts-match", "backup"]
    assert events.index("backup") < events.index("intent")
    assert (tmp_path / "run-1" / "backup.json").stat().st_mode & 0o777 == 0o600


def test_a_moved_world_is_stale_and_untouched(tmp_path: Path) -> None:
    world = World()
    world.put_workload(IMAGE + "v2.12.4")
    with pytest.raises(StaleError, match="the world moved"):
        engine(world, tmp_path).apply()
    assert mine(world) == []


def test_a_plan_is_used_once(tmp_path: Path) -> None:
    world = World()
    engine(world, tmp_path).apply()
    with pytest.raises(StaleError, match="already applied"):
        engine(world, tmp_path, run="run-2").apply()


def test_a_held_cluster_is_locked_and_says_by_whom(tmp_path: Path) -> None:
    world = World()
    engine(world, tmp_path).lock.take("other")
    with pytest.raises(LockedError, match="run run-1 holds this cluster"):
        engine(world, tmp_path, run="run-2", nonce="n2").apply()


def test_a_dead_owners_lock_expires_and_the_zombie_is_fenced(tmp_path: Path) -> None:
    world = World()
    zombie = engine(world, tmp_path)
    zombie.lock.take("n1")
    world.clock.sleep(61)
    assert engine(world, tmp_path, run="run-2", nonce="n2").apply().state == "SUCCEEDED"
    with pytest.raises(LockedError, match="lost its lock"):
        zombie.hands.cloud.tag("lb-1", {"x": "y"})
    assert "x" not in world.lb.tags


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize("side", ["before", "after"])
def test_killed_at_any_write_and_resumed_no_write_is_lost_or_doubled(tmp_path: Path, at: int, side: str) -> None:
    world = World()
    world.crash_at = (at, side)
    with pytest.raises(Crash):
        engine(world, tmp_path).apply()
    world.clock.sleep(61)
    run = engine(world, tmp_path, create=False).resume()
    assert run.state == "SUCCEEDED"
    assert mine(world) == ALL
    assert world.fingerprint() == (IMAGE + NEW, {"k": "v"}, DOCUMENT)


def test_a_failed_step_puts_everything_back(tmp_path: Path) -> None:
    world = World()
    before = world.fingerprint()
    world.image_breaks = True
    run = engine(world, tmp_path).apply()
    assert run.state == "ROLLED_BACK"
    assert "ImagePullBackOff" in run.cause
    assert world.fingerprint() == before
    assert [s.state for s in run.steps] == ["undone"] * 3


def test_a_failed_verification_rolls_back_and_an_inconclusive_one_pauses(tmp_path: Path) -> None:
    world = World()
    before = world.fingerprint()
    world.verdict = RunVerdict(outcome="FAIL", problems=("weights",))
    assert engine(world, tmp_path).apply().state == "ROLLED_BACK"
    assert world.fingerprint() == before
    world = World()
    world.verdict = RunVerdict(outcome="INCONCLUSIVE", problems=("no events",))
    run = engine(world, tmp_path, run="run-2").apply()
    assert run.state == "PAUSED"
    assert world.image() == IMAGE + NEW
    world.verdict = RunVerdict(outcome="PASS")
    assert engine(world, tmp_path, run="run-2", create=False).resume().state == "SUCCEEDED"
    assert mine(world) == ALL


@pytest.mark.parametrize("at", range(3))
def test_what_somebody_changed_since_is_left_and_told(tmp_path: Path, at: int) -> None:
    world = World()
    engine(world, tmp_path).apply()
    world.lb = world.lb.__class__(kind="clb", id="lb-1", address="1.2.3.4", tags={"k": "theirs"})
    run = engine(world, tmp_path, create=False).rollback()
    assert run.state == "PARTLY_ROLLED_BACK"
    assert any("lb-1: somebody changed" in text for text in run.left)
    assert world.lb.tags == {"k": "theirs"}
    assert world.image() == IMAGE + OLD


def test_on_failure_pause_leaves_everything_and_says_how_to_go_on(tmp_path: Path) -> None:
    world = World()
    world.image_breaks = True
    run = engine(world, tmp_path, on_failure="pause").apply()
    assert run.state == "PAUSED"
    assert "rollback run-1" in run.next_command
    assert world.image() == IMAGE + NEW


def test_throttling_is_tried_again_and_a_denial_is_not(tmp_path: Path) -> None:
    world = World()
    world.sick["tag"] = [TransientError("Throttling.User"), TransientError("Throttling.User")]
    assert engine(world, tmp_path).apply().state == "SUCCEEDED"
    world = World()
    world.sick["tag"] = [DeniedError("no", action="slb:TagResources")]
    run = engine(world, tmp_path, run="run-2").apply()
    assert run.state == "ROLLED_BACK"
    assert world.lb.tags == {}


def test_a_lost_answer_is_settled_by_looking_not_by_sending_again(tmp_path: Path) -> None:
    world = World()

    class LostError(TransientError):
        def __init__(self) -> None:
            world.lb = world.lb.__class__(kind="clb", id="lb-1", address="1.2.3.4", tags={"k": "v"})
            world.writes.append("tag")
            super().__init__("timed out", effect_unknown=True)

    class Once(list[TransientError]):
        def pop(self, index: int = -1) -> TransientError:  # type: ignore[override]
            super().pop(index)
            return LostError()

    world.sick["tag"] = Once([TransientError("placeholder")])  # type: ignore[assignment]
    assert engine(world, tmp_path).apply().state == "SUCCEEDED"
    assert mine(world) == ALL


def test_a_conflict_while_taking_the_lock_is_a_lost_race(tmp_path: Path) -> None:
    world = World()
    engine(world, tmp_path, run="run-0", nonce="n0").lock.take()
    world.clock.sleep(61)
    world.sick["lock"] = [RefusedError("moved", code="Conflict")]
    with pytest.raises(LockedError, match="at this moment"):
        engine(world, tmp_path).apply()
    assert mine(world) == []


def test_ctrl_c_pauses_between_steps_and_resume_goes_on(tmp_path: Path) -> None:
    world = World()
    run = engine(world, tmp_path, stop_asked=lambda: len(mine(world)) >= 1).apply()
    assert run.state == "PAUSED"
    assert mine(world) == ALL[:1]
    assert engine(world, tmp_path, create=False).resume().state == "SUCCEEDED"
    assert mine(world) == ALL
