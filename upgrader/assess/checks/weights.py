"""Each backend keeps its share of the traffic.

What it checks
    Which share of a Service's traffic each backend gets from the target CCM, beside what it gets now.
Why it matters
    The weight of a node changed its meaning several times. For Services with externalTrafficPolicy Local: 100 for
    every node below v1.9.3.164, the percentage of the Service's pods up to v1.9.3.275, the number of pods from
    v1.9.3.276 on. For Cluster mode and ENI: 1 in v2.1 and v2.2, else 100. CCM rewrites weights at its first
    reconcile, whether or not the Service changed; a node can then get several times its load.
How it is decided
    From the forecast: weights in the cloud now, weights that the target computes from ready pods. WARN where a share
    moves by a percentage point or more; one NOTE counts the Services whose weights change while the shares stay.
What to do
    Check that the pods carry the new share, or spread them evenly before the upgrade. To keep the weights of one
    Service for good, set alibaba-cloud-loadbalancer-ignore-weight-update to "on", where the target reads it.
Sources
    service-faq, ccm-source, observed
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.assess.tally import Holders, Tally
from upgrader.migrations.context import CLUSTER, Context, about, services, some
from upgrader.model.finding import Finding
from upgrader.model.forecast import ServiceForecast, TrafficShift

CODE = "CCM003"
TITLE = "Each backend keeps its share of the traffic"
NEEDS: tuple[str, ...] = ("services", "ccm")
SOURCES = ("service-faq", "ccm-source", "observed")

NOTICED_POINTS = 1.0
"""A share that moves less than this many percentage points is rounding."""


def applies(context: Context) -> str:
    """Where there are Services."""
    return context.no_service


def find(context: Context) -> Iterable[Finding]:
    """WARN for each Service whose shares move."""
    for forecast in _weighed_anew(context):
        if moved := _noticed(forecast):
            yield _moved(forecast, moved)


def tally(context: Context) -> Tally:
    """The Services whose weights change while the shares stay."""
    harmless = [forecast.key for forecast in _weighed_anew(context) if not _noticed(forecast)]
    return {"harmless": Holders.of(harmless)} if harmless else {}


def tell(tally: Tally, context: Context) -> Iterable[Finding]:
    """One NOTE for all whose weights change while the shares stay."""
    for harmless in tally.values():
        yield Finding(
            code=CODE,
            outcome="NOTE",
            effect="IMMEDIATE",
            subject=CLUSTER,
            message=f"Weights change and shares stay for {services(harmless.count)}: "
            f"{some(harmless.keys, total=harmless.count)}",
            evidence={"services": list(harmless.keys), "count": harmless.count},
            sources=SOURCES,
        )


def _weighed_anew(context: Context) -> Iterable[ServiceForecast]:
    for forecast in context.outlook.eventful:
        if any(shift.weight[0] != shift.weight[1] for shift in forecast.traffic):
            yield forecast


def _noticed(forecast: ServiceForecast) -> list[TrafficShift]:
    return [shift for shift in forecast.traffic if points(shift) >= NOTICED_POINTS]


def points(shift: TrafficShift) -> float:
    """By how many percentage points the share moves; a backend that comes or goes moves by all of its share."""
    before, after = shift.share
    return abs((after or 0.0) - (before or 0.0))


def _moved(forecast: ServiceForecast, moved: list[TrafficShift]) -> Finding:
    worst = max(moved, key=points)
    return Finding(
        code=CODE,
        outcome="WARN",
        effect="IMMEDIATE",
        subject=about(forecast),
        message=f"The traffic shifts between its backends: {worst.backend} goes from {_percent(worst.share[0])} to "
        f"{_percent(worst.share[1])}" + (f", {len(moved) - 1} more move" if len(moved) > 1 else ""),
        evidence={"traffic": forecast.traffic},
        remedy="check that the pods on these nodes carry their new share, or spread the pods evenly first",
        sources=SOURCES,
    )


def _percent(share: float | None) -> str:
    return "no traffic" if share is None else f"{share:.0f} %"
