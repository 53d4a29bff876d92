"""Weights as the functions of CCM's own source gave them: `clbv1/vgroups.go` and
`nlbv2/server_groups.go`, and before v2.5 `controller/service/vgroups.go`, v1.9.3 `nodeWeightWithMerge`; nine tags.

In Local mode `pods` are the ready pods of each node, else a node each; `eci` is how many pods run on virtual nodes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from upgrader.forecast.weights import WeightWish, eci_weights, even_weights, node_weights
from upgrader.matrix.behaviour import behaviour
from upgrader.model.version import parse_version

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "weights.json").read_text())


@pytest.mark.parametrize("version", sorted({case["version"] for case in CASES}))
def test_as_the_real_functions_compute_them(version: str) -> None:
    ways = behaviour(parse_version(version))
    for case in (one for one in CASES if one["version"] == version):
        lb, pods, eci = case["lb"], case["pods"], case["eci"]
        wish = WeightWish(total=case["weight"], default=case["default"])
        if case["policy"] == "Local":
            total = sum(pods) + eci
            on_nodes = node_weights(ways, pods, lb=lb, wish=wish, total=total)
            found = [w for w in on_nodes if w is not None] + list(eci_weights(ways, eci, total, lb=lb, wish=wish))
        else:
            found = list(even_weights(ways, len(pods) + eci, lb=lb, wish=wish))
        assert found == case["weights"], case
