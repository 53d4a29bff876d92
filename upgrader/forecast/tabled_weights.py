"""Weights for a list of pod counts: what `matrix weights` answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from upgrader.forecast.weights import WeightWish, eci_weights, even_weights, node_weights
from upgrader.matrix.behaviour import behaviour
from upgrader.model.cloud import LbKind
from upgrader.model.version import CcmVersion


def table_of_weights(
    version: CcmVersion,
    policy: Literal["Local", "Cluster"] | str,
    backend: str,
    pods: Sequence[int],
    total: int | None,
    default: int | None,
    lb: str,
) -> list[int | None]:
    """One weight an entry of `pods`: ready pods of a node, or for eni one entry a pod. None where it is no backend.

    In Cluster mode every node is a backend, also one without pods; each ECI entry is one virtual node's pods, of which
    every pod is a backend that weighs the same.
    """
    ways, wish, kind = behaviour(version), WeightWish(total=total, default=default), cast(LbKind, lb)
    if backend == "eni" or (policy == "Cluster" and backend == "ecs"):
        return list(even_weights(ways, len(pods), lb=kind, wish=wish))
    if policy == "Cluster":
        weights = even_weights(ways, sum(pods), lb=kind, wish=wish)
        return [weights[0] if count else None for count in pods]
    if backend == "eci":
        weights = eci_weights(ways, sum(pods), sum(pods), lb=kind, wish=wish)
        return [weights[0] if count else None for count in pods]
    return list(node_weights(ways, pods, lb=kind, wish=wish))
