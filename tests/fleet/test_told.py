"""What a person is told of a run: who did not succeed and why, that nobody works on it, that it is still alive."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.fleet.test_ledger import HeldClock, begin, through_canary
from upgrader.cli import fleet_live
from upgrader.cli.fleet import fleet
from upgrader.cli.fleet_control import OTHERS_SHOWN, status_text
from upgrader.fleet.admission import Admission
from upgrader.fleet.control import Control, Workers, name_of_this_process
from upgrader.fleet.doctor import examine
from upgrader.fleet.ledger import Ledger
from upgrader.fleet.status import status_of
from upgrader.model.errors import InputError


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(f"sqlite:///{tmp_path}/fleet.db", HeldClock())
    begin(ledger, 20)
    yield ledger
    ledger.close()


def told(ledger: Ledger) -> str:
    return status_text(status_of(ledger, "r1"))


def test_a_run_that_nobody_works_on_says_so_and_how_to_go_on(ledger: Ledger) -> None:
    assert "nobody works on it now" in told(ledger)
    assert told(ledger).endswith("next: ccm-upgrade fleet resume r1\n")
    Workers(ledger).beat("r1", "w")
    assert status_of(ledger, "r1").workers == 1
    assert "nobody works" not in told(ledger)
    assert "fleet resume" not in told(ledger)
    Control(ledger).set_state("r1", "PAUSED", who="ann", why="lunch")
    assert told(ledger).endswith("next: ccm-upgrade fleet resume r1\n")


def test_all_that_did_not_succeed_are_told_with_their_reason(ledger: Ledger) -> None:
    for number in range(2):
        claim = Admission(ledger).claim("r1", "w")
        assert claim is not None
        Admission(ledger).finish(claim, "failed" if number else "unknown", f"reason {number}")
    text = told(ledger)
    assert "first failure: prod-1: reason 1" in text
    assert "unknown: prod-0: reason 0" in text
    for number in range(2, 2 + OTHERS_SHOWN):
        Control(ledger).skip("r1", f"c{number:04}", who="ann", why="its team asked")
    assert f"skipped: prod-{OTHERS_SHOWN}: its team asked" in told(ledger)
    assert "and 1 more: ccm-upgrade fleet report r1" in told(ledger)


def test_plain_lines_are_never_silent_for_long(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fleet_live, "PULSE_S", 0.01)
    claim = Admission(ledger).claim("r1", "w")
    assert claim is not None
    Admission(ledger).progress(claim, "waiting for pods")
    heard = ""
    with fleet_live.shown(ledger, "r1"):
        for _ in range(1000):
            heard += capsys.readouterr().err
            if heard:
                break
            threading.Event().wait(0.01)
    assert "RUNNING: 0 failed and 1 in flight of" in heard
    assert "prod-0: waiting for pods" in heard


def test_who_paused_is_told(ledger: Ledger) -> None:
    Control(ledger).set_state("r1", "PAUSED", who="ann", why="lunch")
    assert "because: paused by ann: lunch" in told(ledger)


def test_the_step_that_failed_is_told_once(ledger: Ledger) -> None:
    claim = Admission(ledger).claim("r1", "w")
    assert claim is not None
    Admission(ledger).progress(claim, "putting the old version back")
    Admission(ledger).finish(claim, "rolled-back", "a listener is gone", "verification")
    first = status_of(ledger, "r1").first_failure
    assert first is not None
    assert first.step == "verification"
    assert "first failure: prod-0: at verification: a listener is gone" in told(ledger)


def test_a_killed_worker_of_this_host_is_at_work_no_more(ledger: Ledger) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    Workers(ledger).beat("r1", name_of_this_process())
    assert status_of(ledger, "r1").workers == 1
    Workers(ledger).leave("r1", *Workers(ledger).alive("r1"))
    Workers(ledger).beat("r1", f"{socket.gethostname()}-{ended.pid}-abc")
    assert status_of(ledger, "r1").workers == 0
    Workers(ledger).beat("r1", f"elsewhere-{ended.pid}-abc")
    assert status_of(ledger, "r1").workers == 1


@pytest.mark.parametrize(("cluster", "why"), [("c0000", "is being upgraded now"), ("c9", "is not of this run")])
def test_why_a_cluster_can_not_be_skipped_is_said(ledger: Ledger, cluster: str, why: str) -> None:
    Admission(ledger).claim("r1", "w")
    with pytest.raises(InputError, match=why):
        Control(ledger).skip("r1", cluster, who="ann", why="no")


def test_a_gate_that_was_denied_and_then_approved_asks_for_no_second_approval(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/gated.db", HeldClock())
    begin(ledger, 6, gate=True)
    through_canary(ledger)
    control = Control(ledger)
    with pytest.raises(InputError, match="gates: rest"):
        control.decide("r1", "canary", approve=True, who="ann", why="fine")
    control.decide("r1", "rest", approve=False, who="bob", why="incident")
    assert [one.next_command for one in examine(ledger, "r1")] == [
        "ccm-upgrade fleet approve r1 rest --reason TEXT, then ccm-upgrade fleet resume r1"
    ]
    control.decide("r1", "rest", approve=True, who="bob", why="over")
    assert [one.next_command for one in examine(ledger, "r1")] == ["ccm-upgrade fleet resume r1"]
    ledger.close()


@pytest.mark.parametrize("verb", [["approve", "r1", "rest"], ["pause", "r1"], ["skip", "r1", "c0000"]])
def test_a_blank_reason_is_none(verb: list[str], tmp_path: Path) -> None:
    ended = CliRunner().invoke(fleet, [*verb, "--reason", " ", "--state-dir", str(tmp_path)])
    assert ended.exit_code == 2
    assert "say why" in ended.output


def test_what_an_aborted_run_left_half_done_is_gone_on_with_by_itself(ledger: Ledger) -> None:
    claim = Admission(ledger).claim("r1", "w")
    assert claim is not None
    Admission(ledger).progress(claim, "step 1 of 2", cluster_run="r1.c0000.1-1")
    Control(ledger).set_state("r1", "ABORTED", who="ann", why="wrong target")
    Admission(ledger).finish(claim, "paused", "asked to stop")
    assert [one.next_command for one in examine(ledger, "r1")] == ["ccm-upgrade resume r1.c0000.1-1"]
    assert told(ledger).endswith("next: ccm-upgrade fleet doctor r1\n")
