"""The vendor's own dry run sees no change that the forecast does not see.

What it checks
    Where a CCM was run with `--dry-run`, its result stands in the event
    `kube-system/CloudControllerManagerPrecheckResult`: what it finds is held against the forecast, Service by Service.
Why it matters
    Two opinions are better than one: where they differ, one of them is wrong, or the cluster changed in between.
How it is decided
    The event's State is always Success, so only its counts and its list speak; the `DryRun:` events of Services are
    read too. A dry run names the first change of a Service only, lists 20 findings, and looks neither at weights nor at
    NLBs: what it can't see is not held against it. WARN where it sees a change that the forecast does not see, or
    another one; NOTE for what the forecast alone sees, and where more was found than is listed.
What to do
    Run it again (`plan --shadow`): the event may be of another version, or of yesterday. Then look at the Service and
    its load balancer.
Sources
    ccm-source, observed
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import CLUSTER, Context, services, some
from upgrader.model.finding import Finding, Subject
from upgrader.model.shadow import SecondOpinion

CODE = "CCM058"
TITLE = "The vendor's own dry run sees no change that the forecast does not see"
NEEDS: tuple[str, ...] = ("services",)
SOURCES = ("ccm-source", "observed")
AGAIN = "run the dry run again, then look at the Service and its load balancer"


def applies(context: Context) -> str:
    """Only where a dry run left its result."""
    return "" if context.shadow else "no dry run of the vendor's left its result in kube-system"


def find(context: Context) -> Iterable[Finding]:
    """WARN for each Service that the dry run sees otherwise; NOTEs for the rest."""
    shadow = context.shadow
    if shadow is None:
        return
    if shadow.problem:
        yield _about_all("WARN", shadow.problem, {"taken_at": shadow.taken_at})
        return
    for one in shadow.services:
        if one.agreement in ("differ", "dry-run-only"):
            yield _otherwise(one)
    alone = [one.key for one in shadow.services if one.agreement == "forecast-only"]
    if alone:
        yield _about_all("NOTE", f"The forecast sees changes of {services(len(alone))} that the dry run does not see: "
                         f"{some(alone)}", {"services": sorted(alone)[:100], "count": len(alone)})  # fmt: skip
    if not shadow.complete:
        yield _about_all("NOTE", f"The dry run counts {shadow.failed} findings and lists {shadow.told} of them",
                         {"failed": shadow.failed, "told": shadow.told})  # fmt: skip


def _otherwise(one: SecondOpinion) -> Finding:
    said = "; ".join((*one.dry_run, *one.refusals))
    ours = ", ".join(one.forecast) or "no change"
    return Finding(
        code=CODE,
        outcome="WARN",
        effect="NONE",
        subject=Subject(kind="Service", namespace=one.namespace, name=one.name),
        message=f"The vendor's dry run sees {said}; the forecast sees {ours}",
        evidence={"dry_run": one.dry_run, "codes": one.codes, "refusals": one.refusals, "forecast": one.forecast},
        remedy=AGAIN,
        sources=SOURCES,
    )


def _about_all(outcome: str, message: str, evidence: dict[str, object]) -> Finding:
    return Finding(
        code=CODE, outcome="WARN" if outcome == "WARN" else "NOTE", effect="NONE", subject=CLUSTER, message=message,
        evidence=evidence, remedy="run the dry run again" if outcome == "WARN" else "", sources=SOURCES,
    )  # fmt: skip
