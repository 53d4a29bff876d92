"""A Service reuses only load balancers that people made.

What it checks
    The load balancer that a Service names in its annotations was made neither by CCM nor for the API server.
Why it matters
    CCM refuses it: "can not be reused, can not reuse loadbalancer created by kubernetes". The Service is then not
    synced any more: new pods get no traffic. Until a full sync the refusal may stay unseen, so an upgrade brings it
    to light. Writing listeners to the API server's CLB would cut the cluster off.
How it is decided
    By the load balancer's tags `kubernetes.do.not.delete` (made for a Service) and `ack.aliyun.com` (made by ACK,
    the API server's CLB among them). The API server's CLB is told by its name or by its listener on 6443.
What to do
    Name another load balancer, made in the console. Where the named one is the Service's own, remove the annotation.
Sources
    service-faq, ccm-source
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import Context, about, value_of
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG, LoadBalancer
from upgrader.model.finding import Finding
from upgrader.model.kube import Service

CODE = "CCM021"
TITLE = "No Service reuses a load balancer that the cluster made"
NEEDS: tuple[str, ...] = ("services", "clb", "nlb")
SOURCES = ("service-faq", "ccm-source")

MADE_BY_CLUSTER = (OWNER_TAG, CLUSTER_TAG)
API_SERVER_PORT = 6443


def applies(context: Context) -> str:
    """Only where a Service names a load balancer."""
    return "" if context.carrying("id") else "no Service names a load balancer"


def find(context: Context) -> Iterable[Finding]:
    """FAIL for each Service that names a load balancer of the cluster."""
    for service in context.carrying("id"):
        lb = context.load_balancers.get(value_of(service, "id") or "")
        tags = [tag for tag in MADE_BY_CLUSTER if lb is not None and tag in lb.tags]
        if lb is not None and tags:
            yield _refused(service, lb, tags)


def _refused(service: Service, lb: LoadBalancer, tags: list[str]) -> Finding:
    own = bool(service.address) and service.address == lb.address
    api_server = _serves_api(lb)
    who = "the API server's" if api_server else "made by Kubernetes"
    return Finding(
        code=CODE,
        outcome="FAIL",
        effect="IMMEDIATE",
        subject=about(service),
        message=f"It names {lb.id}, which is {who} (tag {', '.join(tags)}): CCM refuses to reuse it",
        evidence={"load_balancer_id": lb.id, "tags": {tag: lb.tags[tag] for tag in tags}, "api_server": api_server},
        remedy="remove the annotation alibaba-cloud-loadbalancer-id: this is the Service's own load balancer"
        if own and not api_server
        else "name a load balancer that was made in the console, and recreate the Service",
        sources=SOURCES,
        waivable=not api_server,
    )


def _serves_api(lb: LoadBalancer) -> bool:
    return OWNER_TAG not in lb.tags and any(one.port == API_SERVER_PORT for one in lb.listeners)
