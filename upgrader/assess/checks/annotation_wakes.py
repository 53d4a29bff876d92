"""No annotation comes to life.

What it checks
    Annotations on Services that the running CCM ignores and the target reads.
Why it matters
    An annotation that had no effect for years takes effect: a listener gets a health check or a timeout, a name or a
    billing method changes, or the Service is refused because it can't be changed once created.
How it is decided
    By the versions that read each annotation, for CLB and NLB apart. At once where the Service is synced in full, at
    its next edit otherwise.
What to do
    Keep what is meant, remove what is not, before the upgrade.
Sources
    ccm-source, ack-annotations-clb, ack-annotations-nlb, observed
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import Context, about
from upgrader.model.finding import Finding

CODE = "CCM010"
TITLE = "No annotation that the running CCM ignores comes to life"
NEEDS: tuple[str, ...] = ("services", "ccm")


def applies(context: Context) -> str:
    """Always, where there are Services."""
    return "" if context.services else "there is no LoadBalancer Service"


def find(context: Context) -> Iterable[Finding]:
    """WARN for each Service and annotation."""
    for annotation in context.matrix.annotations:
        if annotation.read_by(context.source) or not annotation.read_by(context.target):
            continue
        for service, value in context.users(annotation):
            yield Finding(
                code=CODE,
                outcome="WARN",
                effect=context.effect_on(service),
                subject=about(service),
                message=f"{annotation.name}={value!r} is ignored by {context.source} and read by {context.target}",
                evidence={"annotation": annotation.name, "value": value, "since": str(annotation.since)},
                remedy="remove the annotation if its effect is not wanted",
                sources=annotation.sources,
            )
