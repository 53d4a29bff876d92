"""The load balancer is not found: is it gone, or does only its tag lack?"""

from __future__ import annotations

from shlex import quote

from upgrader.diagnose.case import DELETE, FORGET_ADDRESS, Case, annotate, drop
from upgrader.diagnose.model import Answer
from upgrader.forecast.world import default_name
from upgrader.model.cloud import OWNER_TAG


def lost(case: Case) -> Answer:
    """By the Service's address: gone, untagged, another Service's, or not to be told."""
    service, look = case.service, case.look
    if not look.cloud_was_read:
        return Answer(evidence=("the load balancers were not read: whether it is gone can't be told",))
    if not service.address:
        return Answer(evidence=("the Service has no address any more: CCM makes a load balancer at the next sync",))
    lb = look.at_its_address(service)
    if lb is None:
        return Answer(
            evidence=(f"no load balancer of the region has the address {service.address}: it is gone",),
            fix=(DELETE, f"where it is needed: {FORGET_ADDRESS}"),
        )
    wanted = default_name(service)
    tag = lb.tags.get(OWNER_TAG)
    if tag is None:
        return Answer(
            evidence=(f"{lb.id} has the address {service.address}, and lacks the tag {OWNER_TAG}={wanted}",),
            fix=("where CCM made it: ccm-upgrade tags plan (or let the plan add the tag)",
                 f"where you made it: {annotate('id', lb.id)}"),
            step="clb.tag",
        )  # fmt: skip
    if tag != wanted:
        return Answer(
            evidence=(f"{lb.id} has the address {service.address}, and its tag names another: {look.made_for(lb)}",),
            fix=("look at both Services: one load balancer serves only one that CCM made it for",),
        )
    return Answer(
        evidence=(f"{lb.id} has the address {service.address} and the right tag: CCM finds it at the next sync",),
        settled=f"{lb.id} is there and tagged",
    )


def several(case: Case) -> Answer:
    """Which load balancers carry the Service's tag, and which of them has its address."""
    wanted = default_name(case.service)
    tagged = [lb for lb in case.look.facts.load_balancers or () if lb.tags.get(OWNER_TAG) == wanted]
    if not tagged:
        return Answer()
    mine = [lb for lb in tagged if lb.address == case.service.address]
    listed = ", ".join(f"{lb.id} ({lb.address or 'no address'})" for lb in tagged)
    evidence = [f"{len(tagged)} load balancers carry its tag {OWNER_TAG}={wanted}: {listed}"]
    others = [lb for lb in tagged if lb not in mine]
    if len(mine) != 1:
        return Answer(evidence=tuple(evidence))
    evidence.append(f"{mine[0].id} has the Service's address {case.service.address}: keep that one")
    fix = tuple(
        f"aliyun slb UntagResources --RegionId REGION --ResourceType instance --ResourceId.1 {quote(lb.id)} "
        f"--TagKey.1 {OWNER_TAG}"
        for lb in others
        if lb.kind == "clb"
    )
    return Answer(evidence=tuple(evidence), fix=fix or None)


def unknown_id(case: Case) -> Answer:
    """The named load balancer is not in the region."""
    named = case.value("id")
    if named is None or not case.look.cloud_was_read or case.named is not None:
        return Answer(evidence=(case.says("id"),) if named else ())
    mine = case.look.at_its_address(case.service)
    evidence = [f"{case.says('id')}, and the region has no such load balancer"]
    if mine is not None:
        evidence.append(f"{mine.id} has the Service's address {case.service.address}")
        return Answer(evidence=tuple(evidence), fix=(annotate("id", mine.id),))
    fix = [f"name one that is there: {annotate('id', 'YOUR_LB_ID')}", f"or let CCM make one: {drop('id')}"]
    if case.service.address:
        fix.append(FORGET_ADDRESS)
    return Answer(evidence=tuple(evidence), fix=tuple(fix))
