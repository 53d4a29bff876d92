"""Plans from what kubectl printed of a real CCM's Services, where the reference worlds are at hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from upgrader import pipeline
from upgrader.discover.files import read_files
from upgrader.discover.said import Said
from upgrader.matrix.load import load_matrix
from upgrader.model.plan import Plan
from upgrader.model.version import parse_version

CORPUS = Path(__file__).parents[2] / ".." / "shared" / "reference" / "observed" / "corpus"
WORLDS = ("101-clean", "101-touched", "102-edited")

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the reference worlds are not beside this checkout")


def plan(world: str, **said: object) -> Plan:
    facts = read_files([CORPUS / world / "k8s_before.json"], Said(version="v2.10.0", **said))  # type: ignore[arg-type]
    return pipeline.make_plan(
        facts, parse_version("v2.14.0"), load_matrix(), now=datetime(2026, 11, 24, tzinfo=UTC), nonce="n"
    )


@needs_corpus
@pytest.mark.parametrize("world", WORLDS)
def test_a_real_dump_gives_a_plan_in_which_nothing_is_broken(world: str) -> None:
    made = plan(world)
    assert [check for check in made.checks if check.state == "broken"] == []
    assert made.coverage.services == len(made.forecast.services) == 60
    assert made.verdict == "UNKNOWN"


@needs_corpus
def test_what_wakes_up_in_a_real_world_is_named() -> None:
    made = plan("101-clean", kind="self-managed", network="terway", kubernetes="v1.28.0")
    found = {(f.code, str(f.subject)) for f in made.findings}
    assert ("CCM010", "Service default/mqtt-59") in found
    assert ("CCM044", "Service prod/gateway-03") in found
    assert ("CCM014", "Service kube-system/ws-26") in found
