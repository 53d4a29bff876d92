"""No load balancer is left behind.

What it checks
    Which Services the target CCM stops serving, and which load balancers nobody manages any more.
Why it matters
    CCMs before v2.5.1 ignored spec.loadBalancerClass and made a CLB for any Service. From v2.10.0 on CCM drops such a
    Service: finalizer, labels and status go, with the event CleanLoadBalancer, but no request deletes the CLB. It
    stays, with its bill, and its backends grow stale; the Service loses its address. With the class
    alibabacloud.com/nlb, a new NLB with another address takes its place.
How it is decided
    From the forecast: load balancers that it names as left behind, and statuses that it clears.
What to do
    Move clients first. Or remove the Service's class by recreating it, with the CLB named by its id.
Sources
    ccm-source, observed
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import Context, about
from upgrader.model.finding import Finding

CODE = "CCM057"
TITLE = "No load balancer is left behind"
NEEDS: tuple[str, ...] = ("services", "ccm")


def applies(context: Context) -> str:
    """Where there are Services."""
    return context.no_service


def find(context: Context) -> Iterable[Finding]:
    """FAIL for each Service that is dropped."""
    for forecast in context.outlook.eventful:
        if not (forecast.left_behind or forecast.status_cleared):
            continue
        service = context.by_key.get(forecast.key)
        if service is None:
            continue  # A Service of another type by now is cleaned up on purpose: its owner changed the type.
        left = ", ".join(forecast.left_behind)
        loses = " and it loses its address" if forecast.status_cleared else ""
        yield Finding(
            code=CODE,
            outcome="FAIL",
            effect="IMMEDIATE",
            subject=about(forecast),
            message=f"{context.target} stops serving it: {left or 'its load balancer'} stays without an owner{loses}",
            evidence={
                "left_behind": list(forecast.left_behind),
                "status_cleared": forecast.status_cleared,
                "class": service.spec.load_balancer_class,
            },
            remedy="move its clients first, or recreate it without a class on the CLB, named by its id",
            sources=("ccm-source", "observed"),
        )
