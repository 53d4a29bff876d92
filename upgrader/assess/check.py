"""What a check is, and how one is run: nothing ends silently green.

A check is a module of `upgrader.assess.checks`: its docstring is its documentation (`explain CODE` prints it), under
the headings What it checks / Why it matters / How it is decided / What to do / Sources.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Protocol

from upgrader.migrations.context import Context
from upgrader.model.facts import Gap
from upgrader.model.finding import CheckRun, Finding, Subject

TIMELESS = frozenset({"CCM080", "CCM081", "CCM083", "CCM084", "CCM086"})
"""Checks of what runs, that ask nothing about versions: the others can't judge one that is newer than the data."""


class Check(Protocol):
    """One rule. `TITLE` is the true sentence that holds when the check passes.

    `NEEDS` names the areas of facts (see `Gap`) without which nothing can be said.
    """

    __doc__: str | None
    CODE: str
    TITLE: str
    NEEDS: tuple[str, ...]

    def applies(self, context: Context) -> str:
        """Why the check does not concern this cluster and this pair of versions; empty when it does."""

    def find(self, context: Context) -> Iterable[Finding]:
        """What is wrong; nothing when all is well."""


def run_check(check: Check, context: Context) -> tuple[CheckRun, tuple[Finding, ...]]:
    """How the check ended, with its findings. A check that raises is broken, and its error is told."""
    if context.beyond is not None and check.CODE not in TIMELESS:
        reason = f"{context.beyond} is newer than the data"
        run = CheckRun(code=check.CODE, title=check.TITLE, state="unknown", reason=reason)
        return run, (_cannot_say(check, (), reason),)
    try:
        skipped = check.applies(context)
        if skipped:
            return CheckRun(code=check.CODE, title=check.TITLE, state="skipped", reason=skipped), ()
        hidden = context.hidden(check.NEEDS)
        if hidden:
            reason = "; ".join(in_words(gap) for gap in hidden)
            return CheckRun(code=check.CODE, title=check.TITLE, state="unknown", reason=reason), (
                _cannot_say(check, hidden, reason),
            )
        findings = tuple(check.find(context))
    except Exception as error:  # noqa: BLE001 - a broken check must not hide what the others found
        reason = f"{type(error).__name__}: {error}"
        return CheckRun(code=check.CODE, title=check.TITLE, state="broken", reason=reason), ()
    return CheckRun(code=check.CODE, title=check.TITLE, state=_state(findings), found=len(findings)), findings


def _state(findings: tuple[Finding, ...]) -> Literal["pass", "found", "unknown"]:
    if any(finding.outcome == "UNKNOWN" for finding in findings):
        return "unknown"
    return "found" if findings else "pass"


def _cannot_say(check: Check, hidden: tuple[Gap, ...], reason: str) -> Finding:
    return Finding(
        code=check.CODE,
        outcome="UNKNOWN",
        effect="NONE",
        subject=Subject(kind="Cluster"),
        message=f"It can't be judged: {reason}",
        evidence={"gaps": [{"area": gap.area, "call": gap.call, "why": gap.why} for gap in hidden]},
        remedy=f"let it be read, or state it (--from, --kind, …), or --waive {check.CODE} --reason TEXT",
    )


def in_words(gap: Gap) -> str:
    """`clb could not be read: DescribeLoadBalancers denied (…)`."""
    subject = f" of {gap.subject}" if gap.subject else ""
    detail = f" ({gap.detail})" if gap.detail else ""
    return f"{gap.area}{subject} could not be read: {gap.call} {gap.why}{detail}"
