"""What real CCMs of more versions sent in the life of a Service (`real_ccm walk`) the simulated one sends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lab.ccm.rig import Rig
from tests.lab.ccm.test_lifecycle import act
from upgrader.lab.scenario import ClusterSpec

WALKS: dict[str, dict[str, list[dict[str, Any]]]] = json.loads(
    (Path(__file__).parent / "walks.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize(("version", "kind"), [(version, kind) for version in WALKS for kind in WALKS[version]])
def test_a_service_lives_as_it_did_under_the_real_one(version: str, kind: str) -> None:
    rig = Rig(ClusterSpec(name="life", kind="managed", ccm=version))
    for real in WALKS[version][kind]:
        rig.mark()
        act(rig, real["step"], kind)
        assert sorted(rig.writes()) == real["writes"], real["step"]
