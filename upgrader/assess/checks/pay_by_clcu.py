"""A CLB that is billed by LCU has no specification.

What it checks
    No Service asks for a specification while its CLB is billed by LCU (PayByCLCU), and none asks for both.
Why it matters
    "The operation is not allowed because the instanceChargeType of loadbalancer is PayByCLCU": the sync of the CLB's
    attributes fails. From v2.12.1 on new CLBs are billed by LCU, and the specification alone no longer changes that.
How it is decided
    FAIL where the CLB is PayByCLCU, the annotation spec is set, and the charge type is PayBySpec, or the target is
    older than v2.12.1 and so sends the specification. WARN for a Service still without a CLB that asks for a
    specification only, where the target ignores it.
What to do
    Remove the annotation spec; where instance-charge-type is set, set it to PayByCLCU.
Sources
    service-faq, ccm-source
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import Context, about, value_of
from upgrader.model.finding import Finding
from upgrader.model.kube import Service
from upgrader.model.version import parse_version

CODE = "CCM043"
TITLE = "No Service asks for a specification of a CLB that is billed by LCU"
NEEDS: tuple[str, ...] = ("services", "clb")
SOURCES = ("service-faq", "ccm-source")

CLCU_SINCE = parse_version("v2.12.1")


def applies(context: Context) -> str:
    """Only where a Service asks for a specification."""
    return "" if context.carrying("spec") else "no Service sets the annotation spec"


def find(context: Context) -> Iterable[Finding]:
    """One finding for each Service whose specification can't be had."""
    for service in context.carrying("spec"):
        named = value_of(service, "id")
        lb = context.load_balancers.get(named) if named else context.by_address.get(service.address)
        charge = value_of(service, "instance-charge-type")
        if lb is None:
            if not service.address and not named and context.target >= CLCU_SINCE and charge != "PayBySpec":
                yield _will_be_ignored(service, context)
        elif lb.attributes.get("InstanceChargeType") == "PayByCLCU" and (
            charge == "PayBySpec" or context.target < CLCU_SINCE
        ):
            yield Finding(
                code=CODE,
                outcome="FAIL",
                effect="IMMEDIATE",
                subject=about(service),
                message=f"It asks for the specification {value_of(service, 'spec')}, but {lb.id} is billed by LCU",
                evidence={"load_balancer_id": lb.id, "spec": value_of(service, "spec"), "charge_type": charge},
                remedy="remove the annotation alibaba-cloud-loadbalancer-spec",
                sources=SOURCES,
            )


def _will_be_ignored(service: Service, context: Context) -> Finding:
    return Finding(
        code=CODE,
        outcome="WARN",
        effect="IMMEDIATE",
        subject=about(service),
        message=f"It still has no CLB, and {context.target} makes one that is billed by LCU, without a specification",
        evidence={"spec": value_of(service, "spec")},
        remedy="set instance-charge-type to PayBySpec if the specification is wanted",
        sources=SOURCES,
    )
