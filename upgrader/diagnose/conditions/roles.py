"""The cluster's two own load balancers: the API server's and the Nginx Ingress's."""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.diagnose.look import Look, serves_api
from upgrader.diagnose.model import Diagnosis
from upgrader.model.finding import Subject

ID = "cluster-load-balancers"
TITLE = "Load balancers that serve the cluster itself"
INGRESS = "kube-system/nginx-ingress-lb"


def look_for(look: Look) -> Iterable[Diagnosis]:
    """One note for each that is there."""
    for lb in look.facts.load_balancers or ():
        if serves_api(lb):
            yield _note(
                lb.id,
                "It is the API server's: every request to the cluster goes through it.",
                (f"{lb.id} ({lb.address}) listens on 6443 and carries no Service's tag",),
                ("never reuse it; once deleted it can't be recovered, and the cluster has to be made anew",),
            )
    ingress = look.by_key.get(INGRESS)
    own = look.of(ingress) if ingress else None
    if ingress is not None and own is not None:
        ports = ", ".join(f"{p.protocol or 'TCP'} {p.port}" for p in ingress.spec.ports or ())
        yield _note(
            own.id,
            "It is the Nginx Ingress's: requests from outside come in through it.",
            (f"{INGRESS} has its address {ingress.address}, on {ports}",),
            (f"from inside the cluster, use nginx-ingress-lb.kube-system instead of {ingress.address}",)
            if ingress.is_local
            else (),
        )


def _note(lb_id: str, meaning: str, evidence: tuple[str, ...], fix: tuple[str, ...]) -> Diagnosis:
    return Diagnosis(
        id=ID, outcome="NOTE", subject=Subject(kind="LoadBalancer", name=lb_id), meaning=meaning, evidence=evidence,
        fix=fix, sources=("service-faq",),
    )  # fmt: skip
