"""A Service that is served, with nobody behind it."""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.diagnose.case import Case
from upgrader.diagnose.evidence.backends import none_there
from upgrader.diagnose.fill import filled
from upgrader.diagnose.look import Look
from upgrader.diagnose.model import Diagnosis
from upgrader.migrations.context import about

ID = "without-backends"
TITLE = "A Service has an address, and no ready endpoint behind it"
TOLD_BY = frozenset({"no-backends"})


def look_for(look: Look) -> Iterable[Diagnosis]:
    """One warning for each Service with an address and no endpoint that is a backend."""
    if look.facts.has_gap("endpoints"):
        return
    for service in look.context.services:
        if not service.address or look.ready(service):
            continue
        answer = none_there(Case(look, service, ""))
        words = {"NAMESPACE": service.metadata.namespace, "SERVICE": service.metadata.name}
        yield Diagnosis(
            id=ID, outcome="WARN", subject=about(service), meaning="Nobody answers at its address.",
            evidence=answer.evidence, fix=filled(answer.fix or (), words), sources=("service-faq",),
        )  # fmt: skip
