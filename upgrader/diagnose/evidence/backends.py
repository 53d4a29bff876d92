"""Backends: too many, none, unknown to the VPC, or of a kind that the CLB does not take."""

from __future__ import annotations

from shlex import quote

from upgrader.diagnose.case import Case, annotate
from upgrader.diagnose.model import Answer
from upgrader.forecast.annotations import BACKEND_TYPE
from upgrader.forecast.nodes import is_excluded

_NO_ENI = f"kubectl -n NAMESPACE annotate service SERVICE {BACKEND_TYPE}-"


def quota(case: Case) -> Answer:
    """How many backends the CLB has, who shares it, and by which policy."""
    lb, service = case.lb, case.service
    evidence = [f"externalTrafficPolicy is {service.spec.external_traffic_policy or 'Cluster'}"]
    evidence.append(f"the cluster has {len(case.look.facts.nodes)} nodes")
    if lb is not None:
        evidence.insert(
            0, f"{lb.id} has {sum(len(g.backends) for g in lb.server_groups)} backends in its server groups"
        )
        sharing = sorted(
            one.key for one in case.look.context.services if one.address and one.address == service.address
        )
        if len(sharing) > 1:
            evidence.append(f"{len(sharing)} Services share it: {', '.join(sharing[:5])}")
    fix = ["raise the quota in the Quota Center"]
    if not service.is_local:
        fix.append(
            "kubectl -n NAMESPACE patch service SERVICE --type=merge "
            '-p \'{"spec":{"externalTrafficPolicy":"Local"}}\' (only nodes with its pods are backends then)'
        )
        fix.append(f"or name the nodes by a label: {annotate('backend-label', 'KEY=VALUE')}")
    fix.append("give each Service its own CLB")
    return Answer(evidence=tuple(evidence), fix=tuple(fix))


def none_there(case: Case) -> Answer:
    """Whether pods are selected, ready, and on nodes that count. Over where there are ready ones now."""
    service, look = case.service, case.look
    if look.facts.has_gap("endpoints"):
        return Answer(evidence=("its endpoints were not read",))
    ready = look.ready(service)
    if not service.spec.selector:
        text = f"the Service selects no pods, and its endpoints by hand are {', '.join(ready) or 'none'}"
        return Answer(evidence=(text,), settled=f"{len(ready)} endpoints now" if ready else "")
    selector = ",".join(f"{key}={value}" for key, value in sorted(service.spec.selector.items()))
    if not ready:
        return Answer(
            evidence=(f"no ready endpoint has the selector {selector}",),
            fix=(
                f"kubectl -n NAMESPACE get pods -o wide -l {quote(selector)}",
                f"kubectl -n NAMESPACE describe pods -l {quote(selector)} (why none is ready)",
            ),
        )  # fmt: skip
    nodes = look.ready_nodes(service)
    excluded = sorted(name for name in nodes if (node := look.world.nodes.get(name)) and is_excluded(look.world, node))
    if nodes and set(excluded) == set(nodes):
        return Answer(evidence=(f"all its ready pods run on nodes that are no backends: {', '.join(excluded[:5])}",))
    return Answer(evidence=(f"{len(ready)} endpoints are ready now",), settled=f"{len(ready)} endpoints are ready now")


def eni_not_found(case: Case) -> Answer:
    """The network plug-in, the annotation, and whose address it is."""
    network = case.look.facts.identity.network
    ip = case.group(r"for ip (\S+)")
    kind = case.service.metadata.annotations.get(BACKEND_TYPE)
    evidence = [f"the network plug-in is {network or 'not known (say it with --network)'}"]
    evidence.append(f'{BACKEND_TYPE} is "{kind}"' if kind else f"{BACKEND_TYPE} is not set")
    pod = next((p for p in case.look.facts.pods if p.status.pod_ip == ip), None)
    if pod is not None:
        evidence.append(f"{ip} is the address of pod {pod.metadata.namespace}/{pod.metadata.name}")
    if network == "flannel":
        return Answer(evidence=tuple(evidence), fix=(_NO_ENI,), outcome="FAIL")
    if ip and ip not in case.look.ready(case.service) and not case.look.facts.has_gap("endpoints"):
        return Answer(evidence=(*evidence, f"{ip} is no ready endpoint of it any more"))
    return Answer(evidence=tuple(evidence))


def eni_on_shared(case: Case) -> Answer:
    """The CLB's specification."""
    evidence = (
        [f"{case.lb.id} has the specification {case.attribute('LoadBalancerSpec') or 'shared'}"] if case.lb else []
    )
    return Answer(evidence=(*evidence, case.says("spec")), fix=(annotate("spec", "slb.s1.small"),))


def named_port(case: Case) -> Answer:
    """Which ports are named, and what runs."""
    ports = [(p.port, p.target_port) for p in case.service.spec.ports or () if isinstance(p.target_port, str)]
    listed = ", ".join(f"{port} → {target}" for port, target in ports)
    evidence = (f"targetPort by name: {listed}" if listed else "no targetPort is a name any more",)
    return Answer(
        evidence=(*evidence, case.look.what_runs),
        step="ccm",
        settled="" if listed else "no targetPort is a name any more",
    )


def no_node(case: Case) -> Answer:
    """The address without a node, and nodes whose providerID CCM can't read."""
    bad = sorted(n.metadata.name for n in case.look.facts.nodes if n.spec.provider_id.count(".") != 1)
    ip = case.group(r"for ip (\S+)")
    evidence = [f"{ip} is an endpoint without a node"] if ip else []
    evidence += [f"nodes whose providerID is not REGION.INSTANCE_ID: {', '.join(bad[:5])}"] if bad else []
    return Answer(evidence=tuple(evidence))
