"""A load balancer that a Service names and may not have."""

from __future__ import annotations

from upgrader.diagnose.case import RECREATE, Case, annotate, drop
from upgrader.diagnose.model import Answer
from upgrader.migrations.context import kind_of
from upgrader.model.cloud import CLUSTER_TAG, OWNER_TAG


def made_by_ccm(case: Case) -> Answer:
    """Whose the named load balancer is, and which of the FAQ's three ways out applies."""
    lb, service = case.named, case.service
    if lb is None:
        return Answer(evidence=(case.says("id"),))
    tags = ", ".join(tag for tag in (OWNER_TAG, CLUSTER_TAG) if tag in lb.tags)
    who = case.look.made_for(lb)
    said = f"{lb.id} is tagged {tags}" if tags else f"{lb.id} is tagged by none of CCM's tags any more"
    evidence = [f"{said}: {who}" if who else said]
    if not service.address:
        evidence.append("the Service has no address yet")
        return Answer(evidence=tuple(evidence), fix=_another(case))
    if lb.address == service.address:
        evidence.append(f"it has the Service's own address {service.address}")
        return Answer(evidence=tuple(evidence), fix=(drop("id"),))
    mine = case.look.at_its_address(service)
    if mine is not None:
        evidence.append(f"{mine.id} has the Service's address {service.address}")
        return Answer(evidence=tuple(evidence), fix=(annotate("id", mine.id),))
    evidence.append(f"no load balancer has the Service's address {service.address}")
    return Answer(evidence=tuple(evidence), fix=(*_another(case), RECREATE))


def bound(case: Case) -> Answer:
    """Which load balancer the Service is bound to: its id is the one to put back."""
    mine, named = case.look.at_its_address(case.service), case.named
    evidence = [f"{case.says('id')}, which has the address {named.address}" if named else case.says("id")]
    if mine is None:
        return Answer(evidence=tuple(evidence))
    evidence.append(f"the Service's address {case.service.address} is that of {mine.id}")
    back = drop("id") if mine.tags.get(OWNER_TAG) else annotate("id", mine.id)
    return Answer(evidence=tuple(evidence), fix=(f"put it back: {back}", f"or move it: {RECREATE}"))


def another_vpc(case: Case) -> Answer:
    """Both VPCs, and load balancers of the right one that nobody else has."""
    lb = case.named
    here = case.look.facts.identity.vpc_id
    if lb is None:
        return Answer(evidence=(case.says("id"),))
    evidence = (f"{lb.id} is in {lb.vpc_id or 'an unknown VPC'}, the cluster in {here or 'an unknown VPC'}",)
    return Answer(evidence=evidence, fix=_another(case))


def _another(case: Case) -> tuple[str, ...]:
    """Name a load balancer that a person made, in the cluster's VPC; with up to three that would do."""
    here, kind = case.look.facts.identity.vpc_id, kind_of(case.service)
    free = [
        lb.id
        for lb in case.look.facts.load_balancers or ()
        if lb.kind == kind and OWNER_TAG not in lb.tags and CLUSTER_TAG not in lb.tags
        and (lb.address_type.lower() != "intranet" or not here or lb.vpc_id in ("", here))
        and lb.id != (case.value("id") or "")
    ]  # fmt: skip
    if free:
        return tuple(annotate("id", one) for one in free[:3])
    return (f"make a load balancer in the console, in the cluster's VPC, and name it: {annotate('id', 'YOUR_LB_ID')}",)
