"""The id of a run is what its plan says: another plan is another run, a field new to the tool changes nothing."""

from __future__ import annotations

import json
from typing import Any

from tests.fleet.test_shards import planned
from upgrader import codec
from upgrader.fleet.planning import FleetPlan
from upgrader.fleet.runtime import run_id_of


def test_a_plan_from_before_a_field_was_there_is_the_same_run() -> None:
    plan = planned(3)
    written: dict[str, Any] = json.loads(codec.encode(plan))
    for cluster in written["clusters"]:
        del cluster["why"], cluster["error"], cluster["settled"]
    read = codec.decode(json.dumps(written).encode(), FleetPlan, where="plan")
    assert run_id_of(read) == run_id_of(plan)


def test_what_a_person_edits_makes_another_run() -> None:
    ids = {
        run_id_of(planned(3)),
        run_id_of(planned(4)),
        run_id_of(planned(3, failures=2)),
        run_id_of(planned(3, parallel=9)),
    }
    assert len(ids) == 4
