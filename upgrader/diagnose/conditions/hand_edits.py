"""What somebody set by hand on a load balancer, and CCM will overwrite."""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.diagnose.look import Look
from upgrader.diagnose.model import Diagnosis
from upgrader.migrations.context import about
from upgrader.model.forecast import ServiceForecast, Write

ID = "hand-edits"
TITLE = "A load balancer differs from what its Service says: CCM will overwrite it"
AT_ONCE = (
    "Its load balancer differs from what the Service says; CCM sets it back at its next full sync "
    "(a restart is enough)."
)
AT_NEXT_EDIT = "Its load balancer differs from what the Service says; CCM sets it back at the Service's next edit."
SHOWN = 8
_BACKENDS = ("AddVServerGroupBackendServers", "RemoveVServerGroupBackendServers", "AddServersToServerGroup",
             "RemoveServersFromServerGroup")  # fmt: skip


def look_for(look: Look) -> Iterable[Diagnosis]:
    """One diagnosis for each Service to whose load balancer what runs today would write, at once or at its next edit.

    The forecast of the running version against itself: what it would write is what was changed behind its back.
    Backends that come and go are CCM's daily work, and no edit.
    """
    for one in look.context.forecast.services:
        service = look.context.by_key.get(one.key)
        if service is None or not service.address or one.refusal or one.unknown:
            continue
        writes = [write for write in one.writes if write.object and not write.action.endswith(_BACKENDS)]
        if writes:
            yield _told(one, writes)


def _told(one: ServiceForecast, writes: list[Write]) -> Diagnosis:
    evidence = [
        f"{write.object}: {name} is {_word(now)}, the Service wants {_word(wanted)} ({write.action})"
        for write in writes
        for name, (now, wanted) in write.changes.items()
    ]
    more = len(evidence) - SHOWN
    at_once = any(write.effect == "IMMEDIATE" for write in writes)
    return Diagnosis(
        id=ID, outcome="WARN", subject=about(one),
        meaning=AT_ONCE if at_once else AT_NEXT_EDIT,
        evidence=(*evidence[:SHOWN], *((f"and {more} more",) if more > 0 else ())),
        fix=("set what you want by annotations on the Service, not in the console",
             "or leave it: CCM puts its own back"),
        sources=("service-faq",),
    )  # fmt: skip


def _word(value: str | None) -> str:
    return "nothing" if value in (None, "") else str(value)
