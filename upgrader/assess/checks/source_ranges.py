"""NLBs obey loadBalancerSourceRanges from v2.14.0 on.

What it checks
    No NLB Service has source ranges that the target CCM is the first to obey.
Why it matters
    Up to v2.13 the field did nothing on NLBs. v2.14.0 makes a security group from it and attaches it to the NLB at
    the first sync, which comes at once because the Service's hash changes with it: clients outside the ranges, used
    to getting in, are cut off.
How it is decided
    By the field of NLB Services, where the upgrade crosses v2.14.0. The role also needs ECS security-group actions.
What to do
    Look at each range list; remove the field where it is not meant.
Sources
    ccm-source, ccm-releases
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import Context, about
from upgrader.model.finding import Finding

CODE = "CCM044"
TITLE = "No NLB Service has source ranges that come to life"
NEEDS: tuple[str, ...] = ("services", "ccm")

SINCE = "v2.14.0"


def applies(context: Context) -> str:
    """Only where the upgrade crosses v2.14.0 and there are NLB Services."""
    if not context.crosses(SINCE):
        return f"the upgrade does not cross {SINCE}"
    return "" if context.nlb_services else "there is no NLB Service"


def find(context: Context) -> Iterable[Finding]:
    """WARN for each NLB Service with source ranges."""
    for service in context.nlb_services:
        ranges = service.spec.load_balancer_source_ranges
        if ranges:
            yield Finding(
                code=CODE,
                outcome="WARN",
                effect="IMMEDIATE",
                subject=about(service),
                message=f"{context.target} lets only {', '.join(ranges)} in; until now everybody got in",
                evidence={"source_ranges": list(ranges)},
                remedy="check the ranges, or remove spec.loadBalancerSourceRanges before the upgrade",
                sources=("ccm-source", "ccm-releases"),
            )
