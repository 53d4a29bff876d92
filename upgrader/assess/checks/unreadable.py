"""Everything that was given could be read.

What it checks
    No object of the input was broken.
Why it matters
    A Service that could not be read is not judged: the new CCM may do anything to it.
How it is decided
    Discovery names each object that it could not decode, and why.
What to do
    Make the dump again, or read the cluster live.
Sources
    ccm-source
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import CLUSTER, Context
from upgrader.model.finding import Finding

CODE = "CCM084"
TITLE = "Every object of the input could be read"
NEEDS: tuple[str, ...] = ()

NAMED = 20
"""How many broken objects are named one by one; the rest are counted."""


def applies(context: Context) -> str:
    """Always."""
    return ""


def find(context: Context) -> Iterable[Finding]:
    """UNKNOWN with the names of the first broken objects and how many there are."""
    count = context.facts.unreadable_count
    if not count:
        return
    broken = ((name, why) for name, why in context.facts.unreadable.items() if name != "…")
    named = dict(sorted(broken)[:NAMED])
    yield Finding(
        code=CODE,
        outcome="UNKNOWN",
        effect="NONE",
        subject=CLUSTER,
        message=f"{count} input objects could not be read and are not judged: "
        + "; ".join(f"{name} ({why})" for name, why in named.items())
        + (f"; and {count - NAMED} more" if count > NAMED else ""),
        evidence={"count": count, "objects": named},
        remedy="make the dump again, or read the cluster live",
        sources=(),
    )
