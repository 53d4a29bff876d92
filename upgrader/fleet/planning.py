"""A fleet plan: the strategy, the waves, and what was found about each cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from msgspec import Struct, field

from upgrader.fleet.model import Member, Wave
from upgrader.fleet.strategy import Strategy
from upgrader.fleet.waves import select, waves_of
from upgrader.model.errors import CcmUpgradeError
from upgrader.model.finding import Verdict
from upgrader.model.plan import Plan

# States of CS in which a cluster's API answers; anything else is told, not tried.
_LIVE = frozenset({"", "running", "updating", "scaling"})


class Found(Struct, frozen=True, kw_only=True):
    """One finding of a cluster, short: for the heat map."""

    code: str
    outcome: str
    count: int = 1


class ClusterPlan(Struct, frozen=True, kw_only=True):
    """One cluster's plan in short; `error` says why there is none. It is made again, fresh, at the cluster's turn."""

    id: str
    verdict: Verdict
    from_version: str = field(default="", name="from")
    to_version: str = field(default="", name="to")
    steps: tuple[str, ...] = ()
    findings: tuple[Found, ...] = ()
    error: str = ""


class FleetPlan(Struct, frozen=True, kw_only=True):
    """All that `fleet apply` needs: nothing is looked up again but the clusters themselves."""

    strategy: Strategy
    members: tuple[Member, ...]
    waves: tuple[Wave, ...]
    clusters: tuple[ClusterPlan, ...]
    created: str
    id: str = ""
    api_version: Literal["ccm-upgrade/v1"] = field(default="ccm-upgrade/v1", name="apiVersion")
    kind: Literal["FleetPlan"] = "FleetPlan"

    def verdicts(self) -> dict[str, int]:
        """How many clusters have each verdict."""
        return dict(Counter(one.verdict for one in self.clusters))


def plan_fleet(
    inventory: tuple[Member, ...],
    strategy: Strategy,
    plan: Callable[[Member, Strategy], Plan],
    *,
    now: str,
    parallel: int = 8,
    say: Callable[[str], None] = lambda _: None,
) -> FleetPlan:
    """Waves of the selected clusters and a judgement of each. One that can't be read is UNKNOWN; it stops nobody else.

    Raises `InputError` when the selection is empty, or a cluster is in no wave.
    """
    members = select(inventory, strategy)
    waves = waves_of(members, strategy)

    def judge(member: Member) -> ClusterPlan:
        found = _judge(member, strategy, plan)
        say(f"{member.name or member.id}: {found.verdict}" + (f" ({found.error})" if found.error else ""))
        return found

    with ThreadPoolExecutor(max_workers=parallel) as pool:
        return FleetPlan(
            strategy=strategy, members=members, waves=waves, clusters=tuple(pool.map(judge, members)), created=now
        )


def _judge(member: Member, strategy: Strategy, plan: Callable[[Member, Strategy], Plan]) -> ClusterPlan:
    if member.state not in _LIVE:
        return ClusterPlan(id=member.id, verdict="UNKNOWN", error=f"the cluster is {member.state}")
    try:
        made = plan(member, strategy)
    except CcmUpgradeError as error:
        return ClusterPlan(id=member.id, verdict="UNKNOWN", error=str(error))
    counts = Counter((finding.code, finding.outcome) for finding in made.findings if finding.open)
    return ClusterPlan(
        id=member.id,
        verdict=made.verdict,
        from_version=made.from_version,
        to_version=made.to_version,
        steps=tuple(step.id for step in made.steps),
        findings=tuple(Found(code=c, outcome=o, count=n) for (c, o), n in sorted(counts.items())),
    )
