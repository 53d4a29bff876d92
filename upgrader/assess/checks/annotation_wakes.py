"""No annotation comes to life.

What it checks
    Annotations on Services that the running CCM ignores and the target reads.
Why it matters
    An annotation that had no effect for years takes effect: a listener gets a health check or a timeout, a name or a
    billing method changes, or the Service is refused because it can't be changed once created.
How it is decided
    By the versions that read each annotation, for CLB and NLB apart. At once where it concerns backends and their
    weights, which are synced always, or where the Service is synced in full; at its next edit otherwise.
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

BACKEND_AREAS = frozenset({"weights", "backends", "server groups"})
"""Areas of changes that need no full sync to take effect."""


def applies(context: Context) -> str:
    """Where there are Services."""
    return context.no_service


def find(context: Context) -> Iterable[Finding]:
    """WARN for each Service and annotation."""
    changes = context.matrix.changes(context.source, context.target)
    at_once = {name for change in changes if change.area in BACKEND_AREAS for name in change.annotations}
    for annotation in context.matrix.annotations:
        if annotation.read_by(context.source) or not annotation.read_by(context.target):
            continue
        for service, value in context.users(annotation):
            yield Finding(
                code=CODE,
                outcome="WARN",
                effect="IMMEDIATE" if annotation.name in at_once else context.effect_on(service),
                subject=about(service),
                message=f"{annotation.name}={value!r} is ignored by {context.source} and read by {context.target}",
                evidence={"annotation": annotation.name, "value": value, "since": str(annotation.since)},
                remedy="remove the annotation if its effect is not wanted",
                sources=annotation.sources,
            )
