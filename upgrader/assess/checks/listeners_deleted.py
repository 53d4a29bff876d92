"""No listener is deleted.

What it checks
    Which listeners the target CCM deletes.
Why it matters
    A deleted listener cuts its clients off at once. CCM deletes listeners that carry its own description (or this
    Service's name) and whose port is not in the Service: a hand-made listener that was given such a description, and
    listeners that an older CCM named in another way, are lost.
How it is decided
    From the forecast: slb:DeleteLoadBalancerListener and nlb:DeleteListener.
What to do
    Give a hand-made listener another description, or add its port to the Service.
Sources
    ccm-source, observed
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import Context, about
from upgrader.model.finding import Finding

CODE = "CCM053"
TITLE = "No listener is deleted"
NEEDS: tuple[str, ...] = ("services", "ccm")

DELETES = frozenset({"slb:DeleteLoadBalancerListener", "nlb:DeleteListener"})


def applies(context: Context) -> str:
    """Where there are Services."""
    return context.no_service


def find(context: Context) -> Iterable[Finding]:
    """FAIL for each Service that loses a listener at once, WARN where that comes with its next edit."""
    for forecast in context.outlook.eventful:
        deleted = [write for write in forecast.writes if write.action in DELETES]
        if not deleted:
            continue
        now = any(write.effect == "IMMEDIATE" for write in deleted)
        names = [write.object for write in deleted]
        yield Finding(
            code=CODE,
            outcome="FAIL" if now else "WARN",
            effect="IMMEDIATE" if now else "LATENT",
            subject=about(forecast),
            message=f"{context.target} deletes {len(names)} of its listeners: {', '.join(names)}",
            evidence={"load_balancer_id": forecast.load_balancer_id, "listeners": names},
            remedy="give a hand-made listener another description, or add its port to the Service",
            sources=("ccm-source", "observed"),
        )
