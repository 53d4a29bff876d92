"""v2.12.1 works on NLBs in batches, for which the role needs nlb:ListAsynJobs.

What it checks
    The RAM role of a dedicated or self-managed cluster allows nlb:ListAsynJobs before CCM is upgraded to v2.12.1 or
    later.
Why it matters
    Without it every change of an NLB ends in AccessDenied ("Forbidden.RAM"): new pods get no traffic. ACK asks for it
    on all dedicated clusters, whether or not they have NLBs yet.
How it is decided
    The role's real policy documents are evaluated as RAM does: wildcards, NotAction, Deny, Condition, Resource.
What to do
    Let the plan write a new default version of k8sMasterRolePolicy-Ccm-* (older clusters: k8sMasterRolePolicy-*).
    Undone by making the old version the default again; the new one is deleted.
Sources
    service-faq, ack-ram
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations import ram_steps
from upgrader.migrations.context import Context
from upgrader.migrations.migration import Mends
from upgrader.migrations.needs import NLB_ACTIONS, NLB_BATCH_SINCE
from upgrader.model.finding import Finding

ID = "ram-nlb-actions"
CODE = "CCM030"
TITLE = "The role may list the asynchronous jobs of NLB"
NEEDS: tuple[str, ...] = ("ram",)
WINDOW = ("v1.9.3", str(NLB_BATCH_SINCE))


def applies(context: Context) -> str:
    """From v2.12.1 on, where the role is not ACK's."""
    if context.target < NLB_BATCH_SINCE:
        return f"needed from {NLB_BATCH_SINCE} on"
    return ram_steps.concerns(context)


def find(context: Context) -> Iterable[Finding]:
    """FAIL where the role lacks the action."""
    why = f"{context.target} can't change any NLB without it"
    finding = ram_steps.missing(CODE, context, NLB_ACTIONS, why, ("service-faq", "ack-ram"))
    return [finding] if finding else []


def steps(findings: Iterable[Finding], context: Context) -> Mends:
    """A new default version of the policy."""
    return ram_steps.grant(findings, context)
