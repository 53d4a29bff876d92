"""Whether policies let their holder read and nothing else: what is not surely reading counts as writing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from upgrader.ram.model import Policy

READING = ("Describe", "Get", "List", "Query", "Check")
"""What the names of this cloud's reading actions begin with."""


def beyond_reading(policies: Iterable[Policy]) -> tuple[str, ...]:
    """What the policies allow beyond reading, each as its document spells it with the policy's name; empty: nothing.

    A Deny takes nothing away here: whether it covers all of an Allow is not for us to prove. `sts:AssumeRole` is no
    reading: whoever may assume a role may what the role may.
    """
    return tuple(sorted({one for policy in policies for one in _of(policy)}))


def _of(policy: Policy) -> Iterator[str]:
    if policy.unreadable:
        yield f"{policy.name}: its document can't be read ({policy.unreadable})"
    for statement in policy.statements:
        if statement.effect != "Allow":
            continue
        if statement.actions is None:
            yield f"{policy.name}: all actions but {', '.join(statement.not_actions or ())}"
        for pattern in statement.actions or ():
            if not _reads(pattern):
                yield f"{policy.name}: {pattern}"


def _reads(pattern: str) -> bool:
    """Whether all that a pattern covers is reading: its own text says so before the first wildcard."""
    product, _, action = pattern.partition(":")
    sure = action.partition("*")[0].partition("?")[0]
    return bool(product) and any(sure.lower().startswith(word.lower()) for word in READING)
