"""A named targetPort with ENI backends needs v2.0.1.

What it checks
    No Service with ENI backends uses a name as targetPort where the target CCM can't resolve it; and none whose
    server group gets another name because the target resolves it for the first time.
Why it matters
    CCMs before v2.0.1 send port 0: "The specified Port must be between 1 and 65535". From v2.1.0 on the name is
    resolved, and the server group's name changes with it (k8s/0/… → k8s/<name>/…): the group is replaced.
How it is decided
    FAIL below v2.0.1; WARN where the upgrade crosses v2.1.0.
What to do
    Write a number as targetPort, or choose a newer target.
Sources
    service-faq, ccm-source
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.forecast.annotations import BACKEND_TYPE
from upgrader.migrations.context import Context, about
from upgrader.model.finding import Finding
from upgrader.model.version import parse_version

CODE = "CCM041"
TITLE = "No Service with ENI backends relies on a named targetPort that CCM can't resolve"
NEEDS: tuple[str, ...] = ("services",)
SOURCES = ("service-faq", "ccm-source")

RESOLVED_SINCE = parse_version("v2.0.1")


def applies(context: Context) -> str:
    """Only where a Service asks for ENI backends."""
    return "" if context.annotated.get(BACKEND_TYPE) else "no Service sets backend-type"


def find(context: Context) -> Iterable[Finding]:
    """FAIL where the target can't resolve names, WARN where it is the first that can."""
    fails = context.target < RESOLVED_SINCE
    if not fails and not context.crosses("v2.1.0"):
        return
    for service in context.annotated.get(BACKEND_TYPE, ()):
        names = sorted({p.target_port for p in service.spec.ports or () if isinstance(p.target_port, str)})
        if not names or service.metadata.annotations[BACKEND_TYPE] != "eni":
            continue
        yield Finding(
            code=CODE,
            outcome="FAIL" if fails else "WARN",
            effect="IMMEDIATE",
            subject=about(service),
            message=f"{context.target} can't resolve the named targetPort {', '.join(names)} for ENI backends"
            if fails
            else f"Its targetPort {', '.join(names)} is resolved for the first time: its server group is replaced",
            evidence={"target_ports": names},
            remedy="write the targetPort as a number",
            sources=SOURCES,
        )
