"""Something that can't be changed once the load balancer is made: what it is, and what the annotation asks for."""

from __future__ import annotations

from collections.abc import Callable

from upgrader.diagnose.case import RECREATE, Case, annotate, drop
from upgrader.diagnose.model import Answer


def fixed(short: str, attribute: str, *, removable: bool = False) -> Callable[[Case], Answer]:
    """An answer for one annotation: put the load balancer's own value back (or drop the annotation), or recreate."""

    def look(case: Case) -> Answer:
        if case.lb is None:
            return Answer(evidence=(case.says(short),))
        now = case.lb.address_type if attribute == "AddressType" else case.attribute(attribute)
        evidence = (case.says(short), f"{case.lb.id} has {attribute} {now or 'unknown'}")
        back = drop(short) if removable or case.value(short) is None or not now else annotate(short, now)
        if case.value(short) is None and now:
            # The annotation was removed, and CCM's default is not what the load balancer is.
            back = annotate(short, now)
        return Answer(evidence=evidence, fix=(f"put it back: {back}", f"or get a new one: {RECREATE}"))

    return look


def fixed_zone(case: Case) -> Answer:
    """The master or the slave zone, as the message says."""
    which = "slave" if "slave zone" in case.message else "master"
    return fixed(f"{which}-zoneid", f"{which.capitalize()}ZoneId")(case)
