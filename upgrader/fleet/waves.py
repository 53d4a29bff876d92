"""Who is upgraded when: pure."""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.fleet.model import Member, Wave
from upgrader.fleet.strategy import Strategy, WaveSpec, seconds
from upgrader.model.errors import InputError


def select(members: Iterable[Member], strategy: Strategy) -> tuple[Member, ...]:
    """The clusters that the strategy means or may mean, once each, by id. Raises `InputError` when there is none.

    One that can't be judged by the selector (unreachable, so its version is not known) stays, to be told as UNKNOWN.
    """
    chosen = {member.id: member for member in sorted(members) if strategy.select.matches(member) is not False}
    if not chosen:
        raise InputError(
            what="the selection is empty",
            where=f"strategy {strategy.name}",
            why="an upgrade of no cluster is never what was meant",
            next_command="ccm-upgrade fleet plan --strategy FILE --list shows the inventory; widen `select`",
        )
    return tuple(chosen.values())


def waves_of(members: tuple[Member, ...], strategy: Strategy) -> tuple[Wave, ...]:
    """The members dealt to the waves in order; each is in exactly one wave.

    One whose wave can't be told (nobody knows its version) is in the last, where most of the fleet has gone well.
    Raises `InputError` when some are in none: a cluster is never left out in silence. Empty waves are dropped.
    """
    left = {member.id: member for member in members}
    waves = []
    for number, spec in enumerate(strategy.waves, 1):
        chosen = _deal(spec, left, len(members))
        for member in chosen:
            del left[member.id]
        if number == len(strategy.waves):
            chosen += [left.pop(one.id) for one in sorted(left.values()) if _may_be_meant(one, strategy)]
        if chosen:
            waves.append(_wave(spec, chosen, strategy))
    if left:
        names = ", ".join(sorted(m.name or m.id for m in left.values())[:5])
        raise InputError(
            what=f"{len(left)} of {len(members)} clusters are in no wave: {names}",
            where=f"strategy {strategy.name}",
            next_command="add a last wave with `rest: true`, or narrow the strategy's `select`",
        )
    return tuple(waves)


def _may_be_meant(member: Member, strategy: Strategy) -> bool:
    return any(spec.select is not None and spec.select.matches(member) is None for spec in strategy.waves)


def _deal(spec: WaveSpec, left: dict[str, Member], total: int) -> list[Member]:
    waiting = sorted(left.values())
    if spec.select is not None:
        return [member for member in waiting if spec.select.matches(member)]
    if spec.count is not None:
        return waiting[: spec.count]
    if spec.percent is not None:
        return waiting[: max(1, total * spec.percent // 100)]
    return waiting


def _wave(spec: WaveSpec, members: list[Member], strategy: Strategy) -> Wave:
    return Wave(
        name=spec.name,
        members=tuple(member.id for member in members),
        budget=(spec.budget or strategy.budget).of(len(members)),
        max_parallel=min(spec.max_parallel or strategy.max_parallel.total, strategy.max_parallel.total),
        soak_s=seconds(spec.soak),
        verify_every_s=seconds(spec.verify_every),
        gate=spec.gate,
    )
