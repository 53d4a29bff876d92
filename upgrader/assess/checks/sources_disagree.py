"""All sources name the same facts alike.

What it checks
    What the cloud, the workload and the leader say about the running CCM (version, kind, network) is the same.
Why it matters
    Where they differ, an upgrade is half done, or somebody changed the workload behind ACK's back: the judgement
    would then rest on the wrong version.
How it is decided
    Discovery keeps every source's answer; each disagreement is one finding.
What to do
    Find out which is true; say it with --from or --kind if need be.
Sources
    ack-upgrade
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import CLUSTER, Context
from upgrader.model.finding import Finding

CODE = "CCM080"
TITLE = "All sources agree on how CCM runs"
NEEDS: tuple[str, ...] = ()


def applies(context: Context) -> str:
    """Always."""
    return ""


def find(context: Context) -> Iterable[Finding]:
    """WARN for each fact that two sources name differently."""
    for one in context.facts.ccm.disagreements:
        told = "; ".join(f"{source} says {value}" for source, value in sorted(one.values.items()))
        yield Finding(
            code=CODE,
            outcome="WARN",
            effect="NONE",
            subject=CLUSTER,
            message=f"Sources disagree on the {one.fact}: {told}",
            evidence={"fact": one.fact, "values": one.values},
            remedy="find out which is true before you upgrade",
            sources=("ack-upgrade",),
        )
