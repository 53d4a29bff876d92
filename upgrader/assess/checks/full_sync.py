"""The service hash stays valid, so that only backends are synced.

What it checks
    How many Services the target CCM will sync in full at its first reconcile, because it computes another hash than
    the one on the Service's label, or finds none.
Why it matters
    A full sync compares attributes, listeners, groups and tags, not only backends: what somebody edited in the
    console is put back, where it is annotated or always forced; and it costs many requests for each Service. Without
    it, such edits stay until the Service is edited next.
How it is decided
    From the forecast, which computes the target's hash for every Service. The formula changed at v1.9.3.324 (none
    before), v2.1.0 and v2.7.0; each of these steps syncs every Service once.
What to do
    Read the forecast's writes. Upgrade off-peak, and do not deploy meanwhile.
Sources
    ccm-source, observed
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.assess.tally import Holders, Tally
from upgrader.migrations.context import CLUSTER, Context, services
from upgrader.model.finding import Finding
from upgrader.model.forecast import SyncReason

CODE = "CCM050"
TITLE = "No Service is synced in full"
NEEDS: tuple[str, ...] = ("services", "ccm")

WORDS: dict[SyncReason, str] = {
    "hash-formula-changed": "the target computes the hash in another way",
    "no-hash": "no hash is on the Service yet",
    "service-changed": "the Service changed since it was synced last",
    "none": "of another reason",
}
_ALL = "all"


def applies(context: Context) -> str:
    """Where there are Services."""
    return context.no_service


def find(context: Context) -> Iterable[Finding]:
    """Nothing about a single Service."""
    return ()


def tally(context: Context) -> Tally:
    """How many Services there are, and how many are synced in full, by why."""
    found: Tally = {why: Holders(count) for why, count in context.outlook.full_syncs.items()}
    # More may have a forecast than ask for a load balancer: those that CCM cleans up after are synced too.
    return found | {_ALL: Holders(len(context.forecast.services))}


def tell(tally: Tally, context: Context) -> Iterable[Finding]:
    """One finding for the cluster: how many, and why."""
    reasons = {why: tally[why].count for why in WORDS if why in tally}
    total = sum(reasons.values())
    if not total:
        return
    commonest = sorted(reasons.items(), key=lambda one: (-one[1], one[0]))
    told = "; ".join(f"{count} because {WORDS[why]}" for why, count in commonest)
    yield Finding(
        code=CODE,
        outcome="WARN",
        effect="IMMEDIATE",
        subject=CLUSTER,
        message=f"{total} of {services(tally[_ALL].count)} will be synced in full at the first reconcile: {told}",
        evidence={"count": total, "why": dict(sorted(reasons.items()))},
        remedy="read the forecast's writes, and upgrade off-peak",
        sources=("ccm-source", "observed"),
    )
