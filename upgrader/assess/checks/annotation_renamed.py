"""Annotations are set under the name that the target reads.

What it checks
    Services that set an annotation under a name that has another name in the target CCM.
Why it matters
    The old name is ignored: what it asked for is not done any more, or only for load balancers that exist.
How it is decided
    By the renames in the data; a Service that sets the new name too is fine.
What to do
    Set the new name as well; remove the old one after the upgrade.
Sources
    ccm-source
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from upgrader.migrations.context import Context, about
from upgrader.model.finding import Finding

CODE = "CCM012"
TITLE = "Every annotation is set under the name that the target reads"
NEEDS: tuple[str, ...] = ("services", "ccm")


def applies(context: Context) -> str:
    """Only where a name is read no more, and another takes its place."""
    return "" if old_names(context) else "no annotation has another name in the target"


def old_names(context: Context) -> Mapping[str, str]:
    """Names that the target reads no more → the names that take their place."""
    read = {annotation.name for annotation in context.matrix.annotations if annotation.read_by(context.target)}
    return {
        annotation.renamed_from: annotation.name
        for annotation in context.matrix.annotations
        if annotation.renamed_from and annotation.name in read and annotation.renamed_from not in read
    }


def find(context: Context) -> Iterable[Finding]:
    """WARN for each Service that sets only the old name."""
    for old, new in sorted(old_names(context).items()):
        for service in context.annotated.get(old, ()):
            if new in service.metadata.annotations:
                continue
            yield Finding(
                code=CODE,
                outcome="WARN",
                effect="LATENT",
                subject=about(service),
                message=f"{context.target} does not read {old}; its name is {new} now",
                evidence={"annotation": old, "renamed_to": new, "value": service.metadata.annotations[old]},
                remedy=f"set {new} as well",
                sources=("ccm-source",),
            )
