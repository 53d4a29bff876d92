"""The forecast in short, by one pass over it: what many checks ask of tens of thousands of Services."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain

from msgspec import Struct

from upgrader.model.forecast import Forecast, ServiceForecast, SyncReason


class Outlook(Struct, frozen=True, kw_only=True):
    """Services in the order of the forecast.

    `eventful` are those that something is written for, that are refused, or that lose their load balancer.
    `full_syncs` counts them by why they are synced in full; the other `backend_syncs` are synced in their backends
    alone. `lacking` maps what could not be judged to those that lack it; `incomplete` counts those that lack anything.
    """

    eventful: Sequence[ServiceForecast]
    full_syncs: Mapping[SyncReason, int]
    backend_syncs: int
    lacking: Mapping[str, Sequence[ServiceForecast]]
    incomplete: int

    @classmethod
    def of(cls, forecast: Forecast) -> Outlook:
        """The outlook of a forecast."""
        alike: dict[tuple[bool, SyncReason, tuple[str, ...]], list[ServiceForecast]] = defaultdict(list)
        eventful = []
        for one in forecast.services:
            alike[one.full_sync, one.why, one.unknown].append(one)
            if one.writes or one.traffic or one.refusal or one.left_behind or one.status_cleared:
                eventful.append(one)
        full_syncs, lacking = Counter[SyncReason](), defaultdict[str, list[list[ServiceForecast]]](list)
        for (full, why, unknown), services in alike.items():
            if full:
                full_syncs[why] += len(services)
            for what in unknown:
                lacking[what].append(services)
        return cls(
            eventful=eventful, full_syncs=full_syncs, backend_syncs=len(forecast.services) - full_syncs.total(),
            lacking={what: _in_order(parts) for what, parts in lacking.items()},
            incomplete=sum(len(services) for (_, _, unknown), services in alike.items() if unknown),
        )  # fmt: skip


def _in_order(parts: list[list[ServiceForecast]]) -> Sequence[ServiceForecast]:
    return parts[0] if len(parts) == 1 else sorted(chain.from_iterable(parts), key=lambda one: one.key)
