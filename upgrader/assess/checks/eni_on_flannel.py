"""ENI backends need Terway.

What it checks
    No Service asks for `backend-type: eni` in a cluster whose network plug-in is Flannel.
Why it matters
    Flannel pods have no address in the VPC, so CCM fails: "can not find eniid for ip … in vpc …", and no backend is
    updated any more.
How it is decided
    By the annotation service.beta.kubernetes.io/backend-type and the network plug-in.
What to do
    Remove the annotation.
Sources
    service-faq
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.forecast.annotations import BACKEND_TYPE
from upgrader.migrations.context import CLUSTER, Context, about, services
from upgrader.model.finding import Finding

CODE = "CCM040"
TITLE = "No Service of a Flannel cluster asks for ENI backends"
NEEDS: tuple[str, ...] = ("services",)


def applies(context: Context) -> str:
    """Not on Terway, and only where a Service asks for ENI backends."""
    if context.facts.identity.network == "terway":
        return "the network plug-in is Terway"
    return "" if context.annotated.get(BACKEND_TYPE) else "no Service sets backend-type"


def find(context: Context) -> Iterable[Finding]:
    """FAIL for each such Service; one UNKNOWN where the network plug-in is not known."""
    asking = [s for s in context.annotated.get(BACKEND_TYPE, ()) if s.metadata.annotations[BACKEND_TYPE] == "eni"]
    if context.facts.identity.network is None and asking:
        yield Finding(
            code=CODE,
            outcome="UNKNOWN",
            effect="NONE",
            subject=CLUSTER,
            message=f"ENI backends are asked for by {services(len(asking))}, and the network plug-in is not known",
            evidence={"services": sorted(service.key for service in asking)[:100], "count": len(asking)},
            remedy="say it with --network flannel|terway",
            sources=("service-faq",),
        )
        return
    for service in asking:
        yield Finding(
            code=CODE,
            outcome="FAIL",
            effect="IMMEDIATE",
            subject=about(service),
            message="It asks for ENI backends, which Flannel does not have",
            evidence={BACKEND_TYPE: "eni", "network": context.facts.identity.network},
            remedy=f"remove the annotation {BACKEND_TYPE}",
            sources=("service-faq",),
        )
