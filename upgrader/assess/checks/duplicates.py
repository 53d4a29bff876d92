"""Every Service has one load balancer.

What it checks
    No Service has several load balancers that carry its tag or its name.
Why it matters
    Up to v2.2.0 CCM took the first it found. From v2.3.0 on it refuses: "find multiple loadbalancers by tag", and the
    Service gets no new backends. The others cost money and may still be reached by somebody.
How it is decided
    From the forecast, which looks load balancers up as the target does.
What to do
    Find out which one serves the Service (its address is in the Service's status), and take the tag
    kubernetes.do.not.delete off the others, then delete them.
Sources
    ccm-source
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.assess.checks.refusals import DUPLICATES
from upgrader.migrations.context import Context, about
from upgrader.model.finding import Finding

CODE = "CCM056"
TITLE = "Every Service has one load balancer"
NEEDS: tuple[str, ...] = ("services", "ccm")


def applies(context: Context) -> str:
    """Where there are Services."""
    return context.no_service


def find(context: Context) -> Iterable[Finding]:
    """FAIL for each Service with several."""
    for forecast in context.outlook.eventful:
        refusal = forecast.refusal
        if refusal is not None and refusal.code == DUPLICATES:
            yield Finding(
                code=CODE,
                outcome="FAIL",
                effect="IMMEDIATE",
                subject=about(forecast),
                message=f"{context.target} refuses to choose: {refusal.message}",
                evidence={"refusal": refusal.code},
                remedy="leave the tag kubernetes.do.not.delete on the one that serves it, on it alone",
                sources=("ccm-source",),
            )
