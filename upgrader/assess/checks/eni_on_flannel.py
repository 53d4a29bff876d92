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

from upgrader.assess.tally import Holders, Tally
from upgrader.forecast.annotations import BACKEND_TYPE
from upgrader.migrations.context import CLUSTER, Context, about, services
from upgrader.model.finding import Finding
from upgrader.model.kube import Service

CODE = "CCM040"
TITLE = "No Service of a Flannel cluster asks for ENI backends"
NEEDS: tuple[str, ...] = ("services",)


def applies(context: Context) -> str:
    """Not on Terway, and only where a Service asks for ENI backends."""
    if context.facts.identity.network == "terway":
        return "the network plug-in is Terway"
    return "" if context.annotated.get(BACKEND_TYPE) else "no Service sets backend-type"


def find(context: Context) -> Iterable[Finding]:
    """FAIL for each such Service, where the network plug-in is known."""
    for service in _asking(context) if context.facts.identity.network is not None else ():
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


def tally(context: Context) -> Tally:
    """Such Services, where the network plug-in is not known."""
    asking = _asking(context) if context.facts.identity.network is None else []
    return {"eni": Holders.of(service.key for service in asking)} if asking else {}


def tell(tally: Tally, context: Context) -> Iterable[Finding]:
    """One UNKNOWN for all of them."""
    for asking in tally.values():
        yield Finding(
            code=CODE,
            outcome="UNKNOWN",
            effect="NONE",
            subject=CLUSTER,
            message=f"ENI backends are asked for by {services(asking.count)}, and the network plug-in is not known",
            evidence={"services": list(asking.keys), "count": asking.count},
            remedy="say it with --network flannel|terway",
            sources=("service-faq",),
        )


def _asking(context: Context) -> list[Service]:
    return [s for s in context.annotated.get(BACKEND_TYPE, ()) if s.metadata.annotations[BACKEND_TYPE] == "eni"]
