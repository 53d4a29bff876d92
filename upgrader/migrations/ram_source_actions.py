"""CCM calls more of the cloud with each version than ACK's documentation says.

What it checks
    The RAM role of a dedicated or self-managed cluster allows every action that the target CCM's source calls for
    what this cluster uses: its kinds of load balancer, its network plug-in, the annotations on its Services.
Why it matters
    ACK documents two of these changes (CCM030, CCM031). The source shows more: v2.5.1 replaced AddTags by TagResources
    on every CLB, so that a role built from the published sample policy is denied at every sync; v2.9.1 protects NLBs,
    v2.10.0 removes tags, v2.11.2 switches the source/destination check off, v2.13.0 manages domain extensions,
    v2.14.0 makes security groups.
How it is decided
    By CCM's source at each tag, and the role's real policy documents. The OpenAPI's action is taken for the RAM
    action, which is the rule but proven for few; each such finding says that it comes from the source.
What to do
    Let the plan write a new default version of the policy, together with the documented actions.
    Undone by making the old version the default again; the new one is deleted.
Sources
    ccm-source, ack-ram
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations import ram_steps
from upgrader.migrations.context import Context
from upgrader.migrations.migration import Mends
from upgrader.migrations.needs import NLB_ACTIONS, ROUTE_ACTIONS
from upgrader.model.finding import Finding

ID = "ram-source-actions"
CODE = "CCM032"
TITLE = "The role allows every action that the target's source calls here"
NEEDS: tuple[str, ...] = ("ram",)
WINDOW = ("v1.9.3", "v2.14.0")


def applies(context: Context) -> str:
    """Where the role is not ACK's."""
    return ram_steps.concerns(context)


def find(context: Context) -> Iterable[Finding]:
    """FAIL where the role lacks some, beyond what the documentation names."""
    beyond = [action for action in context.needed_actions if action not in (*NLB_ACTIONS, *ROUTE_ACTIONS)]
    why = f"the source of {context.target} calls them for what is used here (ACK's documentation does not name them)"
    finding = ram_steps.missing(CODE, context, beyond, why, ("ccm-source", "ack-ram"))
    return [finding] if finding else []


def steps(findings: Iterable[Finding], context: Context) -> Mends:
    """A new default version of the policy."""
    return ram_steps.grant(findings, context)
