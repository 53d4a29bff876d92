"""NLB Services need a CCM that knows NLBs.

What it checks
    No NLB Service is handed to a CCM older than v2.5.1.
Why it matters
    An older CCM ignores the class and takes the Service for one of its own: it looks for a CLB, and either fails with
    "can not find loadbalancer, but it's defined in service" or makes a new CLB that is billed.
How it is decided
    By spec.loadBalancerClass and the target's version.
What to do
    Choose a target from v2.5.1 on.
Sources
    ccm-source, observed
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import NLB_SINCE, Context, about
from upgrader.model.finding import Finding

CODE = "CCM061"
TITLE = "Every NLB Service is served by a CCM that knows NLBs"
NEEDS: tuple[str, ...] = ("services",)


def applies(context: Context) -> str:
    """Only where the target is older than NLB support."""
    if context.target >= NLB_SINCE:
        return "the target knows NLBs"
    return "" if context.nlb_services else "there is no NLB Service"


def find(context: Context) -> Iterable[Finding]:
    """FAIL for each NLB Service."""
    for service in context.nlb_services:
        yield Finding(
            code=CODE,
            outcome="FAIL",
            effect="IMMEDIATE",
            subject=about(service),
            message=f"It is served by an NLB, and {context.target} takes it for a CLB Service",
            evidence={"class": service.spec.load_balancer_class, "since": str(NLB_SINCE)},
            remedy=f"choose a target from {NLB_SINCE} on",
            sources=("ccm-source", "observed"),
        )
