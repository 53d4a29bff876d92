"""Annotations are spelled with dashes.

What it checks
    Which annotations of Services are spelled in camelCase or another separator form
    (`alicloud-loadbalancer-addressType`).
Why it matters
    v1.9.3 read such spellings as well. v2.1.0 and later compare names exactly, so that the annotation counts as
    absent, without any message: a load balancer id is lost, a private address becomes a public one at creation.
How it is decided
    A name with a loadbalancer prefix whose rest has capital letters or underscores; it is told which spelling is meant.
    FAIL where the upgrade crosses v2.1.0 and the load balancer's id or address type is lost, WARN for the others,
    NOTE where it was lost before.
What to do
    Spell it with dashes before the upgrade.
Sources
    ccm-source
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from upgrader.migrations.context import LEGACY_PREFIX, PREFIX, Context, about
from upgrader.model.finding import Finding

CODE = "CCM017"
TITLE = "Every annotation is spelled as v2.1.0 and later read it"
NEEDS: tuple[str, ...] = ("services", "ccm")

EXACT_SINCE = "v2.1.0"
DECISIVE = frozenset({"id", "address-type"})


def applies(context: Context) -> str:
    """Where there are Services."""
    return context.no_service


def find(context: Context) -> Iterable[Finding]:
    """One finding for each Service and annotation that is not read any more."""
    lost_now = context.crosses(EXACT_SINCE)
    for name, services in sorted(context.annotated.items()):
        prefix = next((p for p in (PREFIX, LEGACY_PREFIX) if name.startswith(p)), "")
        rest = name.removeprefix(prefix)
        meant = dashed(rest)
        if not prefix or meant == rest:
            continue
        for service in services:
            yield Finding(
                code=CODE,
                outcome="NOTE" if not lost_now else "FAIL" if meant in DECISIVE else "WARN",
                effect="IMMEDIATE" if lost_now else "NONE",
                subject=about(service),
                message=f"{name} is spelled as only v1.9.3 reads it; meant is {PREFIX}{meant}",
                evidence={"annotation": name, "meant": PREFIX + meant, "value": service.metadata.annotations[name]},
                remedy=f"set {PREFIX}{meant} and remove {name}",
                sources=("ccm-source",),
            )


def dashed(rest: str) -> str:
    """`addressType`, `address_type` → `address-type`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", rest).replace("_", "-").lower()
