"""What a check is, and how one is run: nothing ends silently green.

A check is a module of `upgrader.assess.checks`: its docstring is its documentation (`explain CODE` prints it), under
the headings What it checks / Why it matters / How it is decided / What to do / Sources.

A cluster may be judged in parts (`upgrader.big_files`), each with some of its Services. What a check finds about a
Service it finds in the Service's part; what it says about many at once it says of their tally, when all are counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol, runtime_checkable

from msgspec import Struct

from upgrader.assess.tally import Tally, added
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


@runtime_checkable
class Counting(Protocol):
    """What a check has besides, that says something about many Services at once."""

    def tally(self, context: Context) -> Tally:
        """The Services it counts."""

    def tell(self, tally: Tally, context: Context) -> Iterable[Finding]:
        """What it says of them; `context` has no Services any more."""


class PartRun(Struct, frozen=True, kw_only=True):
    """How one check ended on a part of the cluster. `reason` says why it did not run to its end."""

    code: str
    state: Literal["ran", "skipped", "unknown", "broken"]
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    tally: Tally = {}


def run_check(check: Check, context: Context) -> tuple[CheckRun, tuple[Finding, ...]]:
    """How the check ended, with its findings. A check that raises is broken, and its error is told."""
    return concluded(check, (run_part(check, context),), context.bare)


def run_part(check: Check, context: Context) -> PartRun:
    """What the check says of the part that `context` holds."""
    if context.beyond is not None and check.CODE not in TIMELESS:
        reason = f"{context.beyond} is newer than the data"
        return PartRun(code=check.CODE, state="unknown", reason=reason, findings=(_cannot_say(check, (), reason),))
    try:
        hidden = context.hidden(check.NEEDS)
        # Of Services that nobody could read it can't be said that the check does not concern them.
        unread = any(gap.area == "services" for gap in hidden)
        if not unread and (skipped := check.applies(context)):
            return PartRun(code=check.CODE, state="skipped", reason=skipped)
        if hidden:
            reason = "; ".join(in_words(gap) for gap in hidden)
            found = (_cannot_say(check, hidden, reason),)
            return PartRun(code=check.CODE, state="unknown", reason=reason, findings=found)
        tally = check.tally(context) if isinstance(check, Counting) else {}
        return PartRun(code=check.CODE, state="ran", findings=tuple(check.find(context)), tally=tally)
    except Exception as error:  # noqa: BLE001 - a broken check must not hide what the others found
        return PartRun(code=check.CODE, state="broken", reason=_told(error))


def concluded(check: Check, parts: Sequence[PartRun], bare: Context) -> tuple[CheckRun, tuple[Finding, ...]]:
    """How the check ended on the whole cluster, by how it ended on each part; `bare` is a context without Services."""
    for state in ("broken", "unknown"):
        for part in parts:
            if part.state == state:
                run = CheckRun(code=check.CODE, title=check.TITLE, state=state, reason=part.reason)
                return run, part.findings
    ran = [part for part in parts if part.state == "ran"]
    if not ran:
        return CheckRun(code=check.CODE, title=check.TITLE, state="skipped", reason=parts[0].reason), ()
    findings = ran[0].findings if len(ran) == 1 else _together(ran)
    if isinstance(check, Counting):
        try:
            findings = (*findings, *check.tell(added(part.tally for part in ran), bare))
        except Exception as error:  # noqa: BLE001 - as above
            return CheckRun(code=check.CODE, title=check.TITLE, state="broken", reason=_told(error)), ()
    return CheckRun(code=check.CODE, title=check.TITLE, state=_state(findings), found=len(findings)), findings


def _together(parts: Iterable[PartRun]) -> tuple[Finding, ...]:
    """All findings; those that are not about a Service are the same in each part, and told once."""
    findings = [finding for part in parts for finding in part.findings]
    others = list[Finding]()
    for finding in findings:
        if finding.subject.kind != "Service" and finding not in others:
            others.append(finding)
    return (*others, *(finding for finding in findings if finding.subject.kind == "Service"))


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


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
