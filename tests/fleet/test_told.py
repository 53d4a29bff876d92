"""What a person is told of a run: who did not succeed and why, that nobody works on it, that it is still alive."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.test_ledger import HeldClock, begin
from upgrader.cli import fleet_live
from upgrader.cli.fleet_control import OTHERS_SHOWN, status_text
from upgrader.fleet.admission import Admission
from upgrader.fleet.control import Control, Workers
from upgrader.fleet.ledger import Ledger
from upgrader.fleet.status import status_of


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
