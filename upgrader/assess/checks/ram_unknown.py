"""Every needed action can be decided.

What it checks
    Whether the policies answer for sure, for each action that the target CCM needs here.
Why it matters
    An Allow under a condition (an IP, a tag, a resource group) or on a part of the resources may or may not cover
    what CCM does. From v2.11.2 on tags are sent with the creation itself, so conditions on tags apply to it.
How it is decided
    Conditions are decided where the request is known; what stays open is unknown, never allowed.
What to do
    Look at the statement that is named, and accept it by --waive CCM034 if you know that it holds.
Sources
    ack-ram
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from upgrader.migrations import ram_steps
from upgrader.migrations.context import Context
from upgrader.model.finding import Finding, Subject

CODE = "CCM034"
TITLE = "The policies answer for sure on every action that the target needs"
NEEDS: tuple[str, ...] = ("ram",)


def applies(context: Context) -> str:
    """Where the role is not ACK's."""
    return ram_steps.concerns(context)


def find(context: Context) -> Iterable[Finding]:
    """UNKNOWN for each policy that leaves actions open."""
    open_actions: dict[str, list[str]] = defaultdict(list)
    for action in context.ram.unknown:
        open_actions[context.ram.decisions[action].policy].append(action)
    for policy, actions in sorted(open_actions.items()):
        why = context.ram.decisions[actions[0]].why
        more = f"; so are {len(actions) - 1} more" if len(actions) > 1 else ""
        yield Finding(
            code=CODE,
            outcome="UNKNOWN",
            effect="NONE",
            subject=Subject(kind="RamPolicy", name=policy or context.facts.ram.role),
            message=f"{why}{more}",
            evidence={"unknown": actions},
            remedy="look at this statement, and waive the finding if it covers what CCM does",
            sources=("ack-ram",),
        )
