"""Whether policies allow an action: allow, deny or unknown, with the statement that decides.

RAM's own law: an explicit Deny wins, else an Allow is needed, and the order of statements means nothing. Ours on top:
what depends on something that is not known (a Condition, a Resource that covers only a part of what is needed, an
unreadable document) is unknown, never allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

from upgrader.ram.conditions import holds
from upgrader.ram.globs import covers, overlaps
from upgrader.ram.model import Policy, Statement

Answer = Literal["allow", "deny", "unknown"]
Reach = Literal["whole", "part", "none"]
"""How much of the question a statement answers."""


class Decision(Struct, frozen=True, kw_only=True):
    """The answer, why, and the statement and policy that decide it (None and empty for an implicit deny)."""

    answer: Answer
    why: str
    statement: Statement | None = None
    policy: str = ""

    @property
    def allowed(self) -> bool:
        """True only for a sure allow."""
        return self.answer == "allow"


def evaluate(
    policies: Iterable[Policy], action: str, resource: str = "*", context: Mapping[str, str] | None = None
) -> Decision:
    """What `policies` together say to `action` on `resource` (a text or a pattern; `*` is all of the product).

    `context` holds what is known of the request for conditions; an unknown key leaves its condition undecided.
    """
    wanted = f"acs:{action.partition(':')[0]}:*:*:*" if resource == "*" else resource
    sure: dict[str, Decision] = {}
    maybe: dict[str, Decision] = {}
    for policy in policies:
        if policy.unreadable:
            why = f"the document of {policy.name} can't be read: {policy.unreadable}"
            maybe.setdefault("unreadable", Decision(answer="unknown", why=why, policy=policy.name))
        for statement in policy.statements:
            reach = _reach(statement, action, wanted, context or {})
            if reach == "none":
                continue
            found = _decision(statement, policy.name, reach, action)
            (sure if reach == "whole" else maybe).setdefault(statement.effect, found)
    return _settle(sure, maybe, action)


def _settle(sure: dict[str, Decision], maybe: dict[str, Decision], action: str) -> Decision:
    if "Deny" in sure:
        return sure["Deny"]
    doubt = maybe.get("Deny") or maybe.get("unreadable")
    if "Allow" in sure:
        return doubt or sure["Allow"]
    if "Allow" in maybe:
        return maybe["Allow"]
    # Without any Allow a doubtful Deny changes nothing; a document that can't be read might hold the Allow.
    return maybe.get("unreadable") or Decision(answer="deny", why=f"no statement allows {action}")


def _decision(statement: Statement, policy: str, reach: Reach, action: str) -> Decision:
    if reach == "whole":
        answer: Answer = "allow" if statement.effect == "Allow" else "deny"
        verb = "allows" if answer == "allow" else "denies"
        return Decision(answer=answer, why=f"{policy} {verb} {action}", statement=statement, policy=policy)
    verb = "allowed" if statement.effect == "Allow" else "denied"
    limits = " and ".join(_limits(statement))
    why = f"{action} is {verb} by {policy} only {limits}"
    return Decision(answer="unknown", why=why, statement=statement, policy=policy)


def _limits(statement: Statement) -> Iterable[str]:
    if statement.conditions:
        yield f"under a condition ({', '.join(sorted(statement.conditions))})"
    if statement.resources is not None and "*" not in statement.resources:
        yield f"on {', '.join(statement.resources)}"
    if statement.not_resources is not None:
        yield f"on all but {', '.join(statement.not_resources)}"


def _reach(statement: Statement, action: str, wanted: str, context: Mapping[str, str]) -> Reach:
    if not _names(statement, action):
        return "none"
    reach = _resources(statement, wanted)
    if reach == "none" or not statement.conditions:
        return reach
    met = holds(statement.conditions, context)
    if met is None:
        return "part"
    return reach if met else "none"


def _names(statement: Statement, action: str) -> bool:
    if statement.actions is not None:
        return any(covers(pattern, action) for pattern in statement.actions)
    return not any(covers(pattern, action) for pattern in statement.not_actions or ())


def _resources(statement: Statement, wanted: str) -> Reach:
    if statement.resources is not None:
        return _best(statement.resources, wanted)
    excluded = _best(statement.not_resources or (), wanted)
    opposite: dict[Reach, Reach] = {"whole": "none", "part": "part", "none": "whole"}
    return opposite[excluded]


def _best(patterns: Iterable[str], wanted: str) -> Reach:
    found: Reach = "none"
    for pattern in patterns:
        if covers(pattern, wanted):
            return "whole"
        if overlaps(pattern, wanted):
            found = "part"
    return found
