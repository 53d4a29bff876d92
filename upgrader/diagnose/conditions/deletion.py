"""What becomes of a load balancer when its Service is deleted or changes its type."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from upgrader.diagnose.look import Look
from upgrader.diagnose.model import Diagnosis
from upgrader.forecast.world import default_name
from upgrader.migrations.context import about, kind_of, value_of
from upgrader.model.cloud import OWNER_TAG
from upgrader.model.kube import Service

ID = "load-balancer-orphaned"
TITLE = "A Service moved to a reused load balancer: the one that CCM made stays without an owner"
Fate = Literal["deleted", "kept", "none"]


def fate(service: Service, look: Look) -> Fate:
    """`deleted` with the Service where CCM made it, `kept` where it is reused or preserved, `none` without one."""
    if not service.address:
        return "none"
    if value_of(service, "id"):
        return "kept"
    known = look.matrix.annotation(
        "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-preserve-lb-on-delete", kind_of(service)
    )
    reads = known is not None and look.running is not None and known.read_by(look.running)
    return "kept" if reads and value_of(service, "preserve-lb-on-delete") else "deleted"


def look_for(look: Look) -> Iterable[Diagnosis]:
    """One warning for each Service that names a load balancer while one that CCM made for it is still there."""
    made = {tag: lb for lb in look.facts.load_balancers or () if (tag := lb.tags.get(OWNER_TAG))}
    for service in look.context.services:
        named, own = value_of(service, "id"), made.get(default_name(service))
        if named and own is not None and own.id != named and own.address != service.address:
            yield Diagnosis(
                id=ID, outcome="WARN", subject=about(service),
                meaning="CCM made a load balancer for it before it was given another one: nobody deletes the first, "
                "and it is paid for.",
                evidence=(f"{own.id} is tagged {OWNER_TAG}={default_name(service)}", f"the Service names {named}"),
                fix=(f"where {own.id} serves nobody: delete it in the console",),
                sources=("service-faq",),
            )  # fmt: skip
