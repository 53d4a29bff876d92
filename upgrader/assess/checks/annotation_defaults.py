"""Defaults stay what they are.

What it checks
    Settings whose default differs between the running and the target CCM, for Services that do not set them.
Why it matters
    A default is applied when a load balancer is made: new ones differ from the old, in bills as well (from v2.12.1 on
    new CLBs are billed by LCU). Load balancers that exist keep what they have.
How it is decided
    By the defaults in the data. WARN where a Service still waits for its load balancer and so gets the new default;
    one NOTE for each other default that changed, with the number of Services that rely on it.
What to do
    Set the annotation where the old value is wanted.
Sources
    ccm-source, observed
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.matrix.model import Annotation
from upgrader.migrations.context import CLUSTER, Context, about, kind_of, services
from upgrader.model.finding import Finding
from upgrader.model.kube import Service

CODE = "CCM011"
TITLE = "No default changes for settings that Services leave open"
NEEDS: tuple[str, ...] = ("services", "ccm")


def applies(context: Context) -> str:
    """Always, where there are Services."""
    return "" if context.services else "there is no LoadBalancer Service"


def find(context: Context) -> Iterable[Finding]:
    """WARN for Services that get the new default, NOTE for defaults that only later ones get."""
    for annotation in context.matrix.annotations:
        if not (annotation.read_by(context.source) and annotation.read_by(context.target)):
            continue
        before, after = annotation.default(context.source), annotation.default(context.target)
        if before == after:
            continue
        relying = context.asking(annotation) - context.carriers(annotation)
        if not relying:
            continue
        told = f"the default of {annotation.name} changes from {_shown(before)} to {_shown(after)}"
        for service in context.waiting:
            if kind_of(service) in annotation.lb and not context.sets(service, annotation):
                yield _pending(service, annotation, told)
        yield Finding(
            code=CODE,
            outcome="NOTE",
            effect="NONE",
            subject=CLUSTER,
            message=f"For new load balancers, {told}; those of the {services(relying)} that rely on it stay",
            evidence={"annotation": annotation.name, "default": [before, after], "count": relying},
            remedy=f"set {annotation.name} where the old value is wanted for new Services",
            sources=annotation.sources,
        )


def _pending(service: Service, annotation: Annotation, told: str) -> Finding:
    return Finding(
        code=CODE,
        outcome="WARN",
        effect="IMMEDIATE",
        subject=about(service),
        message=f"It still waits for its load balancer, and {told}",
        evidence={"annotation": annotation.name},
        remedy=f"set {annotation.name}",
        sources=annotation.sources,
    )


def _shown(value: str | None) -> str:
    return repr(value) if value else "none"
