"""Nothing stands in the way of the target's requests.

What it checks
    Requests that the target CCM will send and that the cloud will refuse, or may refuse: a value out of its range, a
    spec for a CLB that is paid by CLCU, a listener that goes while another forwards to it, a server group that goes
    while a listener still uses it, a port that is wanted twice, two listeners of one port where the version does not
    say which one it means. And what two Services write at once: a port of one load balancer (force-override-listeners),
    its attributes and tags, a server group; the last also by two ports of one Service.
Why it matters
    CCM tries a refused request again and again. Until v2.5 nothing that follows it is sent: the Service gets no new
    backends either, and with the next rollout of its pods it is down. Of two Services at one port the last one to sync
    wins, and the other's traffic goes to the wrong pods. Of a group that is filled in two ways each sync takes out what
    the last one put in.
How it is decided
    From the forecast's requests, what is in the cloud, and the ranges that the cloud documents. FAIL where the cloud
    will refuse and the target stops there; WARN otherwise.
What to do
    Correct the annotation that asks for it; give each Service ports of its own.
Sources
    ccm-source, ack-annotations-clb
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.matrix.behaviour import behaviour
from upgrader.migrations.context import Context, about
from upgrader.model.finding import Finding

CODE = "CCM087"
TITLE = "Nothing stands in the way of the target's requests"
NEEDS: tuple[str, ...] = ("services", "ccm")


def applies(context: Context) -> str:
    """Where there are Services."""
    return context.no_service


def find(context: Context) -> Iterable[Finding]:
    """One finding for each doubt about a Service."""
    for forecast in context.outlook.eventful:
        stops = forecast.lb == "clb" and behaviour(context.target).clb_errors == "first"
        for doubt in forecast.doubts:
            yield Finding(
                code=CODE,
                outcome="FAIL" if doubt.kind == "refused" and stops else "WARN",
                effect="IMMEDIATE",
                subject=about(forecast),
                message=doubt.text[:1].upper() + doubt.text[1:],
                evidence={"kind": doubt.kind, "load_balancer_id": forecast.load_balancer_id},
                remedy=_REMEDIES[doubt.kind],
                sources=("ccm-source", "ack-annotations-clb"),
            )


_REMEDIES = {
    "refused": "correct the annotation that asks for it before the upgrade",
    "may-be-refused": "read the Service's events after the upgrade; correct the annotation that asks for it",
    "shared-port": "give each Service a port of its own, or take force-override-listeners from all but one",
    "shared-attribute": "say the same of the load balancer in every Service that names it, or in one of them alone",
    "shared-group": "give each port of each Service a group of its own",
}
