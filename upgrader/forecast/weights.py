"""Backend weights: the exact formula of each version, rounding included.

Sources: v1.9.3 `cloud-controller-manager/vgroups.go` and `controller/service/controller.go`; v2
`pkg/controller/service/clbv1/vgroups.go` (setWeightBackends, podNumberAlgorithm, podPercentAlgorithm) and
`nlbv2/server_groups.go`. Integers are divided as Go divides them; the percentages of v1.9.3 are computed in float64 and
cut off, so that 29 of 100 pods weigh 28.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from upgrader.matrix.behaviour import Behaviour
from upgrader.model.cloud import LbKind

DEFAULT_WEIGHT = 100


class WeightWish(Struct, frozen=True, kw_only=True):
    """What the annotations ask for; None where they say nothing."""

    total: int | None = None
    default: int | None = None


NO_WISH = WeightWish()


def node_weights(
    behaviour: Behaviour,
    pods: Sequence[int],
    *,
    lb: LbKind = "clb",
    wish: WeightWish = NO_WISH,
    total: int | None = None,
) -> tuple[int | None, ...]:
    """Local mode: the weight of each node that has so many ready pods; None for a node without any.

    `total` counts all ready pods where there are more than those on nodes (ECI pods); default: the sum.
    """
    total = sum(pods) if total is None else total
    return tuple(_local(behaviour, count, total, lb, wish) if count > 0 else None for count in pods)


def eci_weights(
    behaviour: Behaviour, eci: int, total: int, *, lb: LbKind = "clb", wish: WeightWish = NO_WISH
) -> tuple[int, ...]:
    """Local mode with ECI pods: the weight of each ECI backend; `total` counts all ready pods, ECI pods too.

    v2.11.2 keeps one backend that weighs as all of them.
    """
    if eci == 0:
        return ()
    if behaviour.eci_local == "single":
        weight = _local(behaviour, eci, total, lb, wish)
        return (weight,)
    if behaviour.eci_local == "pods":
        return (_local(behaviour, 1, total, lb, wish),) * eci
    share = _wished(behaviour, lb, wish)
    if share is None:
        return (1,) * eci
    weight = 0 if share == 0 else share // total if lb == "clb" else max(1, share // total)
    return (weight,) * eci


def even_weights(
    behaviour: Behaviour, count: int, *, lb: LbKind = "clb", wish: WeightWish = NO_WISH
) -> tuple[int, ...]:
    """Cluster mode and ENI backends: every one of `count` backends weighs the same."""
    share = _wished(behaviour, lb, wish)
    if share is not None:
        return (0 if share == 0 else max(1, share // count),) * count if count else ()
    if behaviour.default_weight and wish.default is not None:
        return (wish.default,) * count
    return (behaviour.other_weight,) * count


def _wished(behaviour: Behaviour, lb: LbKind, wish: WeightWish) -> int | None:
    reads = behaviour.weight_annotation_clb if lb == "clb" else behaviour.weight_annotation_nlb
    return wish.total if reads else None


def _local(behaviour: Behaviour, pods: int, total: int, lb: LbKind, wish: WeightWish) -> int:
    share = _wished(behaviour, lb, wish)
    if share is not None:
        return 0 if share == 0 else max(1, share * pods // total)
    match behaviour.local_weights:
        case "constant":
            return DEFAULT_WEIGHT
        case "percent":
            return int(pods / total * 100)
        case "percent-min-1":
            return max(1, int(pods / total * 100))
        case "pods-max-100":
            return min(100, pods)
        case "pods":
            return pods
