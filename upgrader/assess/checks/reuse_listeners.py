"""CCM writes listeners of a reused load balancer only when it is told to.

What it checks
    Each Service that reuses a load balancer says with `force-override-listeners` whether CCM may write listeners, in
    a spelling that the running and the target CCM read alike; and no two such Services claim one port.
Why it matters
    Without "true" no listener is made or changed, and users wait for one in vain. The spelling changed its meaning:
    up to v1.9.3 any case of "true" overrides; v2.1 and v2.2 override for anything but "" and "false"; v2.3.0 and
    later for exactly "true". So an upgrade can begin or cease to write listeners. Two Services on one port send each
    other's traffic astray, without any error.
How it is decided
    WARN where the two versions read the value differently, or two Services share a port with override; NOTE for a
    Service without override whose ports have no listener.
What to do
    Write "true" or remove the annotation. Never override a listener that something else uses.
Sources
    service-faq, ccm-source
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from upgrader.migrations.context import PREFIX, Context, about, value_of
from upgrader.model.cloud import LoadBalancer
from upgrader.model.finding import Effect, Finding, Outcome
from upgrader.model.kube import Service
from upgrader.model.version import CcmVersion, parse_version

CODE = "CCM023"
TITLE = "Services that reuse a load balancer say plainly whether CCM may write its listeners"
NEEDS: tuple[str, ...] = ("services", "ccm", "clb", "nlb")
SOURCES = ("service-faq", "ccm-source")

ANNOTATION = PREFIX + "force-override-listeners"
V2, EXACT_SINCE = parse_version("v2.1.0"), parse_version("v2.3.0")


def overrides(value: str | None, version: CcmVersion) -> bool:
    """Whether `version` writes listeners of a reused load balancer for this value."""
    if version >= EXACT_SINCE:
        return value == "true"
    if version >= V2:
        return value not in (None, "", "false")
    return (value or "").lower() == "true"


def applies(context: Context) -> str:
    """Only where a Service names a load balancer."""
    return "" if context.carrying("id") else "no Service names a load balancer"


def find(context: Context) -> Iterable[Finding]:
    """Findings per Service: another meaning, a shared port, listeners that nobody makes."""
    claims: dict[tuple[str, int, str], list[Service]] = defaultdict(list)
    for service in context.carrying("id"):
        value = value_of(service, "force-override-listeners")
        before, after = overrides(value, context.source), overrides(value, context.target)
        lb_id = value_of(service, "id") or ""
        if before != after:
            verb = "begins" if after else "ceases"
            yield _finding(service, "WARN", f"{context.target} {verb} to write listeners of {lb_id}: it reads "
                           f"{value!r} otherwise than {context.source}", {"value": value}, "LATENT")  # fmt: skip
        if after:
            for port in service.spec.ports or ():
                claims[lb_id, port.port, port.protocol or "TCP"].append(service)
        else:
            yield from _unserved(service, context.load_balancers.get(lb_id))
    for (lb_id, number, protocol), services in sorted(claims.items()):
        if len(services) > 1:
            keys = sorted(service.key for service in services)
            for service in services:
                yield _finding(service, "WARN", f"{len(services)} Services claim port {number}/{protocol} of {lb_id}: "
                               f"{', '.join(keys)}", {"services": keys, "port": number})  # fmt: skip


def _unserved(service: Service, lb: LoadBalancer | None) -> Iterable[Finding]:
    if lb is None or not lb.detailed:
        return
    there = {listener.port for listener in lb.listeners}
    absent = [port.port for port in service.spec.ports or () if port.port not in there]
    if absent:
        yield _finding(service, "NOTE", f"{lb.id} has no listener on {', '.join(map(str, absent))}, and CCM makes none "
                       "without force-override-listeners", {"ports": absent})  # fmt: skip


def _finding(
    service: Service, outcome: Outcome, message: str, evidence: dict[str, object], effect: Effect = "NONE"
) -> Finding:
    return Finding(
        code=CODE,
        outcome=outcome,
        effect=effect,
        subject=about(service),
        message=message,
        evidence=evidence,
        remedy=f'set {ANNOTATION} to "true" only where CCM may overwrite listeners, else remove it',
        sources=SOURCES,
    )
