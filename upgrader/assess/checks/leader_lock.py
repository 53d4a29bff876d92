"""The two versions respect one leader lock.

What it checks
    The running and the target CCM share a leader lock, so that never two of them lead at once.
Why it matters
    In a rolling update old and new pods run side by side. Where they hold different locks, both lead: each undoes
    what the other writes. CCM's authors allow v2.6.0 only after a version above v2.4.2 for this reason.
How it is decided
    By the lock of each version (endpoints up to v1.9.3.372, leases in v1.9.3.376 to 380, both in v2.1 to v2.5.1,
    leases from v2.6.0 on), unless --leader-elect-resource-lock says otherwise.
What to do
    Where CCM runs as a workload, let the plan stop all old pods before the new ones start, and the other way round in
    a rollback: for that time no Service is synced. Where ACK runs it, go by a version that holds both locks (v2.1.0
    to v2.5.1).
Sources
    ccm-source
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations import leader_locks
from upgrader.migrations.context import CLUSTER, Context
from upgrader.migrations.startup_flags import flag_value
from upgrader.model.finding import Finding

CODE = leader_locks.CODE
TITLE = "The running and the target CCM respect one leader lock"
NEEDS: tuple[str, ...] = ("ccm",)


def applies(context: Context) -> str:
    """Only where the version changes, and the lock is the default one."""
    if context.source == context.target:
        return "the version does not change"
    if flag_value(context.facts.ccm.args, leader_locks.FLAG):
        return f"--{leader_locks.FLAG} is set"
    return ""


def find(context: Context) -> Iterable[Finding]:
    """WARN where they share none."""
    before, after = leader_locks.held(context.source), leader_locks.held(context.target)
    if not before or not after or before & after:
        return
    yield Finding(
        code=CODE,
        outcome="WARN",
        effect="IMMEDIATE",
        subject=CLUSTER,
        message=f"{context.source} locks {', '.join(sorted(before))}, {context.target} locks "
        f"{', '.join(sorted(after))}: both can lead at once in a rolling update",
        evidence={"running": sorted(before), "target": sorted(after)},
        remedy="go by a version that holds both locks (v2.1.0 to v2.5.1)"
        if context.run_by_ack
        else "let the plan stop all old pods before the new ones start",
        sources=("ccm-source",),
    )
