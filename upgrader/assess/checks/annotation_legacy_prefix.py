"""Annotations are written with the prefix that every CCM prefers.

What it checks
    Which Services use the legacy prefix `alicloud-loadbalancer-`.
Why it matters
    Every CCM up to v2.14.0 still reads it, as the second choice after `alibaba-cloud-loadbalancer-`; annotations
    that are newer than the legacy prefix are documented with the new one only.
How it is decided
    By the annotations' names. One NOTE for the cluster.
What to do
    Write the new prefix when the Service is edited next; both have the same meaning.
Sources
    ccm-source
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.assess.tally import Holders, Tally
from upgrader.migrations.context import CLUSTER, LEGACY_PREFIX, PREFIX, Context, services, some
from upgrader.model.finding import Finding

CODE = "CCM015"
TITLE = "No Service uses the legacy prefix alicloud-loadbalancer-"
NEEDS: tuple[str, ...] = ("services",)


def applies(context: Context) -> str:
    """Where there are Services."""
    return context.no_service


def find(context: Context) -> Iterable[Finding]:
    """Nothing about a single Service."""
    return ()


def tally(context: Context) -> Tally:
    """The Services that use it."""
    used = {s.key for name, found in context.annotated.items() if name.startswith(LEGACY_PREFIX) for s in found}
    return {LEGACY_PREFIX: Holders.of(used)} if used else {}


def tell(tally: Tally, context: Context) -> Iterable[Finding]:
    """One NOTE with the Services that use it."""
    for holders in tally.values():
        yield Finding(
            code=CODE,
            outcome="NOTE",
            effect="NONE",
            subject=CLUSTER,
            message=f"The legacy prefix {LEGACY_PREFIX} is used by {services(holders.count)}: "
            f"{some(holders.keys, total=holders.count)}",
            evidence={"services": list(holders.keys), "count": holders.count},
            remedy=f"write {PREFIX} at the next edit",
            sources=("ccm-source",),
        )
