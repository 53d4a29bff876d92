"""There is a way from what runs to the target.

What it checks
    Whether the releases and their bounds allow a path from the running version to the target, and whether ACK offers
    the target here.
Why it matters
    ACK offers few versions for an add-on, often only the newest: what it does not offer, it does not install.
How it is decided
    By the path search of `ccm-upgrade matrix path FROM TO`, and by what ACK offers next for the add-on: FAIL where the
    target can't be had, WARN where a stop on the way can't, which the plan then leaves out.
What to do
    Choose a version that is offered, or mend what blocks the path.
Sources
    ack-upgrade
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import CLUSTER, Context
from upgrader.model.finding import Finding, Outcome

CODE = "CCM085"
TITLE = "There is a way from what runs to the target"
NEEDS: tuple[str, ...] = ("ccm",)


def applies(context: Context) -> str:
    """Where the version changes and the target is known."""
    if context.source == context.target:
        return "the version does not change"
    return "the target is newer than the data" if context.matrix.is_beyond(context.target) else ""


def find(context: Context) -> Iterable[Finding]:
    """FAIL where the path is blocked, or ACK does not offer the target; WARN where a stop has to be left out."""
    route, offered = context.route, context.offered
    if route.blocked is not None:
        yield _finding(context, "FAIL", f"The way is blocked by {route.blocked.by}: {route.blocked.why}")
    elif offered and context.target not in offered:
        told = ", ".join(str(version) for version in offered)
        yield _finding(context, "FAIL", f"ACK does not offer {context.target} here; it offers {told}")
    elif context.path != route.hops:
        yield _finding(context, "WARN", f"ACK does not offer a stop that the way should make: {'; '.join(route.why)}")


def _finding(context: Context, outcome: Outcome, message: str) -> Finding:
    return Finding(
        code=CODE,
        outcome=outcome,
        effect="NONE",
        subject=CLUSTER,
        message=message,
        evidence={
            "from": str(context.source),
            "to": str(context.target),
            "offered": [str(version) for version in context.offered],
            "stops": list(context.route.why),
        },
        remedy="choose a version that is offered: "
        f"ccm-upgrade matrix path {context.source} {context.target} shows the way",
        sources=("ack-upgrade",),
    )
