"""Node ports and the nodes' own outgoing ports do not overlap.

What it checks
    The API server's range of node ports does not overlap the nodes' `net.ipv4.ip_local_port_range`, and no Service
    holds a node port inside that range.
Why it matters
    A process on the node can then take the very port that traffic of the load balancer comes in by: health checks
    fail now and then, and backends go.
How it is decided
    By both ranges, where the facts have them; a Service's own node ports count even where the API server's range is
    not known. The kernel's default is 32768–60999, Kubernetes' is 30000–32767: they do not overlap.
What to do
    Put the defaults back, or choose ranges that do not overlap, and move the Services that hold such a port.
Sources
    service-faq
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.assess.tally import Holders, Tally
from upgrader.migrations.context import CLUSTER, Context, services, some
from upgrader.model.finding import Finding

CODE = "CCM074"
TITLE = "Node ports do not overlap the nodes' outgoing ports"
NEEDS: tuple[str, ...] = ("services",)


def applies(context: Context) -> str:
    """Only where the nodes' range is known."""
    return "" if context.facts.local_port_range else "ip_local_port_range of the nodes is not known"


def find(context: Context) -> Iterable[Finding]:
    """Nothing about a single Service."""
    return ()


def tally(context: Context) -> Tally:
    """The Services that hold a port of the nodes' own range."""
    low, high = context.facts.local_port_range or (0, -1)
    return {
        "held": Holders.of(
            service.key
            for service in context.facts.services
            if any(low <= port.node_port <= high for port in service.spec.ports or ())
        )
    }


def tell(tally: Tally, context: Context) -> Iterable[Finding]:
    """WARN for overlapping ranges, with the Services that hold a port in both."""
    local, node, holders = context.facts.local_port_range, context.facts.node_port_range, tally["held"]
    if local is None:
        return
    overlap = node is not None and node[0] <= local[1] and local[0] <= node[1]
    if not overlap and not holders.count:
        return
    ranges = f"node ports {node[0]}–{node[1]}" if node else "node ports"
    names = some(holders.keys, total=holders.count)
    held = f"; one of them is held by {services(holders.count)}: {names}" if holders.count else ""
    yield Finding(
        code=CODE,
        outcome="WARN",
        effect="NONE",
        subject=CLUSTER,
        message=f"The {ranges} overlap the nodes' outgoing ports {local[0]}–{local[1]}{held}",
        evidence={"local": list(local), "node": list(node) if node else None, "services": list(holders.keys)},
        remedy="separate the two ranges, and give these Services other node ports",
        sources=("service-faq",),
    )
