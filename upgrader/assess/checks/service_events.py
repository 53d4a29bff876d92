"""Service events exist from v1.9.3.276 on.

What it checks
    Whether the running and the target CCM send events on Services.
Why it matters
    Without events nobody sees why a Service is not synced, and there is nothing to compare the new CCM's events with.
How it is decided
    By version alone: builds below v1.9.3.276 send none that reach the API server. (v1.9.3.101 to v1.9.3.110 did; the
    rewrite at v1.9.3.111 lost them until v1.9.3.259.)
What to do
    Upgrade to v1.9.3.276 or later. After the upgrade, `ccm-upgrade verify` reads the new leader's events.
Sources
    service-faq, ccm-source
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import CLUSTER, Context
from upgrader.model.finding import Finding
from upgrader.model.version import parse_version

CODE = "CCM001"
TITLE = "CCM sends events on Services, before and after the upgrade"
NEEDS: tuple[str, ...] = ("ccm",)
SOURCES = ("service-faq", "ccm-source")

SINCE = parse_version("v1.9.3.276")


def applies(context: Context) -> str:
    """Always."""
    return ""


def find(context: Context) -> Iterable[Finding]:
    """WARN where the target sends none; NOTE where only the running version sends none."""
    silent = [str(version) for version in (context.source, context.target) if version < SINCE]
    if not silent:
        return
    target_is_silent = context.target < SINCE
    yield Finding(
        code=CODE,
        outcome="WARN" if target_is_silent else "NOTE",
        effect="NONE",
        subject=CLUSTER,
        message=f"{' and '.join(silent)} send{'' if len(silent) > 1 else 's'} no events on Services"
        + ("" if target_is_silent else f"; the first ones will come from {context.target}"),
        evidence={"running": str(context.running), "target": str(context.target), "since": str(SINCE)},
        remedy=f"choose a target from {SINCE} on" if target_is_silent else "",
        sources=SOURCES,
    )
