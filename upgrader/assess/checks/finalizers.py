"""A CCM older than v2.0.1 leaves finalizers in place.

What it checks
    A downgrade does not lead to a CCM that neither sets nor removes the finalizers that Services carry.
Why it matters
    From v2.0.1 on CCM puts `service.k8s.alibaba/resources` on every LoadBalancer Service, from v2.5.1 on
    `service.k8s.alibaba/nlb` on NLB Services. An older CCM does not know them: a deleted Service then stays in
    Terminating for ever.
How it is decided
    By the finalizers on the Services and the target's version.
What to do
    Choose a newer target. Else remove the finalizer by hand from each Service that is to be deleted, after its load
    balancer is gone.
Sources
    ccm-source
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.assess.tally import Holders, Tally
from upgrader.migrations.context import CLUSTER, Context, services, some
from upgrader.model.finding import Finding
from upgrader.model.version import parse_version

CODE = "CCM060"
TITLE = "The target knows every finalizer that Services carry"
NEEDS: tuple[str, ...] = ("services",)

KNOWN_SINCE = {
    "service.k8s.alibaba/resources": parse_version("v2.0.1"),
    "service.k8s.alibaba/nlb": parse_version("v2.5.1"),
}


def applies(context: Context) -> str:
    """Only where the target is too old for one of the finalizers."""
    unknown = any(context.target < since for since in KNOWN_SINCE.values())
    return "" if unknown else "the target knows all finalizers"


def find(context: Context) -> Iterable[Finding]:
    """Nothing about a single Service."""
    return ()


def tally(context: Context) -> Tally:
    """The Services that carry a finalizer that the target does not know."""
    strange = [finalizer for finalizer, since in KNOWN_SINCE.items() if context.target < since]
    carried = {one: [s.key for s in context.facts.services if one in s.metadata.finalizers] for one in strange}
    return {finalizer: Holders.of(keys) for finalizer, keys in carried.items() if keys}


def tell(tally: Tally, context: Context) -> Iterable[Finding]:
    """FAIL for each finalizer that the target does not know, with the Services that carry it."""
    for finalizer, since in KNOWN_SINCE.items():
        holders = tally.get(finalizer)
        if holders is not None:
            yield Finding(
                code=CODE,
                outcome="FAIL",
                effect="LATENT",
                subject=CLUSTER,
                message=f"{context.target} never removes {finalizer}: deletion will hang for {services(holders.count)} "
                f"({some(holders.keys, total=holders.count)})",
                evidence={"finalizer": finalizer, "services": list(holders.keys), "count": holders.count},
                remedy=f"choose a target from {since} on",
                sources=("ccm-source",),
            )
