"""Traffic shift as numbers ready to be drawn: one chart a server group, two bars a backend, percent of traffic."""

from __future__ import annotations

from collections import defaultdict

from msgspec import Struct

from upgrader.model.forecast import Forecast, TrafficShift

MAX_CHARTS = 40
MAX_BACKENDS = 16
ROW_HEIGHT = 34
BAR_WIDTH = 300


class Bar(Struct, frozen=True, kw_only=True):
    """One backend: its label, the two shares (percent 0–100, None where it is no backend) and its place in pixels."""

    label: str
    before: float | None
    after: float | None
    y: int
    before_width: float
    after_width: float


class Chart(Struct, frozen=True, kw_only=True):
    """One server group whose traffic moves. `left_out` backends are not drawn."""

    service: str
    group: str
    bars: tuple[Bar, ...]
    height: int
    moved: float
    left_out: int = 0


def charts_of(forecast: Forecast) -> tuple[Chart, ...]:
    """The groups in which some backend's share changes, those that move most first, at most `MAX_CHARTS`."""
    charts = []
    for service in forecast.services:
        groups: dict[str, list[TrafficShift]] = defaultdict(list)
        for shift in service.traffic:
            groups[shift.group].append(shift)
        for group, shifts in groups.items():
            moved = sum(abs((s.share[1] or 0.0) - (s.share[0] or 0.0)) for s in shifts) / 2
            if moved >= 0.05:
                charts.append(_chart(service.key, group, shifts, moved))
    charts.sort(key=lambda c: (-c.moved, c.service, c.group))
    return tuple(charts[:MAX_CHARTS])


def _chart(service: str, group: str, shifts: list[TrafficShift], moved: float) -> Chart:
    ordered = sorted(shifts, key=lambda s: (-abs((s.share[1] or 0.0) - (s.share[0] or 0.0)), s.backend))
    bars = tuple(
        Bar(
            label=shift.backend,
            before=shift.share[0],
            after=shift.share[1],
            y=number * ROW_HEIGHT,
            before_width=round((shift.share[0] or 0.0) * BAR_WIDTH / 100, 1),
            after_width=round((shift.share[1] or 0.0) * BAR_WIDTH / 100, 1),
        )
        for number, shift in enumerate(ordered[:MAX_BACKENDS])
    )
    return Chart(
        service=service,
        group=group,
        bars=bars,
        height=len(bars) * ROW_HEIGHT + 4,
        moved=round(moved, 1),
        left_out=max(0, len(shifts) - MAX_BACKENDS),
    )
