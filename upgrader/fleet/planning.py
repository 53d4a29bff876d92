"""A fleet plan: the strategy, the waves, and what was found about each cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from upgrader.fleet.job import why_of
from upgrader.fleet.mistakes import mistakes_in, refuse_blind_waves
from upgrader.fleet.model import ClusterPlan, Found, Member, Wave
from upgrader.fleet.strategy import Strategy, known_releases
from upgrader.fleet.waves import select, waves_of
from upgrader.model.errors import InputError
from upgrader.model.plan import Plan

# States of CS in which a cluster's API answers; anything else is told, not tried.
_LIVE = frozenset({"", "running", "updating", "scaling"})


# The outcome of findings that make a verdict.
STANDS: dict[str, str] = {"BLOCKED": "FAIL", "UNKNOWN": "UNKNOWN"}


class FleetPlan(Struct, frozen=True, kw_only=True):
    """All that `fleet apply` needs: nothing is looked up again but the clusters themselves.

    `unread` says by account why its clusters are not known, and so in no wave.
    """

    strategy: Strategy
    members: tuple[Member, ...]
    waves: tuple[Wave, ...]
    clusters: tuple[ClusterPlan, ...]
    created: str
    unread: dict[str, str] = {}
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
    unread: Mapping[str, str] | None = None,
    parallel: int = 8,
    say: Callable[[str], None] = lambda _: None,
) -> FleetPlan:
    """Waves of the selected clusters and a judgement of each. One that can't be read is UNKNOWN; it stops nobody else.

    What the inventory does not tell (the CCM's version, a kind, a region) is filled in from the look at the cluster
    before the selectors are asked again. Raises `InputError` when the selection is empty, a cluster is in no wave, or
    the selector of a wave means nobody.
    """
    candidates = select(inventory, strategy)
    refuse_blind_waves(strategy, inventory)

    def judge(member: Member) -> tuple[Member, ClusterPlan]:
        looked, found = _judge(member, strategy, plan)
        say(f"{member.name or member.id}: {found.verdict}" + (f" ({found.error})" if found.error else ""))
        return looked, found

    with ThreadPoolExecutor(max_workers=parallel) as pool:
        judged = tuple(pool.map(judge, candidates))
    members = select((member for member, _ in judged), strategy)
    meant = {member.id for member in members}
    clusters = tuple(one for _, one in judged if one.id in meant)
    return FleetPlan(
        strategy=strategy, members=members, waves=waves_of(members, strategy), clusters=clusters, created=now,
        unread=dict(unread or {}),
    )  # fmt: skip


def refuse_torn(plan: FleetPlan) -> None:
    """Raises `InputError` for a plan that was changed so that it can't be carried out: by hand, or by a cut."""
    dealt = [id_ for wave in plan.waves for id_ in wave.members]
    members, judged = [one.id for one in plan.members], [one.id for one in plan.clusters]
    wrong = next((why for why, is_so in (
        ("it has no waves", not plan.waves),
        ("a cluster is in two waves, or twice in one", len(set(dealt)) != len(dealt)),
        ("its waves and its members name other clusters", set(dealt) != set(members)),
        ("a member is listed twice", len(set(members)) != len(members)),
        ("it judges other clusters than its members", sorted(judged) != sorted(members)),
    ) if is_so), "")  # fmt: skip
    mistakes = [wrong] if wrong else mistakes_in(plan.strategy, known_releases())
    if mistakes:
        raise InputError(what="not a fleet plan that can be carried out", why="; ".join(mistakes),
                         next_command="ccm-upgrade fleet plan --strategy FILE -o fleet.json makes one")  # fmt: skip


def _judge(member: Member, strategy: Strategy, plan: Callable[[Member, Strategy], Plan]) -> tuple[Member, ClusterPlan]:
    """The member with what the look told about it, and its plan in short."""
    if member.state not in _LIVE:
        return member, ClusterPlan(id=member.id, verdict="UNKNOWN", error=f"the cluster is {member.state}")
    try:
        made = plan(member, strategy)
    except Exception as error:  # noqa: BLE001 - what goes wrong with one cluster, our own bug too, stops nobody else
        return member, ClusterPlan(id=member.id, verdict="UNKNOWN", error=why_of(error))
    known = replace(
        member,
        name=member.name or made.cluster.name,
        region=member.region or made.cluster.region,
        kind=member.kind or made.cluster.kind,
        version=made.from_version,
    )
    return known, in_short(member.id, made)


def in_short(id_: str, made: Plan) -> ClusterPlan:
    """A plan, cut down to what the fleet remembers of it."""
    counts = Counter((finding.code, finding.outcome) for finding in made.findings if finding.open)
    return ClusterPlan(
        id=id_,
        verdict=made.verdict,
        from_version=made.from_version,
        to_version=made.to_version,
        steps=tuple(step.id for step in made.steps),
        findings=tuple(Found(code=c, outcome=o, count=n) for (c, o), n in sorted(counts.items())),
        settled=tuple(sorted({finding.code for finding in made.findings if not finding.open})),
        why=standing(made),
    )


def standing(made: Plan) -> str:
    """The first finding that makes the verdict BLOCKED or UNKNOWN, in words; empty for any other verdict."""
    wanted = STANDS.get(made.verdict)
    first = next((one for one in made.findings if one.open and one.outcome == wanted), None)
    return f"{first.code} {first.message}" if first else ""
