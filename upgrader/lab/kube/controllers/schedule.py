"""Cron schedules as `robfig/cron`'s standard parser reads them, which the CronJob controller uses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

_MACROS = {"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
           "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *"}  # fmt: skip
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_EVERY = re.compile(r"(\d+)(h|m|s)")
_UNITS_S = {"h": 3600, "m": 60, "s": 1}
_YEARS = 5


class Schedule(Struct, frozen=True, kw_only=True):
    """The minutes at which it fires; or, for `@every`, the seconds between two times."""

    minutes: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    any_day: bool = True
    any_weekday: bool = True
    every_s: int = 0

    def after(self, moment: datetime) -> datetime | None:
        """The first time after a moment, in the moment's own time zone; None where there is none in five years."""
        if self.every_s:
            return moment + timedelta(seconds=self.every_s)
        start = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        for offset in range(366 * _YEARS):
            day = (start + timedelta(days=offset)).replace(hour=0, minute=0) if offset else start
            if day.month in self.months and self._fits(day):
                for hour in self.hours:
                    for minute in self.minutes:
                        found = day.replace(hour=hour, minute=minute)
                        if found >= start:
                            return found
        return None

    def _fits(self, day: datetime) -> bool:
        """Where both the day of the month and of the week are limited, either is enough."""
        by_day, by_weekday = day.day in self.days, (day.isoweekday() % 7) in self.weekdays
        if self.any_day or self.any_weekday:
            return by_day and by_weekday
        return by_day or by_weekday


def parse_schedule(text: str) -> Schedule:
    """The schedule. Raises `ValueError` for what is none."""
    text = text.strip()
    if text.startswith("@every "):
        parts = _EVERY.findall(text)
        if not parts or _EVERY.sub("", text[7:].strip()):
            raise ValueError(f"failed to parse duration {text}")
        return Schedule(every_s=max(1, sum(int(number) * _UNITS_S[unit] for number, unit in parts)))
    fields = _MACROS.get(text, text).split()
    if len(fields) != len(_BOUNDS):
        raise ValueError(f"expected exactly 5 fields, found {len(fields)}: [{text}]")
    names = ((), (), (), _MONTHS, _DAYS)
    values = [
        _values(field, low, high, known) for field, (low, high), known in zip(fields, _BOUNDS, names, strict=True)
    ]
    return Schedule(
        minutes=tuple(sorted(values[0])), hours=tuple(sorted(values[1])), days=frozenset(values[2]),
        months=frozenset(values[3]), weekdays=frozenset(values[4]),
        any_day=fields[2][0] in "*?", any_weekday=fields[4][0] in "*?",
    )  # fmt: skip


def _values(field: str, low: int, high: int, names: Iterable[str]) -> set[int]:
    known = {name: number for number, name in enumerate(names, low)}
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        if first in ("*", "?"):
            begin, end = low, high
        else:
            begin = _number(first, known)
            end = _number(last, known) if dash else high if step else begin
        if not low <= begin <= end <= high or (step and not step.isdigit()) or step == "0":
            raise ValueError(f"failed to parse {part!r}: the values are {low} to {high}")
        found.update(range(begin, end + 1, int(step or 1)))
    return found


def _number(text: str, known: dict[str, int]) -> int:
    if text.lower() in known:
        return known[text.lower()]
    if not text.isdigit():
        raise ValueError(f"failed to parse int from {text!r}")
    return int(text)
