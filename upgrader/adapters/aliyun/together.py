"""One request about several objects, as many as its call takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from upgrader.adapters.aliyun.fan_out import fan_out
from upgrader.model.errors import CcmUpgradeError

T = TypeVar("T")


def numbered(name: str, ids: Sequence[str], part: str = "") -> dict[str, str]:
    """The parameters of a list: `{"LoadBalancerId.1": …, "LoadBalancerId.2": …}`; with a `part`, `Tag.1.Key` and so."""
    return {f"{name}.{place}{part}": one for place, one in enumerate(ids, 1)}


def batches(ids: Sequence[str], size: int) -> list[Sequence[str]]:
    """The ids in order, `size` in each batch but the last."""
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def by_owner(records: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """The records of each load balancer that has some."""
    found = defaultdict[str, list[Mapping[str, Any]]](list)
    for record in records:
        found[str(record.get("LoadBalancerId") or "")].append(record)
    return dict(found)


def its_own(records: Iterable[Mapping[str, Any]], owner: str, field: str = "LoadBalancerId") -> list[Mapping[str, Any]]:
    """The records that are `owner`'s or name nobody: an endpoint without filters tells those of others too."""
    return [record for record in records if record.get(field) in (None, "", owner)]


def those_told(ask: Callable[[Sequence[str]], Mapping[str, T]], ids: Sequence[str], size: int) -> dict[str, T]:
    """What `ask` tells of each id, asked `size` at a time, a few requests at once.

    Left out are those of a request that failed: an endpoint may lack the call, or one of them may be gone by now. An
    answer that tells nothing of one is no proof that there is nothing: who wants to know asks about it by itself.
    """

    def told(batch: Sequence[str]) -> Mapping[str, T]:
        try:
            return ask(batch)
        except CcmUpgradeError:
            return {}

    return {one: answer for found in fan_out(told, batches(ids, size)) for one, answer in found.items()}
