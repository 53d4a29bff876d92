"""CLBs made before v1.9.3.10 lack the tag by which newer CCMs know them.

What it checks
    The CLB of every Service of type LoadBalancer that CCM made (no load balancer id in the annotations) carries the
    tag `kubernetes.do.not.delete` with the Service's value: "a" and the Service's UID without dashes, cut to 32.
Why it matters
    CCM finds its CLB by this tag. Without it, CCM falls back to the CLB's name, and a CLB that somebody renamed is
    not found any more: "can not find loadbalancer, but it's defined in service". Only CLBs made before v1.9.3.10
    lack the tag, or CLBs whose tag was removed by hand.
How it is decided
    The CLB is looked up by the Service's IP, in the cluster's region and VPC. Several CLBs with that IP, a tag with
    another Service's value, or several CLBs with this Service's value are refused: a person has to look.
    FAIL where the CLB's name is no longer CCM's own, so that the tag is the only way to find it; WARN otherwise.
What to do
    Let the plan add the tag (step clb.tag), or run `ccm-upgrade tags plan` and add it by hand.
    Undone by removing exactly the tag that was added.
Sources
    service-faq, ccm-source
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from msgspec.structs import replace

from upgrader.forecast.world import default_name
from upgrader.matrix.model import Matrix
from upgrader.migrations.context import Context, about, value_of
from upgrader.model.cloud import OWNER_TAG as TAG
from upgrader.model.cloud import LoadBalancer
from upgrader.model.facts import ClusterFacts
from upgrader.model.finding import Finding, Outcome
from upgrader.model.forecast import Forecast
from upgrader.model.kube import Service
from upgrader.model.params import TagParams, encode_params
from upgrader.model.plan import Step
from upgrader.model.version import CcmVersion

ID = "legacy-clb-tag"
CODE = "CCM002"
TITLE = "Every CLB that CCM made carries its Service's tag"
NEEDS: tuple[str, ...] = ("services", "clb")
WINDOW = ("v1.0.0", "v1.9.3.10")
SOURCES = ("service-faq", "ccm-source")


def applies(context: Context) -> str:
    """Only Services whose CLB CCM made are concerned."""
    return "" if any(_is_made_by_ccm(s) for s in context.clb_services) else "no Service has a CLB that CCM made"


def find(context: Context) -> Iterable[Finding]:
    """One finding for each Service whose CLB lacks the tag, or can't be told for sure."""
    made = [service for service in context.clb_services if _is_made_by_ccm(service)]
    addresses, names = {service.address for service in made}, {default_name(service) for service in made}
    by_address: dict[str, list[LoadBalancer]] = defaultdict(list)
    by_tag: dict[str, list[LoadBalancer]] = defaultdict(list)
    for lb in context.facts.load_balancers or ():  # all of the region: thousands, where a fleet lives there
        if lb.address in addresses and lb.kind == "clb":
            by_address[lb.address].append(lb)
        if lb.tags.get(TAG) in names and lb.kind == "clb":
            by_tag[lb.tags[TAG]].append(lb)
    for service in made:
        wanted = default_name(service)
        owned = by_tag.get(wanted, ())
        if len(owned) > 1:
            yield _refused(service, owned, f"{len(owned)} CLBs carry its tag {TAG}={wanted}", "duplicates")
        elif not owned:
            here = [lb for lb in by_address.get(service.address, ()) if _same_network(lb, context)]
            yield from _judge(service, here, wanted)


def _judge(service: Service, found: list[LoadBalancer], wanted: str) -> Iterable[Finding]:
    if len(found) > 1:
        yield _refused(service, found, f"{len(found)} CLBs have its address {service.address}", "ambiguous")
    elif not found:
        return  # A CLB that is gone is the forecast's to tell: nothing can be tagged.
    elif TAG in found[0].tags:
        held = found[0].tags[TAG]
        yield _refused(service, found, f"{found[0].id} belongs to another Service by its tag {TAG}={held}", "foreign")
    else:
        yield _untagged(service, found[0], wanted)


def _untagged(service: Service, lb: LoadBalancer, wanted: str) -> Finding:
    renamed = lb.name not in ("", wanted)
    outcome: Outcome = "FAIL" if renamed else "WARN"
    why = f"its name is {lb.name!r}, so the tag is the only way to find it" if renamed else "it is found by name only"
    return Finding(
        code=CODE,
        outcome=outcome,
        effect="IMMEDIATE" if renamed else "LATENT",
        subject=about(service),
        message=f"{lb.id} lacks the tag {TAG}={wanted}: {why}",
        evidence={
            "load_balancer_id": lb.id, "address": lb.address, "tags": {TAG: wanted}, "mend": True, "name": lb.name,
        },
        remedy=f"add the tag {TAG}={wanted} to {lb.id}",
        sources=SOURCES,
    )  # fmt: skip


def _refused(service: Service, lbs: Iterable[LoadBalancer], why: str, reason: str) -> Finding:
    return Finding(
        code=CODE,
        outcome="FAIL",
        effect="IMMEDIATE",
        subject=about(service),
        message=f"Its CLB can't be told for sure: {why}",
        evidence={"load_balancers": sorted(lb.id for lb in lbs), "reason": reason, "address": service.address},
        remedy="look at these CLBs and leave the tag on the one that serves this Service, on it alone",
        sources=SOURCES,
    )


def steps(findings: Iterable[Finding], context: Context) -> tuple[tuple[Step, tuple[Finding, ...]], ...]:
    """One step per CLB: add the tag. A finding that a person has to settle gets none."""
    return tuple((_step(one, context), (one,)) for one in findings if one.evidence.get("mend"))


def with_tags(facts: ClusterFacts, matrix: Matrix, target: CcmVersion) -> ClusterFacts:
    """The facts as they will be once the tags are added: the target starts only after that."""
    context = Context(facts, target, matrix, Forecast())
    if facts.load_balancers is None or applies(context):
        return facts
    added = {
        one.evidence["load_balancer_id"]: one.evidence["tags"] for one in find(context) if one.evidence.get("mend")
    }
    if not added:
        return facts
    lbs = tuple(replace(lb, tags={**lb.tags, **added[lb.id]}) if lb.id in added else lb for lb in facts.load_balancers)
    return replace(facts, load_balancers=lbs)


def _step(finding: Finding, context: Context) -> Step:
    lb_id, tags = finding.evidence["load_balancer_id"], finding.evidence["tags"]
    params = TagParams(
        load_balancer_id=lb_id,
        region=context.facts.identity.region,
        tags=tags,
        service=f"{finding.subject.namespace}/{finding.subject.name}",
        expected_address=finding.evidence["address"],
    )
    text = ", ".join(f"{key}={value}" for key, value in sorted(tags.items()))
    return Step(
        id=f"tag-{lb_id}",
        kind="clb.tag",
        summary=f"Add the tag {text} to {lb_id}, the CLB of {params.service}",
        params=encode_params(params),
        reason=finding.message,
        reversible="yes",
        impact="config",
        guards=(f"{lb_id} has the address {params.expected_address}", f"{lb_id} has no tag {TAG}"),
        timeout_s=120,
    )


def _is_made_by_ccm(service: Service) -> bool:
    return bool(service.address and service.metadata.uid) and value_of(service, "id") is None


def _same_network(lb: LoadBalancer, context: Context) -> bool:
    """A private address is unique in its VPC only; an Internet address is unique anyway."""
    vpc = context.facts.identity.vpc_id
    return lb.address_type != "intranet" or not vpc or not lb.vpc_id or lb.vpc_id == vpc
