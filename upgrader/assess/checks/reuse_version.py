"""Load balancers are reused from v1.9.3.105 on.

What it checks
    Whether the target CCM can serve Services that name an existing load balancer in their annotations.
Why it matters
    A CCM below v1.9.3.105 does not support reuse: such a Service gets another CLB, or none.
How it is decided
    By the target's version and the annotation alibaba-cloud-loadbalancer-id.
What to do
    Choose a target from v1.9.3.105 on.
Sources
    service-faq
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import Context, about
from upgrader.model.finding import Finding
from upgrader.model.version import parse_version

CODE = "CCM020"
TITLE = "The target can reuse the load balancers that Services name"
NEEDS: tuple[str, ...] = ("services",)

SINCE = parse_version("v1.9.3.105")


def applies(context: Context) -> str:
    """Only where a Service names a load balancer."""
    return "" if context.carrying("id") else "no Service names a load balancer"


def find(context: Context) -> Iterable[Finding]:
    """FAIL for each Service that names one, where the target is too old."""
    if context.target >= SINCE:
        return
    for service in context.carrying("id"):
        yield Finding(
            code=CODE,
            outcome="FAIL",
            effect="IMMEDIATE",
            subject=about(service),
            message=f"It names a load balancer, and {context.target} can't reuse any",
            evidence={"target": str(context.target), "since": str(SINCE)},
            remedy=f"choose a target from {SINCE} on",
            sources=("service-faq",),
        )
