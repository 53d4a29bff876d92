"""A run is killed, interrupted, fenced out, or finds its journal cut: what it did stays known, nothing is doubled."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.execute.world import DOCUMENT, IMAGE, NEW, OLD, Crash, World, engine, entries
from upgrader import codec
from upgrader.execute.backup import Backup, load_backup
from upgrader.execute.journal import JOURNAL, FileStore
from upgrader.execute.lock import LEASE
from upgrader.model.errors import InputError, LockedError, StaleError
from upgrader.model.run import RunVerdict

BACK = ["patch DaemonSet", "untag", "set default", "delete version"]


def mine(world: World) -> list[str]:
    return [w for w in world.writes if w != "lock"]


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("side", ["before", "after"])
def test_killed_at_any_write_of_a_rollback_resume_goes_on_backwards(tmp_path: Path, at: int, side: str) -> None:
    world = World()
    before = world.fingerprint()
    engine(world, tmp_path).apply()
    world.writes.clear()
    world.crash_at = (at, side)
    with pytest.raises(Crash):
        engine(world, tmp_path, create=False).rollback()
    run = engine(world, tmp_path, create=False).resume()
    assert (run.state, run.left) == ("ROLLED_BACK", ())
    assert world.fingerprint() == before
    assert mine(world) == BACK
    assert set(world.versions) == {"v1"}


@pytest.mark.parametrize("at", range(3))
def test_killed_while_a_failure_rolls_back_resume_does_not_go_forwards(tmp_path: Path, at: int) -> None:
    world = World()
    before = world.fingerprint()
    world.image_breaks = True
    world.crash_at = (3 + at, "after")
    with pytest.raises(Crash):
        engine(world, tmp_path).apply()
    run = engine(world, tmp_path, create=False).resume()
    assert run.state == "ROLLED_BACK"
    assert "ImagePullBackOff" in run.cause
    assert world.fingerprint() == before


def test_a_zombie_neither_writes_nor_rolls_back(tmp_path: Path) -> None:
    world = World()

    def taken_over(text: str) -> None:
        if text.startswith("step 2"):
            world.clock.sleep(61)
            engine(world, tmp_path / "other", run="run-2", nonce="n2").lock.take("n2")

    with pytest.raises(LockedError, match="lost its lock"):
        engine(world, tmp_path, say=taken_over).apply()
    assert mine(world) == ["create version"]
    run = engine(world, tmp_path, create=False).run()
    assert (run.state, run.steps[0].state, run.steps[1].state) == ("STALLED", "done", "intent")


def test_the_heart_beats_while_the_run_waits(tmp_path: Path) -> None:
    world = World()
    beats = threading.Event()
    run = engine(world, tmp_path, beat_s=0.01)
    beat = run.lock.beat

    def counted() -> None:
        beat()
        if threading.current_thread().name == "lease-heartbeat":
            beats.set()

    run.lock.beat = counted  # type: ignore[method-assign]
    look = run.session.look
    run.session.look = lambda: (beats.wait(10), look())[1]
    assert run.apply().state == "SUCCEEDED"
    assert beats.is_set()


def test_two_processes_on_one_machine_do_not_even_ask_the_cluster(tmp_path: Path) -> None:
    world = World()
    first = engine(world, tmp_path)
    with first._alone(), pytest.raises(LockedError, match="another process on this machine"):
        engine(world, tmp_path, run="run-2", nonce="n2").apply()
    assert world.writes == []


def test_a_journal_that_was_cut_after_a_whole_line_is_found_out(tmp_path: Path) -> None:
    world = World()
    world.crash_at = (2, "after")
    with pytest.raises(Crash):
        engine(world, tmp_path).apply()
    path = tmp_path / "run-1" / JOURNAL
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert FileStore(tmp_path, "run-1").entries()
    with pytest.raises(InputError, match="the cluster remembers"):
        engine(world, tmp_path, create=False).resume()


def test_reading_a_journal_leaves_a_torn_line_to_its_writer(tmp_path: Path) -> None:
    world = World()
    engine(world, tmp_path).apply()
    path = tmp_path / "run-1" / JOURNAL
    with path.open("ab") as file:
        file.write(b'{"half')
    torn = path.read_bytes()
    store = FileStore(tmp_path, "run-1")
    store.entries()
    assert store.torn
    assert path.read_bytes() == torn


def test_the_second_ctrl_c_stops_at_once_and_says_what_is_unfinished(tmp_path: Path) -> None:
    world = World()
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        if text.startswith("step 2"):
            world.sick["tag"] = [KeyboardInterrupt()]  # type: ignore[list-item]

    with pytest.raises(KeyboardInterrupt):
        engine(world, tmp_path, say=say).apply()
    run = engine(world, tmp_path, create=False).run()
    assert (run.state, run.interrupted, run.next_command) == ("PAUSED", True, "ccm-upgrade resume run-1")
    assert said[-1] == "interrupted in the middle of tag; go on with ccm-upgrade resume run-1"
    assert world.objects[f"Lease/{LEASE.namespace}/{LEASE.name}"]["spec"]["holderIdentity"] == ""
    assert engine(world, tmp_path, create=False).resume().state == "SUCCEEDED"


def test_a_rollback_can_be_interrupted_and_resumed_too(tmp_path: Path) -> None:
    world = World()
    before = world.fingerprint()
    engine(world, tmp_path).apply()
    world.writes.clear()
    run = engine(world, tmp_path, create=False, stop_asked=lambda: bool(mine(world))).rollback()
    assert (run.state, run.interrupted, mine(world)) == ("PAUSED", True, BACK[:1])
    assert engine(world, tmp_path, create=False).resume().state == "ROLLED_BACK"
    assert (world.fingerprint(), mine(world)) == (before, BACK)


def test_a_step_that_failed_is_not_skipped_after_a_pause(tmp_path: Path) -> None:
    world = World()
    world.image_breaks = True
    assert engine(world, tmp_path, on_failure="pause").apply().state == "PAUSED"
    assert engine(world, tmp_path, create=False, on_failure="pause").resume().state == "PAUSED"
    world.image_breaks = False
    assert engine(world, tmp_path, create=False).resume().state == "SUCCEEDED"
    assert mine(world) == ["create version", "tag", "patch DaemonSet"]


def test_a_rollback_that_harms_is_refused_and_pauses_a_failure(tmp_path: Path) -> None:
    world = World()
    engine(world, tmp_path).apply()
    back = engine(world, tmp_path, create=False, way_back=lambda before, now: ("CCM061 a/new: an NLB",))
    with pytest.raises(Exception, match="CCM061") as caught:
        back.rollback()
    assert getattr(caught.value, "exit_code", 0) == 3
    assert world.image() == IMAGE + NEW
    forced = engine(world, tmp_path, create=False, way_back=lambda before, now: ("CCM061",), forced=True)
    assert forced.rollback().state == "ROLLED_BACK"
    world = World()
    world.image_breaks = True
    run = engine(world, tmp_path, run="run-2", way_back=lambda before, now: ("CCM061",)).apply()
    assert (run.state, "no rollback by itself" in run.cause) == ("PAUSED", True)


def test_a_rollback_that_does_not_verify_is_told_as_partly(tmp_path: Path) -> None:
    world = World()
    engine(world, tmp_path).apply()
    back = engine(world, tmp_path, create=False)
    back.session.judge = lambda before, version, since: RunVerdict(outcome="INCONCLUSIVE")
    run = back.rollback()
    assert run.state == "PARTLY_ROLLED_BACK"
    assert "could not be verified" in run.left[0]


def test_the_rollbacks_budget_is_kept_and_what_is_left_is_told(tmp_path: Path) -> None:
    world = World()
    engine(world, tmp_path).apply()
    run = engine(world, tmp_path, create=False, rollback_budget_s=-1.0).rollback()
    assert run.state == "PARTLY_ROLLED_BACK"
    assert len(run.left) == 3
    assert all("time for the rollback is up" in text for text in run.left)
    assert engine(world, tmp_path, create=False).rollback().state == "ROLLED_BACK"


def test_a_backup_alone_is_enough(tmp_path: Path) -> None:
    from upgrader.cli.stored import stored_backup

    world = World()
    before = world.fingerprint()
    engine(world, tmp_path).apply()
    saved = tmp_path / "kept.json"
    saved.write_bytes((tmp_path / "run-1" / "backup.json").read_bytes())
    backup = codec.decode(saved.read_bytes(), Backup, where="kept")
    run = engine(world, tmp_path / "elsewhere", run="back-1").rollback_to(backup)
    assert (run.state, run.left) == ("ROLLED_BACK", ())
    assert world.fingerprint() == before
    with pytest.raises(StaleError, match="nothing to undo"):
        engine(world, tmp_path / "elsewhere", run="back-2").rollback_to(backup)
    saved.write_bytes(saved.read_bytes().replace(OLD.encode(), NEW.encode(), 1))
    with pytest.raises(InputError, match="checksum"):
        stored_backup(tmp_path, str(saved))


def test_a_backup_leaves_what_somebody_changed_since(tmp_path: Path) -> None:
    world = World()
    engine(world, tmp_path).apply()
    world.lb = world.lb.__class__(kind="clb", id="lb-1", address="1.2.3.4", tags={"k": "theirs"})
    run = engine(world, tmp_path / "elsewhere", run="back-1").rollback_to(_backup(tmp_path))
    assert run.state == "PARTLY_ROLLED_BACK"
    assert any("lb-1: somebody changed" in text for text in run.left)
    assert world.lb.tags == {"k": "theirs"}
    assert world.image() == IMAGE + OLD
    assert world.versions[world.default] != DOCUMENT


def test_a_kill_in_a_rollback_to_a_backup_never_goes_forwards(tmp_path: Path) -> None:
    world = World()
    before = world.fingerprint()
    engine(world, tmp_path).apply()
    backup = _backup(tmp_path)
    world.writes.clear()
    world.crash_at = (0, "after")
    with pytest.raises(Crash):
        engine(world, tmp_path / "elsewhere", run="back-1").rollback_to(backup)
    run = engine(world, tmp_path / "elsewhere", run="back-1", create=False).resume()
    assert run.state == "ROLLED_BACK"
    assert world.fingerprint() == before
    assert "rollback-started" in {e.event for e in entries(tmp_path / "elsewhere", "back-1")}


def _backup(tmp_path: Path) -> Backup:
    return load_backup(engine(World(), tmp_path, create=False).session)
