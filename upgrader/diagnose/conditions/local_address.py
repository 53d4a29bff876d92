"""A Local Service's address from inside the cluster: nodes without a pod of it don't reach it."""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.diagnose.fill import filled
from upgrader.diagnose.look import Look
from upgrader.diagnose.model import Diagnosis
from upgrader.forecast.annotations import BACKEND_TYPE
from upgrader.migrations.context import about
from upgrader.model.kube import Service

ID = "local-address-inside"
TITLE = "A Service with externalTrafficPolicy: Local can't be reached at its address from every node"

_CLUSTER = 'kubectl -n NAMESPACE patch service SERVICE --type=merge -p \'{"spec":{"externalTrafficPolicy":"Cluster"}}\''


def look_for(look: Look) -> Iterable[Diagnosis]:
    """One note for each Local Service with an IP in its status and nodes without a ready pod of it.

    kube-proxy catches traffic to that IP on the node itself; a hostname in the status is not caught.
    """
    if look.facts.has_gap("nodes") or look.facts.has_gap("endpoints"):
        return
    nodes = {node.metadata.name for node in look.facts.nodes}
    for service in look.context.services:
        ingress = service.status.load_balancer.ingress
        if service.is_local and ingress and ingress[0].ip:
            there = look.ready_nodes(service)
            without = nodes - there
            if there and without:
                yield _note(service, sorted(without), len(nodes), look)


def _note(service: Service, without: list[str], nodes: int, look: Look) -> Diagnosis:
    name = f"{service.metadata.name}.{service.metadata.namespace}"
    fix = [f"inside the cluster, use the Service's name: {name}"]
    if look.facts.identity.network == "terway":
        fix.append(
            f"or keep the client's address and reach it from everywhere: {_CLUSTER} && kubectl -n NAMESPACE annotate "
            f"--overwrite service SERVICE {BACKEND_TYPE}=eni"
        )
    else:
        fix.append(f"or give up the client's address: {_CLUSTER}")
    listed = ", ".join(without[:5]) + (f" and {len(without) - 5} more" if len(without) > 5 else "")
    words = {"NAMESPACE": service.metadata.namespace, "SERVICE": service.metadata.name}
    return Diagnosis(
        id=ID, outcome="NOTE", subject=about(service),
        meaning=f"From nodes without a pod of it, {service.address} is not reached from inside the cluster: kube-proxy "
        "catches the traffic on the node and looks for a pod there.",
        evidence=(f"{len(without)} of {nodes} nodes have no ready pod of it: {listed}",),
        fix=filled(fix, words), sources=("service-faq",),
    )  # fmt: skip
