"""ENI backends need a performance-guaranteed CLB.

What it checks
    No Service with ENI backends uses a shared-performance CLB.
Why it matters
    "The loadbalancer does not support backend servers of eni type": no backend is updated any more.
How it is decided
    By the annotation backend-type and the specification of the Service's CLB: none, or `slb.share…`.
What to do
    Set alibaba-cloud-loadbalancer-spec to slb.s1.small (or larger) and let CCM sync; a CLB that is billed by LCU is
    never a shared one.
Sources
    service-faq
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.forecast.annotations import BACKEND_TYPE
from upgrader.migrations.context import Context, about, value_of
from upgrader.model.cloud import LoadBalancer
from upgrader.model.finding import Finding
from upgrader.model.kube import Service

CODE = "CCM042"
TITLE = "No Service with ENI backends uses a shared-performance CLB"
NEEDS: tuple[str, ...] = ("services", "clb")


def applies(context: Context) -> str:
    """Only where a Service asks for ENI backends."""
    return "" if context.annotated.get(BACKEND_TYPE) else "no Service sets backend-type"


def find(context: Context) -> Iterable[Finding]:
    """FAIL for each Service with ENI backends on a shared CLB."""
    for service in context.annotated.get(BACKEND_TYPE, ()):
        lb = _clb_of(service, context)
        if service.metadata.annotations[BACKEND_TYPE] != "eni" or lb is None or not is_shared(lb):
            continue
        yield Finding(
            code=CODE,
            outcome="FAIL",
            effect="IMMEDIATE",
            subject=about(service),
            message=f"Its CLB {lb.id} is of the shared kind, which takes no ENI backends",
            evidence={"load_balancer_id": lb.id, "spec": lb.attributes.get("LoadBalancerSpec", "")},
            remedy="set the annotation alibaba-cloud-loadbalancer-spec to slb.s1.small",
            sources=("service-faq",),
        )


def is_shared(lb: LoadBalancer) -> bool:
    """True for a CLB whose specification is known to be none: without it, performance is shared."""
    spec = lb.attributes.get("LoadBalancerSpec")
    if lb.kind != "clb" or spec is None or lb.attributes.get("InstanceChargeType") == "PayByCLCU":
        return False
    return spec == "" or spec.startswith("slb.share")


def _clb_of(service: Service, context: Context) -> LoadBalancer | None:
    named = value_of(service, "id")
    return context.load_balancers.get(named) if named else context.by_address.get(service.address)
