"""CCM is whole before it is changed.

What it checks
    Every CCM pod that should be ready is ready, no upgrade of the add-on is under way, and the target is not what
    already runs.
Why it matters
    An upgrade on top of a failing or half-done one hides which of the two broke it, and ACK refuses a second task:
    "Addon status not match".
How it is decided
    FAIL while the add-on is upgrading; WARN while pods are missing; NOTE where nothing is to be done.
What to do
    Wait for the task, or repair the pods, then plan again.
Sources
    ack-upgrade
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import CLUSTER, Context
from upgrader.model.finding import Finding, Outcome

CODE = "CCM083"
TITLE = "CCM is whole, and no change of it is under way"
NEEDS: tuple[str, ...] = ("ccm",)

BUSY = frozenset({"updating", "upgrading", "deleting", "installing"})


def applies(context: Context) -> str:
    """Always."""
    return ""


def find(context: Context) -> Iterable[Finding]:
    """What is not whole."""
    ccm = context.facts.ccm
    if ccm.addon_state.lower() in BUSY:
        yield _finding("FAIL", f"The add-on is {ccm.addon_state}", {"state": ccm.addon_state},
                       "wait until its task has ended")  # fmt: skip
    if ccm.ready < ccm.desired:
        yield _finding("WARN", f"Only {ccm.ready} of {ccm.desired} CCM pods are ready",
                       {"ready": ccm.ready, "desired": ccm.desired}, "repair them first")  # fmt: skip
    if context.target == context.source:
        yield _finding("NOTE", f"{context.target} already runs: there is nothing to upgrade",
                       {"running": str(context.source)}, "")  # fmt: skip


def _finding(outcome: Outcome, message: str, evidence: dict[str, object], remedy: str) -> Finding:
    return Finding(
        code=CODE,
        outcome=outcome,
        effect="NONE",
        subject=CLUSTER,
        message=message,
        evidence=evidence,
        remedy=remedy,
        sources=("ack-upgrade",),
        waivable=outcome != "FAIL",
    )
