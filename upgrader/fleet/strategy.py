"""The strategy file: which clusters, in which waves, when, and how many may be in danger. Read strictly."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct, field

from upgrader.fleet.model import Budget, Member
from upgrader.model.errors import InputError
from upgrader.model.version import CcmVersion, parse_version

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DURATION = re.compile(r"(\d+)(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_CLOCK = re.compile(r"\d\d:\d\d(:\d\d)?")
LONGEST_S = 366 * 86400
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
        return all(_compare(here, sign, other) for sign, other in comparisons(self.version))


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
        start, end, now = clock(self.start), clock(self.end), local.time().replace(tzinfo=None)
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
    """`90s`, `10m`, `1h30m`, `2d` in seconds. Raises `ValueError` for anything else, and for more than a year."""
    parts = _DURATION.findall(text)
    if "".join(n + unit for n, unit in parts) != text or not text:
        raise ValueError(f"{text!r} is no duration; write 90s, 10m, 1h30m or 2d")
    found = sum(int(n) * _SECONDS[unit] for n, unit in parts)
    if found > LONGEST_S:
        raise ValueError(f"{text!r} is more than a year")
    return found


def clock(text: str) -> time:
    """`22:00` as a time of day. Raises `ValueError` for anything else: what zone it is in says `zone`."""
    if not _CLOCK.fullmatch(text):
        raise ValueError(f"{text!r} is no time of day; write 22:00")
    return time.fromisoformat(text)


def comparisons(text: str) -> tuple[tuple[str, CcmVersion], ...]:
    """`>=v1.9.3.276, <v2.0.0` as signs and versions. Raises `ValueError` or `InputError` for anything else."""
    if _COMPARISON.sub("", text).replace(",", "").strip():
        raise ValueError(f"{text!r} is no comparison; write <v2.10.0 or >=v1.9.3.276, <v2.0.0")
    return tuple((sign, parse_version(version)) for sign, version in _COMPARISON.findall(text))


def known_releases() -> tuple[CcmVersion, ...]:
    """What a target may be, the oldest first."""
    from upgrader.matrix.load import load_matrix

    return tuple(release.version for release in load_matrix().releases)


def load_strategy(path: Path) -> Strategy:
    """The strategy in a YAML file. Raises `InputError` with every mistake that can be told apart."""
    from upgrader.fleet.mistakes import mistakes_in
    from upgrader.matrix.yaml_text import load_plain

    try:
        value = load_plain(path)
        strategy = msgspec.convert(value, type=Strategy, strict=False)
    except msgspec.ValidationError as error:
        raise InputError(what="not a valid strategy", where=str(path), why=str(error), next_command=_HELP) from error
    mistakes = mistakes_in(strategy, known_releases())
    if mistakes:
        raise InputError(what="not a valid strategy", where=str(path), why="; ".join(mistakes), next_command=_HELP)
    return strategy


_HELP = "see docs/guide/fleet.md for a strategy that works"
