"""The strategy file: which clusters, in which waves, when, and how many may be in danger. Read strictly."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct, field

from upgrader.fleet.model import Budget, Member
from upgrader.model.errors import InputError
from upgrader.model.version import CcmVersion, parse_version

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DURATION = re.compile(r"(\d+)(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_COMPARISON = re.compile(r"(<=|>=|==|!=|<|>)\s*([^\s,]+)")


class StrictStruct(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the file's shapes: an unknown key is a mistake."""


class Selector(StrictStruct, frozen=True):
    """Which clusters: all conditions that are given must hold. `names` are globs, `version` like `<v2.10.0`."""

    names: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    kinds: tuple[Literal["managed", "dedicated", "self-managed"], ...] = ()
    accounts: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    version: str = ""

    def matches(self, member: Member) -> bool | None:
        """Whether this cluster is meant; None when that rests on something about it that nobody knows."""
        answers = (
            not self.names or (any(fnmatchcase(member.name, g) for g in self.names) if member.name else None),
            not self.ids or member.id in self.ids,
            not self.regions or (member.region in self.regions if member.region else None),
            not self.kinds or (member.kind in self.kinds if member.kind else None),
            not self.accounts or member.account in self.accounts,
            all(member.tag(key) == value for key, value in self.tags.items()),
            not self.version or (self._version_matches(member) if member.version else None),
        )
        return False if False in answers else None if None in answers else True

    def _version_matches(self, member: Member) -> bool:
        here = parse_version(member.version)
        return all(_compare(here, sign, parse_version(text)) for sign, text in _COMPARISON.findall(self.version))


def _compare(here: CcmVersion, sign: str, other: CcmVersion) -> bool:
    return {
        "<": here < other,
        "<=": here <= other,
        ">": here > other,
        ">=": here >= other,
        "==": here == other,
        "!=": here != other,
    }[sign]


