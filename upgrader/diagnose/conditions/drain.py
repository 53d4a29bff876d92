"""Connections that are cut when a backend goes: is draining asked for, whole, and carried out?"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.diagnose.case import annotate
from upgrader.diagnose.fill import filled
from upgrader.diagnose.look import Look
from upgrader.diagnose.model import Diagnosis
from upgrader.migrations.context import about, kind_of, value_of
from upgrader.model.kube import Service

ID = "connection-drain"
TITLE = "Connection draining is asked for, and something of it is missing"


def look_for(look: Look) -> Iterable[Diagnosis]:
    """One warning for each Service whose draining lacks its switch, its time, or a listener that can do it."""
    for service in look.context.services:
        switch, timeout = value_of(service, "connection-drain"), value_of(service, "connection-drain-timeout")
        if switch is None and timeout is None:
            continue
        evidence, fix = [], []
        if (switch or "").lower() != "on" and timeout is not None:
            evidence.append(f"connection-drain-timeout is {timeout}, and connection-drain is {switch or 'not set'}")
            fix.append(annotate("connection-drain", "on"))
        elif (switch or "").lower() == "on" and timeout is None:
            evidence.append("connection-drain is on, without connection-drain-timeout")
            fix.append(annotate("connection-drain-timeout", "30"))
        layer7 = _layer7(service, look)
        if layer7 and (switch or "").lower() == "on":
            evidence.append(f"its listeners {layer7} are HTTP or HTTPS, which CCM gives no draining: TCP and UDP alone")
        if evidence:
            words = {"NAMESPACE": service.metadata.namespace, "SERVICE": service.metadata.name}
            yield Diagnosis(
                id=ID, outcome="WARN", subject=about(service),
                meaning="When a backend goes, its connections are cut at once.", evidence=tuple(evidence),
                fix=filled(fix, words), sources=("service-faq", "ccm-source"),
            )  # fmt: skip


def _layer7(service: Service, look: Look) -> str:
    lb = look.of(service) if kind_of(service) == "clb" else None
    ports = [str(one.port) for one in (lb.listeners if lb else ()) if one.protocol in ("http", "https")]
    return ", ".join(ports)
