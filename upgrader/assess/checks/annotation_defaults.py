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

from upgrader.assess.tally import Holders, Tally
from upgrader.matrix.model import Annotation
from upgrader.migrations.context import CLUSTER, Context, about, kind_of, services
from upgrader.model.finding import Finding
from upgrader.model.kube import Service

CODE = "CCM011"
TITLE = "No default changes for settings that Services leave open"
NEEDS: tuple[str, ...] = ("services", "ccm")


def applies(context: Context) -> str:
    """Where there are Services."""
    return context.no_service


def find(context: Context) -> Iterable[Finding]:
    """WARN for Services that get the new default."""
    for annotation in _changed(context) if context.waiting else ():
        told = _told(annotation, context)
        for service in context.waiting:
            if kind_of(service) in annotation.lb and not context.sets(service, annotation):
                yield _pending(service, annotation, told)


def tally(context: Context) -> Tally:
    """How many Services rely on each default that changes."""
    relying = {
        _key(annotation): context.asking(annotation) - context.carriers(annotation) for annotation in _changed(context)
    }
    return {key: Holders(count) for key, count in relying.items() if count}


def tell(tally: Tally, context: Context) -> Iterable[Finding]:
    """NOTE for defaults that only later Services get."""
    for annotation in _changed(context):
        relying = tally.get(_key(annotation))
        if relying is None:
            continue
        defaults = [annotation.default(context.source), annotation.default(context.target)]
        yield Finding(
            code=CODE,
            outcome="NOTE",
            effect="NONE",
            subject=CLUSTER,
            message=f"For new load balancers, {_told(annotation, context)}; "
            f"those of the {services(relying.count)} that rely on it stay",
            evidence={"annotation": annotation.name, "default": defaults, "count": relying.count},
            remedy=f"set {annotation.name} where the old value is wanted for new Services",
            sources=annotation.sources,
        )


def _changed(context: Context) -> Iterable[Annotation]:
    """The annotations that both versions read, with another default in the target."""
    before, after = context.source, context.target
    for annotation in context.matrix.annotations:
        read = annotation.read_by(before) and annotation.read_by(after)
        if read and annotation.default(before) != annotation.default(after):
            yield annotation


def _key(annotation: Annotation) -> str:
    """One name may be two annotations: for CLBs and for NLBs."""
    return f"{annotation.name} ({', '.join(annotation.lb)})"


def _told(annotation: Annotation, context: Context) -> str:
    before, after = annotation.default(context.source), annotation.default(context.target)
    return f"the default of {annotation.name} changes from {_shown(before)} to {_shown(after)}"


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