class BudgetSpec(StrictStruct, frozen=True):
    """`failures`: a number or a share (`5%`); `consecutive`: so many in a row."""

    failures: int | str = 1
    consecutive: int = 0

    def of(self, clusters: int) -> Budget:
        """The budget for so many clusters; a share is rounded down, but one cluster is always at risk."""
        if str(self.failures).endswith("%"):
            return Budget(allowed=max(1, clusters * int(str(self.failures)[:-1]) // 100), consecutive=self.consecutive)
        return Budget(allowed=int(self.failures), consecutive=self.consecutive)


class WaveSpec(StrictStruct, frozen=True):
    """One wave. Who is in it: `select`, `count`, `percent` (of the whole fleet) or `rest`; exactly one of them.

    While it soaks, its clusters are verified again every `verify_every`, and once more at its end; `0s` trusts.
    """

    name: str
    select: Selector | None = None
    count: int | None = None
    percent: int | None = None
    rest: bool = False
    soak: str = "0s"
    verify_every: str = "5m"
    gate: bool = False
    max_parallel: int | None = None
    budget: BudgetSpec | None = None


class Parallel(StrictStruct, frozen=True):
    """How many clusters are upgraded at once: in all, per region, per account."""

    total: int = 10
    per_region: int = 10
    per_account: int = 10


class ApiCalls(StrictStruct, frozen=True):
    """The pace of requests to the cloud's OpenAPI: so many a second for each account, all workers together."""

    per_second: float = 40.0


class Window(StrictStruct, frozen=True):
    """When clusters may start. `to` before `from` crosses midnight and belongs to the day it began."""

    start: str = field(name="from")
    end: str = field(name="to")
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = DAYS  # type: ignore[assignment]
    zone: str = "UTC"

    def contains(self, moment: datetime) -> bool:
        """Whether work may start at `moment` (any time zone)."""
        local = moment.astimezone(ZoneInfo(self.zone))
        start, end, now = _clock(self.start), _clock(self.end), local.time().replace(tzinfo=None)
        today = DAYS[local.weekday()]
        if start <= end:
            return today in self.days and start <= now < end
        yesterday = DAYS[(local - timedelta(days=1)).weekday()]
        return (today in self.days and now >= start) or (yesterday in self.days and now < end)


class Strategy(StrictStruct, frozen=True):
    """A whole strategy file."""

    target: str
    waves: tuple[WaveSpec, ...]
    name: str = "fleet"
    select: Selector = Selector()
    budget: BudgetSpec = BudgetSpec()
    max_parallel: Parallel = Parallel()
    api_calls: ApiCalls = ApiCalls()
    windows: tuple[Window, ...] = ()
    on_failure: Literal["rollback", "pause"] = "rollback"

    def may_start(self, moment: datetime) -> bool:
        """Whether a cluster may start now: always without windows."""
        return not self.windows or any(window.contains(moment) for window in self.windows)


def seconds(text: str) -> int:
    """`90s`, `10m`, `1h30m`, `2d` in seconds. Raises `ValueError` for anything else."""
    parts = _DURATION.findall(text)
    if "".join(n + unit for n, unit in parts) != text or not text:
        raise ValueError(f"{text!r} is no duration; write 90s, 10m, 1h30m or 2d")
    return sum(int(n) * _SECONDS[unit] for n, unit in parts)


def _clock(text: str) -> time:
    return time.fromisoformat(text)


def load_strategy(path: Path) -> Strategy:
    """The strategy in a YAML file. Raises `InputError` with every mistake that can be told apart."""
    from upgrader.matrix.yaml_text import load_plain

    try:
        value = load_plain(path)
        strategy = msgspec.convert(value, type=Strategy, strict=False)
    except msgspec.ValidationError as error:
        raise InputError(what="not a valid strategy", where=str(path), why=str(error), next_command=_HELP) from error
    mistakes = list(_mistakes(strategy))
    if mistakes:
        raise InputError(what="not a valid strategy", where=str(path), why="; ".join(mistakes), next_command=_HELP)
    return strategy


_HELP = "see docs/guide/fleet.md for a strategy that works"


def _mistakes(strategy: Strategy) -> list[str]:
    """Mistakes that the shapes alone don't show, all of them."""
    found: list[str] = []
    names = [w.name for w in strategy.waves]
    if not strategy.waves:
        found.append("waves: at least one is needed")
    found += [f"waves: the name {n!r} is used twice" for n in sorted({n for n in names if names.count(n) > 1})]
    for place, check in _texts(strategy):
        try:
            check()
        except (ValueError, InputError, ZoneInfoNotFoundError) as error:
            found.append(f"{place}: {error}")
    for wave in strategy.waves:
        ways = [wave.select is not None, wave.count is not None, wave.percent is not None, wave.rest]
        if sum(ways) != 1:
            found.append(f"waves.{wave.name}: give exactly one of select, count, percent, rest")
        if wave.percent is not None and not 1 <= wave.percent <= 100:
            found.append(f"waves.{wave.name}.percent: {wave.percent} is not between 1 and 100")
        for label, number in (("count", wave.count), ("max_parallel", wave.max_parallel)):
            if number is not None and number < 1:
                found.append(f"waves.{wave.name}.{label}: {number} is less than 1")
    budgets = [("budget", strategy.budget), *((f"waves.{w.name}.budget", w.budget) for w in strategy.waves if w.budget)]
    for place, budget in budgets:
        found += _budget_mistakes(place, budget)
    return found + _limit_mistakes(strategy)


def _limit_mistakes(strategy: Strategy) -> list[str]:
    limits = msgspec.structs.asdict(strategy.max_parallel)
    found = [f"max_parallel.{label}: {number} is less than 1" for label, number in limits.items() if number < 1]
    if not 0 < strategy.api_calls.per_second <= 1000:
        found.append(f"api_calls.per_second: {strategy.api_calls.per_second} is not between 0 and 1000")
    return found


def _budget_mistakes(place: str, budget: BudgetSpec) -> list[str]:
    if not re.fullmatch(r"\d+|[1-9]\d?%|100%", str(budget.failures)):
        return [f"{place}.failures: {budget.failures!r} is neither a number nor a share such as 5%"]
    if str(budget.failures).strip("0") == "":
        return [f"{place}.failures: {budget.failures}: the cluster being upgraded is always at risk, so 1 is the least"]
    return [f"{place}.consecutive: {budget.consecutive} is negative"] if budget.consecutive < 0 else []


def _texts(strategy: Strategy) -> Iterator[tuple[str, Callable[[], object]]]:
    """(place, call that raises when the text there is wrong) for each text with a grammar."""
    yield "target", partial(parse_version, strategy.target)
    selectors = [
        ("select", strategy.select),
        *((f"waves.{w.name}.select", w.select) for w in strategy.waves if w.select),
    ]
    for place, selector in selectors:
        if selector.version:
            yield f"{place}.version", partial(_comparisons, selector.version)
    for wave in strategy.waves:
        yield f"waves.{wave.name}.soak", partial(seconds, wave.soak)
        yield f"waves.{wave.name}.verify_every", partial(seconds, wave.verify_every)
    for number, window in enumerate(strategy.windows):
        yield f"windows[{number}].zone", partial(ZoneInfo, window.zone)
        yield f"windows[{number}].from", partial(_clock, window.start)
        yield f"windows[{number}].to", partial(_clock, window.end)


def _comparisons(text: str) -> None:
    if _COMPARISON.sub("", text).replace(",", "").strip():
        raise ValueError(f"{text!r} is no comparison; write <v2.10.0 or >=v1.9.3.276, <v2.0.0")
    for _, version in _COMPARISON.findall(text):
        parse_version(version)
