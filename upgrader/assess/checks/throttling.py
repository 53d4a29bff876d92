"""The first reconcile stays below the cloud's request limits.

What it checks
    How many requests the target CCM sends at its first reconcile, and how long they take at the least.
Why it matters
    SLB and NLB throttle an account's calls. A throttled CCM retries, and a new pod meanwhile waits for its traffic;
    other tools on the account are throttled with it.
How it is decided
    Reads: about six requests for a Service synced in full, three for one whose backends alone are compared. Writes:
    the forecast's. WARN from 1,000 requests on: at some ten a second that is over a minute and a half.
What to do
    Upgrade off-peak, with no deployments, and keep --concurrent-service-syncs low on very large clusters.
Sources
    service-faq, ccm-source
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.assess.tally import Holders, Tally
from upgrader.migrations.context import CLUSTER, Context
from upgrader.model.finding import Finding

CODE = "CCM051"
TITLE = "The first reconcile stays below the cloud's request limits"
NEEDS: tuple[str, ...] = ("services", "ccm")

READS_FULL, READS_BACKENDS = 6, 3
REQUESTS_PER_SECOND = 10
"""An estimate to give a time, not a limit of the cloud."""
MANY_REQUESTS = 1000


def applies(context: Context) -> str:
    """Where there are Services."""
    return context.no_service


def find(context: Context) -> Iterable[Finding]:
    """Nothing about a single Service."""
    return ()


def tally(context: Context) -> Tally:
    """How many requests read, and how many write."""
    outlook = context.outlook
    reads = READS_FULL * sum(outlook.full_syncs.values()) + READS_BACKENDS * outlook.backend_syncs
    writes = sum(1 for one in outlook.eventful for write in one.writes if write.effect == "IMMEDIATE")
    return {"reads": Holders(reads), "writes": Holders(writes)}


def tell(tally: Tally, context: Context) -> Iterable[Finding]:
    """WARN where many requests are to be expected."""
    writes = tally["writes"].count
    total = tally["reads"].count + writes
    if total < MANY_REQUESTS:
        return
    seconds = total // REQUESTS_PER_SECOND
    yield Finding(
        code=CODE,
        outcome="WARN",
        effect="IMMEDIATE",
        subject=CLUSTER,
        message=f"About {total} requests at the first reconcile ({writes} of them write): throttling is likely, "
        f"and at {REQUESTS_PER_SECOND} a second it takes {seconds // 60} min {seconds % 60} s",
        evidence={"requests": total, "writes": writes, "seconds": seconds},
        remedy="upgrade off-peak, and deploy nothing until every Service is synced",
        sources=("service-faq", "ccm-source"),
    )
