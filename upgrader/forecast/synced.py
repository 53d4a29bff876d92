"""What one sync of a Service comes to, whichever kind of load balancer serves it."""

from __future__ import annotations

from msgspec import Struct

from upgrader.forecast.groups import DesiredGroup
from upgrader.model.cloud import LoadBalancer
from upgrader.model.forecast import ExpectedEvent, Refusal, Write

NO_EIP = "FailedSetEIPAddress"
"""The reason of the event that tells of an EIP which CCM looked for to write it into the status, and did not find."""

PRESERVED = "PreservedOnDelete"
"""The reason of the event that tells of a load balancer which outlives its Service."""


class Synced(Struct, frozen=True, kw_only=True):
    """The writes in CCM's order, and what follows from them.

    `refusal` may stand beside writes: some errors stop a sync only after others of its requests were sent. `named` is
    the load balancer's id as CCM's event names it; `events` are those besides success and failure, `silent` says that
    CCM sends neither. `labels` are further labels with their new values, None where they go. `load_balancer`
    is the one that is there, with every server group that CCM finds for it.
    """

    load_balancer: LoadBalancer | None = None
    named: str = ""
    groups: tuple[DesiredGroup, ...] = ()
    writes: tuple[Write, ...] = ()
    refusal: Refusal | None = None
    events: tuple[ExpectedEvent, ...] = ()
    silent: bool = False
    labels: dict[str, str | None] = {}
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def preserved(lb_id: str) -> ExpectedEvent:
    """The event of a load balancer that `preserve-lb-on-delete` keeps, at each sync that finds it.

    One that is only being made is found by the sync after that (Apply of `model_applier.go`, both kinds, from v2.10.0).
    Its id is not known yet: empty here, the text stays out.
    """
    text = f"The lb [{lb_id}] will be preserved after the service is deleted." if lb_id else ""
    return ExpectedEvent(type="Warning", reason=PRESERVED, message=text)
