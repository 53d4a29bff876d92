"""What the checks find against the version that runs: the FAQ's questions that a check answers already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from upgrader.assess.check import Check, run_check
from upgrader.assess.checks import (
    annotation_values,
    duplicates,
    eni_on_flannel,
    eni_on_shared_clb,
    named_target_port,
    node_ports,
    pay_by_clcu,
    ram_denied,
    reuse_listeners,
    reuse_owner,
    reuse_version,
    reuse_vpc,
)
from upgrader.diagnose.look import Look
from upgrader.diagnose.model import Diagnosis, StepKind
from upgrader.migrations import legacy_clb_tag, ram_nlb_actions, ram_route_actions
from upgrader.migrations.context import CLUSTER
from upgrader.model.finding import Finding

ASKED: tuple[Check, ...] = (
    legacy_clb_tag, annotation_values, reuse_version, reuse_owner, reuse_vpc, reuse_listeners, ram_denied,
    ram_nlb_actions, ram_route_actions, eni_on_flannel, eni_on_shared_clb, named_target_port, pay_by_clcu, duplicates,
    node_ports,
)  # fmt: skip

STEPS: Mapping[str, StepKind] = {
    legacy_clb_tag.CODE: "clb.tag",
    ram_nlb_actions.CODE: "ram.policy-version",
    ram_route_actions.CODE: "ram.policy-version",
}

SAME_AS: Mapping[str, frozenset[str]] = {
    reuse_owner.CODE: frozenset({"lb-reuse-made-by-ccm", "lb-reuse-refused"}),
    reuse_vpc.CODE: frozenset({"lb-network-conflict"}),
    eni_on_flannel.CODE: frozenset({"eni-not-found"}),
    eni_on_shared_clb.CODE: frozenset({"eni-on-shared-clb"}),
    named_target_port.CODE: frozenset({"named-target-port"}),
    pay_by_clcu.CODE: frozenset({"clcu-and-spec"}),
    duplicates.CODE: frozenset({"lb-several"}),
    legacy_clb_tag.CODE: frozenset({"lb-lost", "lb-lost-by-name"}),
    ram_denied.CODE: frozenset({"ram-denied"}),
    annotation_values.CODE: frozenset({"weight-range", "not-a-number", "protocol-unknown", "forward-port-form"}),
}
"""Errors that tell the same as a check: where the event has told it, the check adds nothing."""


def look_for(look: Look) -> Iterable[Diagnosis]:
    """Each finding as a diagnosis. A check that lacks its facts says so; one that does not apply is silent."""
    for check in ASKED:
        run, findings = run_check(check, look.context)
        for finding in findings:
            if finding.outcome == "UNKNOWN" and "gaps" in finding.evidence:
                continue  # The coverage line tells what was not seen; an upgrade's check says it per code.
            yield Diagnosis(
                id=check.CODE, outcome=finding.outcome, subject=finding.subject, meaning=f"{finding.message}.",
                evidence=(), fix=(finding.remedy,) if finding.remedy else (),
                step=_step(check, finding), sources=finding.sources,
            )  # fmt: skip
        if run.state == "broken":
            yield Diagnosis(id=check.CODE, outcome="UNKNOWN", subject=CLUSTER, meaning=f"{run.title}: {run.reason}")


def _step(check: Check, finding: Finding) -> StepKind | None:
    """The step that a plan has for it; a CLB that a person has to look at gets none."""
    if check is legacy_clb_tag and not finding.evidence.get("mend"):
        return None
    return STEPS.get(check.CODE)
