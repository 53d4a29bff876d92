"""No annotation is set under both prefixes.

What it checks
    Whether a Service sets the same annotation as `alibaba-cloud-loadbalancer-…` and as `alicloud-loadbalancer-…`,
    with different values.
Why it matters
    From v1.9.3.348 on the new prefix wins. Before that the order of a map decided, so that either value may be what
    the load balancer has now; the upgrade settles it.
How it is decided
    By the annotations' names and values. WARN where the upgrade crosses v1.9.3.348, NOTE otherwise.
What to do
    Remove the one under the legacy prefix, after making sure that the other is the wanted value.
Sources
    ccm-source
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import LEGACY_PREFIX, PREFIX, Context, about
from upgrader.model.finding import Finding

CODE = "CCM016"
TITLE = "No Service sets one annotation under both prefixes with different values"
NEEDS: tuple[str, ...] = ("services",)

SETTLED_SINCE = "v1.9.3.348"


def applies(context: Context) -> str:
    """Only where the legacy prefix is used at all."""
    return "" if any(n.startswith(LEGACY_PREFIX) for n in context.annotated) else "the legacy prefix is not used"


def find(context: Context) -> Iterable[Finding]:
    """One finding for each Service and annotation."""
    settles = context.crosses(SETTLED_SINCE)
    for name, services in sorted(context.annotated.items()):
        if not name.startswith(LEGACY_PREFIX):
            continue
        twin = PREFIX + name.removeprefix(LEGACY_PREFIX)
        for service in services:
            old, new = service.metadata.annotations[name], service.metadata.annotations.get(twin)
            if new is not None and new != old:
                yield Finding(
                    code=CODE,
                    outcome="WARN" if settles else "NOTE",
                    effect="LATENT",
                    subject=about(service),
                    message=f"{twin}={new!r} and {name}={old!r} are both set: {context.target} takes {new!r}",
                    evidence={"annotation": twin, "values": {twin: new, name: old}},
                    remedy=f"remove {name}",
                    sources=("ccm-source",),
                )
