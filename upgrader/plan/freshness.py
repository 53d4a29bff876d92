"""Whether a plan may still be carried out: its content is whole, its time is not up, its world has not moved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from upgrader import codec
from upgrader.digests import what_moved
from upgrader.model.errors import InputError, StaleError
from upgrader.model.plan import Plan

_AGAIN = "make a new one: ccm-upgrade plan"


def plan_id(plan: Plan) -> str:
    """The digest of the plan's content, everything but the id itself."""
    return codec.digest(replace(plan, id=""))


def check_whole(plan: Plan, where: str = "plan") -> None:
    """Raise `InputError` when the plan's id is not the digest of its content: it was edited or cut."""
    if plan_id(plan) != plan.id:
        raise InputError(
            what="the plan's content does not match its id", where=where, why="it was edited after it was made",
            next_command=_AGAIN,
        )  # fmt: skip


def check_time(plan: Plan, now: datetime) -> None:
    """Raise `StaleError` when the plan has expired."""
    if now >= datetime.fromisoformat(plan.expires):
        raise StaleError("the plan has expired", where=plan.id, why=f"it was good until {plan.expires}",
                         next_command=_AGAIN)  # fmt: skip


def check_world(plan: Plan, parts: Mapping[str, str], cluster_id: str, matrix_digest: str) -> None:
    """Raise `StaleError` naming what moved: another cluster, other knowledge, or other facts than the plan rests on."""
    if cluster_id != plan.cluster.id:
        raise StaleError("the plan is for another cluster", where=plan.id,
                         why=f"it was made for {plan.cluster.id or 'a cluster without an id'}, this is {cluster_id}",
                         next_command=_AGAIN)  # fmt: skip
    if matrix_digest != plan.digests.matrix:
        raise StaleError("the plan was made with other knowledge of CCM", where=plan.id,
                         why="this ccm-upgrade carries other data files", next_command=_AGAIN)  # fmt: skip
    moved = what_moved(plan.digests.parts, parts)
    if moved:
        raise StaleError("the world moved since the plan was made", where=plan.id, why="; ".join(moved),
                         next_command=_AGAIN)  # fmt: skip
