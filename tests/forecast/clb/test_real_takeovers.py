"""Small worlds that one real CCM made and another took over: each write, label and event is forecast, no other.

The cloud of these worlds was a stand-in that checks nothing; the Services, nodes and edits are random.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.forecast.corpus import load_world
from upgrader.forecast import forecast
from upgrader.forecast.hash import HASH_LABEL
from upgrader.matrix.load import load_matrix
from upgrader.model.forecast import Forecast
from upgrader.model.version import parse_version

WORLDS = sorted(p for p in (Path(__file__).resolve().parents[1] / "worlds").iterdir() if p.is_dir())


def _meta(world: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((world / "meta.json").read_text())
    return found


def _made(world: Path) -> Forecast:
    return forecast(load_world(world), parse_version(_meta(world)["new"]), load_matrix())


@pytest.mark.parametrize("world", WORLDS, ids=lambda p: p.name)
def test_writes(world: Path) -> None:
    seen = {
        (w["service"], f"{w['product']}:{w['action']}", "" if w["action"].startswith("Create") else w["object"])
        for w in json.loads((world / "writes.json").read_text())
    }
    told = {
        (s.key, w.action, "" if ":Create" in w.action else w.object)
        for s in _made(world).services
        for w in s.writes
        if w.effect == "IMMEDIATE"
    }
    assert {"missed": sorted(seen - told), "invented": sorted(told - seen)} == {"missed": [], "invented": []}
    assert seen


@pytest.mark.parametrize("world", WORLDS, ids=lambda p: p.name)
def test_hash_labels(world: Path) -> None:
    after = _meta(world)["labels"]
    before = {s.key: s.metadata.labels.get(HASH_LABEL) for s in load_world(world).services}
    for service in _made(world).services:
        if service.refusal is None and service.key in after:
            assert service.labels.get(HASH_LABEL, (None, before[service.key]))[1] == after[service.key], service.key


@pytest.mark.parametrize("world", WORLDS, ids=lambda p: p.name)
def test_events(world: Path) -> None:
    seen = {key: {tuple(one) for one in events} for key, events in _meta(world)["events"].items()}
    told = {s.key: {(e.type, e.reason) for e in s.events} for s in _made(world).services if s.events}
    assert told == seen
