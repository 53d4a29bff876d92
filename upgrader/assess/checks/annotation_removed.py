"""No annotation in use loses its reader.

What it checks
    Annotations on Services that the running CCM reads and the target does not.
Why it matters
    The setting stays as it is in the cloud, and nobody keeps it up any more: the next change is made for nothing, and
    a recreated load balancer lacks it.
How it is decided
    By the versions that read each annotation, for CLB and NLB apart. What has another name now is CCM012's.
What to do
    Set it in the console, or find what replaces it.
Sources
    ccm-source, ack-annotations-clb, ack-annotations-nlb
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.assess.checks import annotation_renamed
from upgrader.migrations.context import Context, about
from upgrader.model.finding import Finding

CODE = "CCM013"
TITLE = "Every annotation that the running CCM reads is read by the target"
NEEDS: tuple[str, ...] = ("services", "ccm")


def applies(context: Context) -> str:
    """Where there are Services."""
    return context.no_service


def find(context: Context) -> Iterable[Finding]:
    """WARN for each Service and annotation."""
    renamed = annotation_renamed.old_names(context)
    for annotation in context.matrix.annotations:
        if not annotation.read_by(context.source) or annotation.read_by(context.target) or annotation.name in renamed:
            continue
        for service, value in context.users(annotation):
            yield Finding(
                code=CODE,
                outcome="WARN",
                effect="LATENT",
                subject=about(service),
                message=f"{annotation.name}={value!r} is read by {context.source} and ignored by {context.target}",
                evidence={"annotation": annotation.name, "value": value, "until": str(annotation.until)},
                remedy="set it in the console, or find what replaces it",
                sources=annotation.sources,
            )
