"""Billing, specification, arrears."""

from __future__ import annotations

from upgrader.diagnose.case import Case, annotate, drop
from upgrader.diagnose.model import Answer


def clcu_and_spec(case: Case) -> Answer:
    """How the CLB is billed, and what the annotations ask for."""
    evidence = [case.says("spec"), case.says("instance-charge-type")]
    charge = case.attribute("InstanceChargeType")
    if case.lb is not None and charge:
        evidence.insert(0, f"{case.lb.id} is billed by {charge}")
    fix = []
    if case.value("spec") is not None:
        fix.append(drop("spec"))
    if case.value("instance-charge-type") not in (None, "PayByCLCU"):
        fix.append(annotate("instance-charge-type", "PayByCLCU"))
    return Answer(evidence=tuple(evidence), fix=tuple(fix) or None)


def shared_clb(case: Case) -> Answer:
    """Which version asks for a shared CLB, and whether the Service asks for one itself."""
    return Answer(evidence=(case.look.what_runs, case.says("spec")), step="ccm")


def account(case: Case) -> Answer:
    """Who else waits for the same: the account's trouble is every new load balancer's trouble."""
    waiting = [service.key for service in case.look.context.waiting]
    if not waiting:
        return Answer(evidence=("no Service waits for an address",), settled="no Service waits for an address")
    listed = ", ".join(sorted(waiting)[:5]) + (f" and {len(waiting) - 5} more" if len(waiting) > 5 else "")
    return Answer(evidence=(f"Services without an address: {listed}",))
