"""Drift: what of a fleet is no longer as it was planned, or as a run left it. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from msgspec import Struct

from upgrader.fleet.job import ClusterJob, why_of
from upgrader.fleet.model import ClusterPlan, ClusterState, Member
from upgrader.fleet.planning import in_short
from upgrader.fleet.strategy import Strategy

Drifted = Literal["drift", "same", "unknown"]


class Expected(Struct, frozen=True, kw_only=True):
    """What a cluster was last known to be: as planned, or (`state` succeeded) as its run left it."""

    member: Member
    judged: ClusterPlan
    state: ClusterState = "waiting"
    cluster_run: str = ""


class Drift(Struct, frozen=True, kw_only=True):
    """One cluster now. `changes` are sentences; empty unless it drifted or could not be told."""

    id: str
    name: str
    outcome: Drifted
    changes: tuple[str, ...] = ()


def drift_of(
    expected: Iterable[Expected], strategy: Strategy, job: ClusterJob, *, parallel: int,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Drift, ...]:  # fmt: skip
    """Each cluster looked at again, those that drifted first."""

    def look(one: Expected) -> Drift:
        found = _look(one, strategy, job)
        say(f"{found.name or found.id}: {found.outcome}")
        return found

    order = {"drift": 0, "unknown": 1, "same": 2}
    with ThreadPoolExecutor(parallel) as pool:
        return tuple(sorted(pool.map(look, expected), key=lambda one: (order[one.outcome], one.name, one.id)))


def _look(one: Expected, strategy: Strategy, job: ClusterJob) -> Drift:
    member = one.member
    try:
        now = in_short(member.id, job.plan(member, strategy))
        changes = compare(one, now)
        if one.state == "succeeded" and not changes:
            wrong = job.verify(member, one.cluster_run)
            changes = (wrong,) if wrong else ()
    except Exception as error:  # noqa: BLE001 - what goes wrong with one cluster stops nobody else's look
        return Drift(id=member.id, name=member.name, outcome="unknown", changes=(why_of(error),))
    return Drift(id=member.id, name=member.name, outcome="drift" if changes else "same", changes=changes)


def compare(one: Expected, now: ClusterPlan) -> tuple[str, ...]:
    """What is otherwise now, in sentences: the CCM's version, and findings that are new or gone.

    After an upgrade only the version is compared here: what its Services should be, the verification knows.
    """
    before = one.judged
    wanted = (before.to_version or now.to_version) if one.state == "succeeded" else before.from_version
    changes = []
    if wanted and now.from_version != wanted:
        changes.append(f"CCM {wanted} is now {now.from_version}")
    if one.state == "succeeded" or not before.from_version:
        return tuple(changes)
    was, is_ = ({(f.code, f.outcome) for f in side.findings} for side in (before, now))
    changes += [f"new: {code} {outcome}" for code, outcome in sorted(is_ - was)]
    changes += [f"gone: {code} {outcome}" for code, outcome in sorted(was - is_)]
    return tuple(changes)
