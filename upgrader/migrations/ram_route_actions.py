"""v2.11.2 writes Flannel's routes in batches, for which the role needs two more actions.

What it checks
    The RAM role of a dedicated or self-managed Flannel cluster allows vpc:CreateRouteEntries and
    vpc:DeleteRouteEntries before CCM is upgraded to v2.11.2 or later.
Why it matters
    Without them no route is made for a new node: its pods can't be reached from other nodes.
How it is decided
    The role's real policy documents are evaluated as RAM does. Where the network plug-in is not known: unknown.
What to do
    Let the plan write a new default version of k8sMasterRolePolicy-Ccm-* (older clusters: k8sMasterRolePolicy-*).
    Undone by making the old version the default again; the new one is deleted.
Sources
    service-faq, ack-ram
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from upgrader.migrations import ram_steps
from upgrader.migrations.context import Context
from upgrader.migrations.migration import Mends
from upgrader.migrations.needs import ROUTE_ACTIONS, ROUTE_BATCH_SINCE
from upgrader.model.finding import Finding

ID = "ram-route-actions"
CODE = "CCM031"
TITLE = "The role of a Flannel cluster may write routes in batches"
NEEDS: tuple[str, ...] = ("ram",)
WINDOW = ("v1.9.3", str(ROUTE_BATCH_SINCE))


def applies(context: Context) -> str:
    """From v2.11.2 on, not on Terway, where the role is not ACK's."""
    if context.target < ROUTE_BATCH_SINCE:
        return f"needed from {ROUTE_BATCH_SINCE} on"
    if context.facts.identity.network == "terway":
        return "Terway needs no routes in the VPC"
    return ram_steps.concerns(context)


def find(context: Context) -> Iterable[Finding]:
    """FAIL where the role lacks one of them; UNKNOWN where it does and the network plug-in is not known."""
    why = f"{context.target} can't route to new nodes without them"
    finding = ram_steps.missing(CODE, context, ROUTE_ACTIONS, why, ("service-faq", "ack-ram"))
    if finding and context.facts.identity.network is None:
        message = f"{finding.message}, if the network plug-in is Flannel (say it with --network)"
        finding = replace(finding, outcome="UNKNOWN", message=message)
    return [finding] if finding else []


def steps(findings: Iterable[Finding], context: Context) -> Mends:
    """A new default version of the policy."""
    return ram_steps.grant((one for one in findings if one.outcome == "FAIL"), context)
