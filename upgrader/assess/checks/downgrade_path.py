"""An add-on that ACK runs has no documented way back.

What it checks
    Whether the old version can be put back after this upgrade, and that no downgrade is asked of ACK.
Why it matters
    ACK documents neither a downgrade nor a rollback of this add-on. Once the new CCM runs, the way out is forward:
    the next version, or a ticket. Until the rollout begins, the upgrade's task can be cancelled.
How it is decided
    By who runs CCM. FAIL for a downgrade of an add-on; NOTE for an upgrade.
What to do
    Rehearse on a cluster that matters less, and read the forecast: it says what the new CCM writes.
Sources
    ack-upgrade
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import CLUSTER, Context
from upgrader.model.finding import Finding

CODE = "CCM062"
TITLE = "The old version can be put back"
NEEDS: tuple[str, ...] = ("ccm",)


def applies(context: Context) -> str:
    """Only where ACK runs CCM, and something changes."""
    if context.target == context.source:
        return "the version does not change"
    return "" if context.run_by_ack else "CCM runs as a workload: its image can be put back"


def find(context: Context) -> Iterable[Finding]:
    """FAIL for a downgrade of the add-on, NOTE for an upgrade of it."""
    yield Finding(
        code=CODE,
        outcome="FAIL" if context.downgrade else "NOTE",
        effect="NONE",
        subject=CLUSTER,
        message=f"ACK documents no downgrade of the add-on: {context.source} can't be replaced by {context.target}"
        if context.downgrade
        else f"ACK documents no downgrade of the add-on: {context.source} can't be put back once {context.target} runs",
        evidence={"from": str(context.source), "to": str(context.target), "managed_by": "ack"},
        remedy="ask ACK by ticket" if context.downgrade else "",
        sources=("ack-upgrade",),
        waivable=not context.downgrade,
    )
