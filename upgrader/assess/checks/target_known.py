"""The data know both versions, and nothing bad of the target.

What it checks
    Whether the running and the target version lie within the data that this tool carries, and whether the target is a
    release that is known and not known to be bad.
Why it matters
    What a version newer than the data does is not known: judging it by an older one would be guessing. Some releases
    are known to do harm (v2.1.0 and v2.2.0 write weight 1 everywhere, v2.11.2 keeps one ECI backend only).
How it is decided
    By the list of releases. UNKNOWN beyond the newest; WARN for a known-bad target; NOTE for a build between two
    releases, which is judged by its number.
What to do
    Update this tool, or choose a known release: ccm-upgrade matrix versions.
Sources
    ccm-releases, ack-release-notes
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import CLUSTER, Context
from upgrader.model.finding import Finding, Outcome

CODE = "CCM081"
TITLE = "Both versions are known, and the target is not known to be bad"
NEEDS: tuple[str, ...] = ()


def applies(context: Context) -> str:
    """Always."""
    return ""


def find(context: Context) -> Iterable[Finding]:
    """What the data can't say, and what they say against the target."""
    newest = context.matrix.newest
    for role, version in (("running", context.running), ("target", context.target)):
        if version is not None and context.matrix.is_beyond(version):
            yield _finding(context, "UNKNOWN", f"The {role} version {version} is newer than the data, which end with "
                           f"{newest}: what it does is not known", "update ccm-upgrade, or choose "
                           f"{newest}")  # fmt: skip
    if context.matrix.is_beyond(context.target):
        return
    release = context.matrix.release(context.target)
    if release is None:
        yield _finding(context, "NOTE", f"{context.target} is no release that is known; it is judged by its number",
                       "ccm-upgrade matrix versions lists all releases")  # fmt: skip
    elif release.known_bad:
        yield _finding(context, "WARN", f"{context.target} is known to be bad: it {release.known_bad}",
                       "choose a newer release of its line")  # fmt: skip


def _finding(context: Context, outcome: Outcome, message: str, remedy: str) -> Finding:
    return Finding(
        code=CODE,
        outcome=outcome,
        effect="NONE",
        subject=CLUSTER,
        message=message,
        evidence={"target": str(context.target), "newest": str(context.matrix.newest)},
        remedy=remedy,
        sources=("ccm-releases", "ack-release-notes"),
    )
