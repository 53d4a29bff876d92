"""The target refuses no Service.

What it checks
    Which Services the target CCM will not sync, in its own words: something that can't be changed once created, a
    load balancer that can't be reused or is gone, a value that is no number. (Duplicates: CCM056.)
Why it matters
    A refused Service stays as it is, and gets no new backends: with the next rollout of its pods it is down. An older
    CCM, or one without a reason for a full sync, may have kept silent about it for years.
How it is decided
    From the forecast. The remedy comes from the catalogue of errors.
What to do
    See the remedy of each refusal; `ccm-upgrade explain "<message>"` finds it in the catalogue of errors.
Sources
    service-faq, ccm-source, observed
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from upgrader.migrations.context import Context, about
from upgrader.model.finding import Finding

CODE = "CCM055"
TITLE = "The target refuses no Service"
NEEDS: tuple[str, ...] = ("services", "ccm")

DUPLICATES = "duplicates"
"""The forecast's code for several load balancers of one Service."""


def applies(context: Context) -> str:
    """Where there are Services."""
    return context.no_service


def find(context: Context) -> Iterable[Finding]:
    """FAIL for each refused Service; duplicates have a check of their own."""
    for forecast in context.outlook.eventful:
        refusal = forecast.refusal
        if refusal is not None and refusal.code != DUPLICATES:
            yield Finding(
                code=CODE,
                outcome="FAIL",
                effect="IMMEDIATE",
                subject=about(forecast),
                message=f"{context.target} refuses to sync it: {refusal.message}",
                evidence={"refusal": refusal.code, "load_balancer_id": forecast.load_balancer_id},
                remedy=cure_of(refusal.message, context),
                sources=("service-faq", "ccm-source", "observed"),
            )


def cure_of(message: str, context: Context) -> str:
    """What the catalogue of errors says to do about the message."""
    for error in context.matrix.errors:
        if error.fix and re.search(error.pattern, message):
            return "; ".join(error.fix)
    return "mend the cause before the upgrade: ccm-upgrade diagnose says how"
