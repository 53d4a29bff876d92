"""A lab works only on clusters that something happened to, or whose time has come."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from upgrader.adapters.aliyun import connect
from upgrader.lab.agenda import Agenda
from upgrader.lab.clock import LabClock
from upgrader.lab.fleet import fleet
from upgrader.lab.lab import Lab


def test_each_is_told_once_in_its_time() -> None:
    clock = LabClock(held=True)
    agenda = Agenda(clock)
    for name, pause_s in (("b", 5.0), ("a", 2.0), ("c", 9.0), ("c", None), ("b", 3.0)):
        agenda.later(name, pause_s)
    agenda.wake("d")
    assert (agenda.due(), agenda.next_s()) == (("d",), 2.0)
    clock.advance(4)
    assert (agenda.due(), agenda.next_s()) == (("a", "b"), None)
    clock.advance(60)
    assert agenda.due() == ()


def test_a_read_moves_nobody_and_a_write_moves_its_own_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    with Lab(fleet(clusters=6, services=1, seed=1)) as lab:
        for name, value in lab.environment.items():
            monkeypatch.setenv(name, value)
        cloud = connect(endpoint=lab.url).reader
        cloud.clusters()
        worked: list[str] = []
        for one in lab.clusters.values():
            monkeypatch.setattr(one, "work", partial(_noted, worked, one.id, one.work))
        cloud.clusters()
        assert worked == []
        own = lab.cluster("fleet-0003")
        lab.run(lambda: own.local.merge("services", "svc-0", "default", {"metadata": {"labels": {"moved": "1"}}}))
        cloud.clusters()
        assert worked == [own.id]


def _noted(worked: list[str], id_: str, work: Callable[[float], float | None], limit_s: float) -> float | None:
    worked.append(id_)
    return work(limit_s)
