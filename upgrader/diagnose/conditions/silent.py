"""A Service without an address, and nothing is said about it: why?"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.diagnose.look import Look
from upgrader.diagnose.model import Diagnosis
from upgrader.forecast.select import serving
from upgrader.migrations.context import about
from upgrader.model.kube import Service
from upgrader.model.version import parse_version

ID = "pending-without-events"
TITLE = "A Service has no address, and no event says why"
SINCE = parse_version("v1.9.3.276")
"""The first build whose Service events reach the API server again (FAQ)."""


def look_for(look: Look) -> Iterable[Diagnosis]:
    """One diagnosis for each pending Service of which no event of CCM is there."""
    for service in look.context.waiting:
        if not look.events.get(service.key):
            yield _explained(service, look)


def _explained(service: Service, look: Look) -> Diagnosis:
    running, ccm = look.running, look.facts.ccm
    evidence = [f"{service.key} is of type LoadBalancer, and status.loadBalancer is empty"]
    fix: tuple[str, ...]
    step = False
    if running is not None and running < SINCE:
        meaning = f"CCM {running} sends no events on Services: {SINCE} is the first that does."
        fix = ("upgrade CCM, and it says what is wrong: ccm-upgrade plan -o plan.json",)
        step = True
    elif running is not None and not look.matrix.is_beyond(running) and serving(look.world, service) is None:
        asked = service.spec.load_balancer_class
        meaning = f"CCM {running} does not serve this Service."
        evidence.append(
            f"spec.loadBalancerClass is {asked}" if asked else "an annotation gives it to another controller"
        )
        fix = ("ask whoever runs that class of load balancer, or recreate the Service without it",)
    elif ccm.desired and not ccm.ready:
        meaning = "CCM does not run: no pod of it is ready."
        evidence.append(f"{ccm.ready} of {ccm.desired} pods of CCM are ready")
        fix = ("kubectl -n kube-system get pods -o wide | grep cloud-controller-manager", "read the log of its pods")
    else:
        meaning = "No event is left (the API server keeps them for an hour), or CCM has not looked at the Service."
        fix = ("read CCM's log for the Service's name; if it says nothing, open a ticket",)
    return Diagnosis(
        id=ID, outcome="UNKNOWN" if running is None else "WARN", subject=about(service), meaning=meaning,
        evidence=tuple(evidence), fix=fix, step="ccm" if step else None, sources=("service-faq",),
    )  # fmt: skip
