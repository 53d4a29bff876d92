"""A private CLB that clients reach by a host name: a node that is its backend can't be its client too."""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.diagnose.case import drop
from upgrader.diagnose.fill import filled
from upgrader.diagnose.look import Look
from upgrader.diagnose.model import Diagnosis
from upgrader.forecast.direct import is_direct
from upgrader.matrix.behaviour import behaviour
from upgrader.migrations.context import about, kind_of
from upgrader.model.kube import Service

ID = "private-address-inside"
TITLE = "A private CLB is reached by its host name: a node that is a backend can't be a client of it"


def look_for(look: Look) -> Iterable[Diagnosis]:
    """One note for each Service with a host name alone in its status, a private layer-4 CLB, and nodes as backends.

    kube-proxy catches traffic to an IP in the status before it leaves the node, and so hides that a layer-4 CLB does
    not lead a backend's connection back to itself (FAQ). A host name in the status is not caught, and with the
    annotation hostname CCM writes nothing else there (updateServiceStatus of its CLB controller).
    """
    v1 = look.running is not None and behaviour(look.running).is_v1
    for service in look.context.services:
        ingress = service.status.load_balancer.ingress
        lb = look.of(service) if kind_of(service) == "clb" else None
        if not ingress or ingress[0].ip or not ingress[0].hostname or lb is None:
            continue
        layer4 = sorted(one.port for one in lb.listeners if one.protocol in ("tcp", "udp"))
        if lb.address_type.lower() == "intranet" and layer4 and not is_direct(look.facts.ccm, service, v1=v1):
            yield _note(service, lb.id, ingress[0].hostname, ", ".join(map(str, layer4)))


def _note(service: Service, lb: str, hostname: str, ports: str) -> Diagnosis:
    name = f"{service.metadata.name}.{service.metadata.namespace}"
    fix = (
        f"inside the cluster, use the Service's name: {name}",
        f"or let kube-proxy catch the traffic, by the address in the status: {drop('hostname')}",
    )
    words = {"NAMESPACE": service.metadata.namespace, "SERVICE": service.metadata.name}
    return Diagnosis(
        id=ID, outcome="NOTE", subject=about(service),
        meaning="From inside the cluster some connections to it fail: where the CLB chooses the node of the client as "
        "the backend, nothing comes back.",
        evidence=(f"{lb} is private, listens by TCP or UDP on {ports}, and has nodes as backends",
                  f"the Service's status has the host name {hostname} and no address"),
        fix=filled(fix, words), sources=("service-faq",),
    )  # fmt: skip
