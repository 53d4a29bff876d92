"""A load balancer was deleted by accident: which one, and what to do for it."""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.diagnose.case import DELETE, FORGET_ADDRESS, drop
from upgrader.diagnose.fill import filled
from upgrader.diagnose.look import Look
from upgrader.diagnose.model import Diagnosis
from upgrader.forecast.select import NLB_CLASS
from upgrader.migrations.context import about, value_of
from upgrader.model.kube import Service

ID = "load-balancer-gone"
TITLE = "A Service has an address, and its load balancer is not there any more"
TOLD_BY = frozenset({"lb-lost", "lb-lost-by-name", "lb-id-unknown", "nlb-gone"})
INGRESS = ("kube-system", "nginx-ingress-lb")
INGRESS_LOST = (
    "The load balancer was deleted behind CCM's back: it was the Nginx Ingress's, so that no route of it is reached "
    "from outside."
)


def look_for(look: Look) -> Iterable[Diagnosis]:
    """One diagnosis for each Service whose load balancer can't be found, where the cloud was read."""
    if not look.cloud_was_read:
        return
    for service in look.context.services:
        if service.address and look.of(service) is None and _ours(service, look):
            yield _gone(service)


def _ours(service: Service, look: Look) -> bool:
    """Not another controller's; and where it asks for an NLB, NLBs were read."""
    if service.spec.load_balancer_class is None:
        return True
    return service.spec.load_balancer_class == NLB_CLASS and not look.facts.has_gap("nlb")


def _gone(service: Service) -> Diagnosis:
    named = value_of(service, "id")
    ingress = (service.metadata.namespace, service.metadata.name) == INGRESS
    evidence = [f"no load balancer of the region has the address {service.address}"]
    fix = [] if ingress else [DELETE]
    if named:
        evidence.append(f"its annotation names {named}, which is not there")
        fix.append(f"name another one, or let CCM make one: {drop('id')}")
    fix.append(FORGET_ADDRESS if ingress else f"where it is needed: {FORGET_ADDRESS}")
    fix.append("then point DNS and whoever knows the old address to the new one")
    words = {"NAMESPACE": service.metadata.namespace, "SERVICE": service.metadata.name}
    return Diagnosis(
        id=ID, outcome="FAIL", subject=about(service),
        meaning=INGRESS_LOST if ingress else "The load balancer was deleted behind CCM's back.",
        evidence=tuple(evidence), fix=filled(fix, words), sources=("service-faq",),
    )  # fmt: skip
