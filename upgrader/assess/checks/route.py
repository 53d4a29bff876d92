"""There is a way from what runs to the target.

What it checks
    Whether the releases and their bounds allow a path from the running version to the target, and whether ACK offers
    the target here.
Why it matters
    ACK offers few versions for an add-on, often only the newest: what it does not offer, it does not install.
How it is decided
    By the path search of `ccm-upgrade matrix path`, and by what ACK offers next for the add-on.
What to do
    Choose a version that is offered, or mend what blocks the path.
Sources
    ack-upgrade
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.matrix.route import find_route
from upgrader.migrations.context import CLUSTER, Context
from upgrader.model.errors import InputError
from upgrader.model.finding import Finding
from upgrader.model.version import CcmVersion, parse_version

CODE = "CCM085"
TITLE = "There is a way from what runs to the target"
NEEDS: tuple[str, ...] = ("ccm",)


def applies(context: Context) -> str:
    """Where the version changes and the target is known."""
    if context.source == context.target:
        return "the version does not change"
    return "the target is newer than the data" if context.matrix.is_beyond(context.target) else ""


def find(context: Context) -> Iterable[Finding]:
    """FAIL where the path is blocked, or ACK does not offer the target."""
    identity = context.facts.identity
    route = find_route(
        context.matrix, context.source, context.target, kubernetes=identity.kubernetes or None, kind=identity.kind
    )
    if route.blocked is not None:
        yield _finding(context, f"The way is blocked by {route.blocked.by}: {route.blocked.why}", {})
    offered = context.facts.ccm.addon_next
    if context.facts.ccm.managed_by == "ack" and offered and context.target not in set(_versions(offered)):
        yield _finding(context, f"ACK does not offer {context.target} here; it offers {', '.join(offered)}",
                       {"offered": list(offered)})  # fmt: skip


def _versions(texts: Iterable[str]) -> Iterable[CcmVersion]:
    for text in texts:
        try:
            yield parse_version(text)
        except InputError:
            continue


def _finding(context: Context, message: str, evidence: dict[str, object]) -> Finding:
    return Finding(
        code=CODE,
        outcome="FAIL",
        effect="NONE",
        subject=CLUSTER,
        message=message,
        evidence={"from": str(context.source), "to": str(context.target), **evidence},
        remedy="choose a version that is offered: ccm-upgrade matrix path shows the way",
        sources=("ack-upgrade",),
    )
