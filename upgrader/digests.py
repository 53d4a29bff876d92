"""Digests of the facts, part by part, without what moves by itself.

A part is a namespace's Services, one load balancer, one RAM policy, …, so that two looks at a world can be compared
and the difference named. What Kubernetes moves all day (ready pods, nodes coming and going, the weights that follow
them) is digested too, under `moving/…`, but no plan is stale because of it: the new CCM computes it afresh anyway.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any

from msgspec.structs import replace

from upgrader import codec
from upgrader.model.cloud import LoadBalancer
from upgrader.model.facts import CcmInstall, ClusterFacts
from upgrader.model.kube import Metadata, Node, Service

MOVING = "moving/"

_WORDS = {
    "identity": "the cluster's identity",
    "ccm": "how CCM runs (version, image, arguments, configuration)",
    "services": "Services of the namespace {name}",
    "lb": "the load balancer {name}",
    "ram": "the RAM policy {name}",
    "role": "the RAM role or its list of policies",
    "security-groups": "CCM's security groups",
    "gaps": "what can be read",
}


def facts_digests(facts: ClusterFacts) -> dict[str, str]:
    """The digest of each part of the facts, by the part's name (`services/default`, `lb/lb-1`, `moving/nodes`)."""
    return {name: codec.digest(part) for name, part in sorted(_parts(facts))}


def plan_rests_on(parts: Mapping[str, str]) -> str:
    """One digest of all parts that a plan rests on."""
    return codec.digest({name: digest for name, digest in parts.items() if not name.startswith(MOVING)})


def what_moved(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    """In words, each part that a plan rests on and that differs; empty when the plan still fits."""
    names = sorted(n for n in {*old, *new} if not n.startswith(MOVING) and old.get(n) != new.get(n))
    return tuple(f"{_words(name)} {_verb(name in old, name in new)}" for name in names)


def _words(part: str) -> str:
    area, _, name = part.partition("/")
    return _WORDS.get(area, area).format(name=name)


def _verb(was: bool, is_now: bool) -> str:
    if was and is_now:
        return "changed"
    return "appeared" if is_now else "is gone"


def _parts(facts: ClusterFacts) -> Iterable[tuple[str, Any]]:
    yield "identity", facts.identity
    yield "ccm", _install(facts.ccm)
    yield "gaps", sorted({(g.area, g.subject, g.why) for g in facts.gaps})
    by_namespace: dict[str, list[Service]] = defaultdict(list)
    for service in facts.load_balancer_services:
        by_namespace[service.metadata.namespace].append(service)
    for namespace, services in by_namespace.items():
        yield f"services/{namespace}", sorted(((s.key, _service(s)) for s in services), key=itemgetter(0))
    for lb in facts.own_load_balancers:
        yield f"lb/{lb.id}", _load_balancer(lb)
    yield "role", (facts.ram.role, sorted(p.name for p in facts.ram.policies or ()))
    for policy in facts.ram.policies or ():
        yield f"ram/{policy.name}", policy
    if facts.security_groups is not None:
        yield "security-groups", sorted(facts.security_groups, key=lambda group: group.id)
    yield f"{MOVING}nodes", sorted(_node(node) for node in facts.nodes)
    yield f"{MOVING}endpoints", sorted((s.service_key, s.metadata.name, codec.encode(s.endpoints)) for s in
                                       facts.endpoint_slices)  # fmt: skip
    yield f"{MOVING}backends", sorted((lb.id, group.id, codec.encode(group.backends)) for lb in
                                      facts.load_balancers or () for group in lb.server_groups)  # fmt: skip


def _install(ccm: CcmInstall) -> CcmInstall:
    """Without the leader, the pods and the state of a running task, which come and go."""
    return replace(ccm, leader="", ready=0, desired=0, addon_state="", addon_next=(), disagreements=())


def _service(service: Service) -> Service:
    """Without what the API server counts up at each write."""
    meta = service.metadata
    steady = Metadata(
        uid=meta.uid, labels=meta.labels, annotations=meta.annotations, finalizers=meta.finalizers,
        deletion_timestamp=meta.deletion_timestamp,
    )  # fmt: skip
    return replace(service, metadata=steady)


def _load_balancer(lb: LoadBalancer) -> LoadBalancer:
    """Without backends, which follow the pods; in an order of our own."""
    return replace(
        lb,
        listeners=tuple(sorted(lb.listeners, key=lambda one: (one.port, one.protocol, one.id))),
        server_groups=tuple(
            replace(group, backends=()) for group in sorted(lb.server_groups, key=lambda one: (one.id, one.name))
        ),
    )


def _node(node: Node) -> tuple[str, ...]:
    ready = next((c.status for c in node.status.conditions if c.type == "Ready"), "")
    return (node.metadata.name, node.spec.provider_id, str(node.spec.unschedulable), ready)
