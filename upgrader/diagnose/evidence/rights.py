"""A RAM action that is denied: which one, to whom, and whether a plan can add it."""

from __future__ import annotations

import re

from upgrader.diagnose.case import Case
from upgrader.diagnose.model import Answer

_ACTION = re.compile(r"\b(?:action[=: ]+|AuthAction\W+)?((?:slb|nlb|vpc|ecs|ram|cs|alb):[A-Z][A-Za-z0-9]+)\b")


def denied(case: Case) -> Answer:
    """The action as the message names it, else what the role's policies lack for what runs."""
    look = case.look
    ram = look.facts.ram
    found = _ACTION.search(case.message)
    evidence = [f"the message names {found[1]}"] if found else []
    evidence.append(f"CCM's role is {ram.role}" if ram.role else "CCM's role was not read")
    judged = look.context.ram
    fill = {"VERSION": str(look.running or "")}
    if ram.policies is None:
        return Answer(evidence=tuple(evidence), fill=fill)
    if judged.denied:
        evidence.append(f"a Deny in its policies forbids {', '.join(judged.denied[:8])}, and wins over every Allow")
        return Answer(
            evidence=tuple(evidence), fix=("narrow that Deny", "ccm-upgrade ram diff --to VERSION"), fill=fill
        )
    if judged.missing:
        evidence.append(f"its policies lack {', '.join(judged.missing[:8])} for {look.running or 'what runs'}")
        dedicated = look.facts.identity.kind == "dedicated"
        return Answer(evidence=tuple(evidence), step="ram.policy-version" if dedicated else None, fill=fill)
    evidence.append("its policies, as they stand now, allow all that the running version calls here")
    return Answer(evidence=tuple(evidence), fill=fill)


def throttled(case: Case) -> Answer:
    """Who fails again and again: the most events first."""
    counts = sorted(
        (
            (sum(e.count or 1 for e in found if e.type == "Warning"), key)
            for key, found in case.look.events.items()
            if any(e.type == "Warning" for e in found)
        ),
        reverse=True,
    )
    listed = ", ".join(f"{key} ({count})" for count, key in counts[:5])
    return Answer(evidence=(f"Services by their failures: {listed}",) if listed else ())
