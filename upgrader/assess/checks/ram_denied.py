"""No policy forbids what the target needs.

What it checks
    Whether an explicit Deny in one of the role's policies covers an action that the target CCM needs here.
Why it matters
    A Deny wins over every Allow: granting the action does nothing until the Deny goes. Somebody put it there on
    purpose, so no step removes it.
How it is decided
    The role's real policy documents are evaluated; the deciding statement is shown.
What to do
    Ask who owns the policy, and narrow the Deny.
Sources
    ack-ram
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.codec import plain
from upgrader.migrations import ram_steps
from upgrader.migrations.context import Context
from upgrader.model.finding import Finding, Subject

CODE = "CCM033"
TITLE = "No policy forbids an action that the target needs"
NEEDS: tuple[str, ...] = ("ram",)


def applies(context: Context) -> str:
    """Where the role is not ACK's."""
    return ram_steps.concerns(context)


def find(context: Context) -> Iterable[Finding]:
    """FAIL for each policy with such a Deny."""
    by_policy: dict[str, list[str]] = {}
    for action in context.ram.denied:
        by_policy.setdefault(context.ram.decisions[action].policy, []).append(action)
    for policy, actions in sorted(by_policy.items()):
        statement = context.ram.decisions[actions[0]].statement
        yield Finding(
            code=CODE,
            outcome="FAIL",
            effect="IMMEDIATE",
            subject=Subject(kind="RamPolicy", name=policy),
            message=f"{policy} forbids {', '.join(actions)}, and a Deny wins over every Allow",
            evidence={"denied": actions, "statement": plain(statement)},
            remedy="narrow the Deny; granting the actions does not help while it stands",
            sources=("ack-ram",),
        )
