"""The forecast against what real CCMs wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.forecast.corpus import WORLDS, comparable, load_world, observed_writes
from upgrader.forecast import forecast
from upgrader.forecast.hash import HASH_LABEL
from upgrader.matrix.load import load_matrix
from upgrader.model.version import parse_version

pytestmark = pytest.mark.skipif(not WORLDS, reason="the observed worlds are not beside the project")


@pytest.mark.parametrize("world", WORLDS, ids=lambda p: p.name)
def test_every_write_is_forecast_and_nothing_else(world: Path) -> None:
    target = parse_version(json.loads((world / "meta.json").read_text())["new"])
    made = forecast(load_world(world), target, load_matrix())
    expected = {
        (service.key, write.action, comparable(write.action, write.object))
        for service in made.services
        for write in service.writes
        if write.effect == "IMMEDIATE"
    }
    seen = observed_writes(world)
    assert {"missed": sorted(seen - expected), "invented": sorted(expected - seen)} == {"missed": [], "invented": []}


@pytest.mark.parametrize("world", WORLDS, ids=lambda p: p.name)
def test_hash_labels_are_forecast(world: Path) -> None:
    target = parse_version(json.loads((world / "meta.json").read_text())["new"])
    after = {s.key: s.metadata.labels.get(HASH_LABEL) for s in load_world(world, "after").services}
    before = {s.key: s.metadata.labels.get(HASH_LABEL) for s in load_world(world).services}
    for service in forecast(load_world(world), target, load_matrix()).services:
        if service.refusal is None and service.lb is not None:
            wanted = service.labels.get(HASH_LABEL, (None, before[service.key]))[1]
            assert wanted == after[service.key], service.key


@pytest.mark.parametrize("world", WORLDS, ids=lambda p: p.name)
def test_a_forecast_on_the_world_after_is_empty(world: Path) -> None:
    target = parse_version(json.loads((world / "meta.json").read_text())["new"])
    made = forecast(load_world(world, "after"), target, load_matrix())
    left = [(s.key, w.action, w.object) for s in made.services for w in s.writes if w.effect == "IMMEDIATE"]
    assert left == []
