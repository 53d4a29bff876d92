"""A reused private load balancer lies in the cluster's VPC.

What it checks
    A load balancer that a Service names is there, and lies in the cluster's VPC when its address is private.
Why it matters
    Backends of another VPC can't be added (NetworkConflict), and a load balancer that is gone is an error at each
    sync: "can not find loadbalancer".
How it is decided
    By the load balancer's VPC and address type, and the cluster's VPC. Where the VPC is not known: unknown.
What to do
    Name a load balancer of the cluster's VPC, or one with an Internet address.
Sources
    service-faq
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import Context, about, value_of
from upgrader.model.finding import Finding

CODE = "CCM022"
TITLE = "Reused load balancers are there, private ones in the cluster's VPC"
NEEDS: tuple[str, ...] = ("services", "clb", "nlb")
SOURCES = ("service-faq",)


def applies(context: Context) -> str:
    """Only where a Service names a load balancer."""
    return "" if context.carrying("id") else "no Service names a load balancer"


def find(context: Context) -> Iterable[Finding]:
    """FAIL for each Service whose load balancer is gone or in another VPC."""
    vpc = context.facts.identity.vpc_id
    for service in context.carrying("id"):
        lb_id = value_of(service, "id") or ""
        lb = context.load_balancers.get(lb_id)
        if lb is None:
            what, remedy = f"{lb_id!r}, which is not in this region", "correct the id, or remove the annotation"
        elif lb.address_type.lower() == "intranet" and vpc and lb.vpc_id and lb.vpc_id != vpc:
            what = f"{lb_id} in the VPC {lb.vpc_id}, while the cluster is in {vpc}"
            remedy = "name a load balancer of the cluster's VPC"
        else:
            continue
        yield Finding(
            code=CODE,
            outcome="FAIL",
            effect="IMMEDIATE",
            subject=about(service),
            message=f"It names the load balancer {what}",
            evidence={"load_balancer_id": lb_id, "vpc": lb.vpc_id if lb else "", "cluster_vpc": vpc},
            remedy=remedy,
            sources=SOURCES,
        )
