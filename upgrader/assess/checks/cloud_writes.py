"""The new CCM finds every load balancer as it wants it.

What it checks
    Each request that changes a load balancer, a listener or a server group at the target's first reconcile, other
    than the weights and backends that follow the pods (CCM003), deleted listeners (CCM053) and hand-made ones (CCM054).
Why it matters
    This is the moment users fear: an edit made in the console is put back, an annotation that nobody noticed takes
    effect, a protection is set.
How it is decided
    From the forecast. WARN per Service with such requests at the first reconcile; one NOTE counts the Services for
    which requests come only at their next edit.
What to do
    Read the changes, before → after. Where the console's value is the wanted one, write it into the annotation.
Sources
    ccm-source, observed
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.assess.checks import listeners_deleted
from upgrader.assess.checks.listeners_taken_over import takes_over
from upgrader.assess.tally import Holders, Tally
from upgrader.migrations.context import CLUSTER, Context, about, services, some
from upgrader.model.finding import Finding
from upgrader.model.forecast import ServiceForecast, Write

CODE = "CCM052"
TITLE = "The target finds every load balancer as it wants it"
NEEDS: tuple[str, ...] = ("services", "ccm")
SOURCES = ("ccm-source", "observed")

# Backends and their weights follow the pods (CCM003 tells what that does to traffic); tags touch no traffic.
ROUTINE = frozenset({
    "slb:SetVServerGroupAttribute", "slb:AddVServerGroupBackendServers", "slb:RemoveVServerGroupBackendServers",
    "slb:ModifyVServerGroupBackendServers", "slb:TagResources", "slb:AddTags",
    "nlb:AddServersToServerGroup", "nlb:RemoveServersFromServerGroup", "nlb:UpdateServerGroupServersAttribute",
    "nlb:TagResources",
})  # fmt: skip


def applies(context: Context) -> str:
    """Where there are Services."""
    return context.no_service


def find(context: Context) -> Iterable[Finding]:
    """WARN for each Service that is changed at once."""
    for forecast, writes in _changes(context):
        if now := _at_once(writes):
            yield _changed(forecast, now)


def tally(context: Context) -> Tally:
    """The Services that are changed later alone."""
    later = [forecast.key for forecast, writes in _changes(context) if not _at_once(writes)]
    return {"later": Holders.of(later)} if later else {}


def tell(tally: Tally, context: Context) -> Iterable[Finding]:
    """One NOTE for all that are changed later."""
    for later in tally.values():
        yield Finding(
            code=CODE,
            outcome="NOTE",
            effect="LATENT",
            subject=CLUSTER,
            message=f"Changes in the cloud come with the next edit of {services(later.count)}: "
            f"{some(later.keys, total=later.count)}",
            evidence={"services": list(later.keys), "count": later.count},
            sources=SOURCES,
        )


def _changes(context: Context) -> Iterable[tuple[ServiceForecast, list[Write]]]:
    for forecast in context.outlook.eventful:
        writes = [write for write in forecast.writes if not _is_told_elsewhere(write)]
        if writes:
            yield forecast, writes


def _at_once(writes: list[Write]) -> list[Write]:
    return [write for write in writes if write.effect == "IMMEDIATE"]


def _is_told_elsewhere(write: Write) -> bool:
    return write.action in ROUTINE or write.action in listeners_deleted.DELETES or takes_over(write)


def _changed(forecast: ServiceForecast, writes: list[Write]) -> Finding:
    told = "; ".join(_words(write) for write in writes[:3])
    more = f"; and {len(writes) - 3} more" if len(writes) > 3 else ""
    return Finding(
        code=CODE,
        outcome="WARN",
        effect="IMMEDIATE",
        subject=about(forecast),
        message=f"The first reconcile changes it in the cloud: {told}{more}",
        evidence={
            "writes": [{"action": w.action, "object": w.object, "changes": w.changes} for w in writes],
        },
        remedy="where the present value is the wanted one, write it into the Service's annotation",
        sources=SOURCES,
    )  # fmt: skip


def _words(write: Write) -> str:
    changes = ", ".join(f"{name} {_shown(b)} → {_shown(a)}" for name, (b, a) in sorted(write.changes.items())[:3])
    return f"{write.action} {write.object}".rstrip() + (f" ({changes})" if changes else "")


def _shown(value: str | None) -> str:
    return "none" if value is None else value or '""'
