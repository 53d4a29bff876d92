"""The target refuses no Service.

What it checks
    Which Services the target CCM will not sync, in its own words: something that can't be changed once created, a
    load balancer that can't be reused, is gone, or is one of several with the same tag.
Why it matters
    A refused Service stays as it is, and gets no new backends: with the next rollout of its pods it is down. An older
    CCM, or one without a reason for a full sync, may have kept silent about it for years.
How it is decided
    From the forecast.
What to do
    See the remedy of each refusal; `ccm-upgrade explain "<message>"` finds it in the catalogue of errors.
Sources
    service-faq, ccm-source, observed
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import Context, about
from upgrader.model.finding import Finding

CODE = "CCM055"
TITLE = "The target refuses no Service"
NEEDS: tuple[str, ...] = ("services", "ccm")


def applies(context: Context) -> str:
    """Always, where there are Services."""
    return "" if context.services else "there is no LoadBalancer Service"


def find(context: Context) -> Iterable[Finding]:
    """FAIL for each refused Service."""
    for forecast in context.forecast.services:
        refusal = forecast.refusal
        if refusal is not None:
            yield Finding(
                code=CODE,
                outcome="FAIL",
                effect="IMMEDIATE",
                subject=about(forecast),
                message=f"{context.target} refuses to sync it: {refusal.message}",
                evidence={"refusal": refusal.code, "load_balancer_id": forecast.load_balancer_id},
                remedy="mend the cause before the upgrade: ccm-upgrade diagnose says how",
                sources=("service-faq", "ccm-source", "observed"),
            )
