"""Mistakes in a strategy that the shapes of its file alone don't show. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from upgrader.fleet.model import Member
from upgrader.fleet.strategy import BudgetSpec, Strategy, WaveSpec, Window, clock, comparisons, seconds
from upgrader.model.errors import InputError
from upgrader.model.version import CcmVersion, parse_version

# Names of strategies become names of runs and of their folders, names of waves are typed on a command line.
_NAME = re.compile(r"\w[\w.-]{0,62}")


def mistakes_in(strategy: Strategy, releases: Collection[CcmVersion]) -> list[str]:
    """All of them, in words. A target is one of the `releases` that are known: of any other nothing could be judged."""
    found: list[str] = []
    names = [w.name for w in strategy.waves]
    if not strategy.waves:
        found.append("waves: at least one is needed")
    for place, name in (("name", strategy.name), *(("waves", name) for name in names)):
        if not _NAME.fullmatch(name):
            found.append(f"{place}: {name!r} is no name; write letters, digits, dots and dashes, at most 63")
    found += [f"waves: the name {n!r} is used twice" for n in sorted({n for n in names if names.count(n) > 1})]
    for place, check in _texts(strategy, releases):
        try:
            check()
        except (ValueError, InputError) as error:
            found.append(f"{place}: {error}")
    for wave in strategy.waves:
        found += _wave_mistakes(wave, last=wave is strategy.waves[-1])
    budgets = [("budget", strategy.budget), *((f"waves.{w.name}.budget", w.budget) for w in strategy.waves if w.budget)]
    for place, budget in budgets:
        found += _budget_mistakes(place, budget)
    for number, window in enumerate(strategy.windows):
        found += [f"windows[{number}]: {why}, so it never opens" for why in _shut(window)]
    return found + _limit_mistakes(strategy)


def refuse_blind_waves(strategy: Strategy, inventory: Iterable[Member]) -> None:
    """Raises `InputError` where a wave's `select` means no cluster of the inventory: a canary must not just vanish.

    One whose clusters need no upgrade any more, or were dealt to an earlier wave, is no mistake.
    """
    members = tuple(inventory)
    for wave in strategy.waves:
        chosen = wave.select
        if chosen is not None and all(chosen.matches(member) is False for member in members):
            raise InputError(
                what=f"no cluster is meant by the `select` of wave {wave.name}", where=f"strategy {strategy.name}",
                why=f"none of {len(members)} in the inventory",
                next_command="ccm-upgrade fleet plan --strategy FILE --list shows the inventory",
            )  # fmt: skip


def _wave_mistakes(wave: WaveSpec, *, last: bool) -> list[str]:
    found = []
    if sum([wave.select is not None, wave.count is not None, wave.percent is not None, wave.rest]) != 1:
        found.append(f"waves.{wave.name}: give exactly one of select, count, percent, rest")
    if wave.rest and not last:
        found.append(f"waves.{wave.name}: `rest` takes every cluster that is left, so its wave is the last")
    if wave.percent is not None and not 1 <= wave.percent <= 100:
        found.append(f"waves.{wave.name}.percent: {wave.percent} is not between 1 and 100")
    for label, number in (("count", wave.count), ("max_parallel", wave.max_parallel)):
        if number is not None and number < 1:
            found.append(f"waves.{wave.name}.{label}: {number} is less than 1")
    return found


def _shut(window: Window) -> Iterator[str]:
    """Why a window never opens."""
    if not window.days:
        yield "`days` names no day"
    if window.start == window.end:
        yield f"`from` and `to` are both {window.start}"


def _limit_mistakes(strategy: Strategy) -> list[str]:
    limits = msgspec.structs.asdict(strategy.max_parallel)
    found = [f"max_parallel.{label}: {number} is less than 1" for label, number in limits.items() if number < 1]
    if not 0 < strategy.api_calls.per_second <= 1000:
        found.append(f"api_calls.per_second: {strategy.api_calls.per_second} is not between 0 and 1000")
    return found


def _budget_mistakes(place: str, budget: BudgetSpec) -> list[str]:
    if re.fullmatch("0+%?", str(budget.failures)):
        return [f"{place}.failures: {budget.failures}: the cluster being upgraded is always at risk, so 1 is the least"]
    if not re.fullmatch(r"\d+|[1-9]\d?%|100%", str(budget.failures)):
        return [f"{place}.failures: {budget.failures!r} is neither a number nor a share such as 5%"]
    return [f"{place}.consecutive: {budget.consecutive} is negative"] if budget.consecutive < 0 else []


def _release(text: str, releases: Collection[CcmVersion]) -> None:
    """Raises `InputError` for what is no version, `ValueError` for a version that is no known release."""
    if parse_version(text) not in releases:
        near = difflib.get_close_matches(text, map(str, releases), n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ValueError(f"{text} is no release that is known; {hint}`ccm-upgrade matrix versions` lists all")


def _zone(name: str) -> None:
    """Raises `ValueError` for what is no time zone: no name of one, a folder of names, a path."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise ValueError(f"{name!r} is no time zone; write a name such as Asia/Shanghai or UTC") from error


def _texts(strategy: Strategy, releases: Collection[CcmVersion]) -> Iterator[tuple[str, Callable[[], object]]]:
    """(place, call that raises when the text there is wrong) for each text with a grammar."""
    yield "target", partial(_release, strategy.target, releases)
    selectors = [
        ("select", strategy.select),
        *((f"waves.{w.name}.select", w.select) for w in strategy.waves if w.select),
    ]
    for place, selector in selectors:
        if selector.version:
            yield f"{place}.version", partial(comparisons, selector.version)
    for wave in strategy.waves:
        yield f"waves.{wave.name}.soak", partial(seconds, wave.soak)
        yield f"waves.{wave.name}.verify_every", partial(seconds, wave.verify_every)
    for number, window in enumerate(strategy.windows):
        yield f"windows[{number}].zone", partial(_zone, window.zone)
        yield f"windows[{number}].from", partial(clock, window.start)
        yield f"windows[{number}].to", partial(clock, window.end)
