"""It is known who runs CCM, and the tool may change it.

What it checks
    Whether the plan can carry out the upgrade: through ACK's add-on, or by changing a DaemonSet or Deployment that
    nobody else keeps in shape.
Why it matters
    A change behind the back of Helm or a GitOps controller is put back within minutes, in the middle of the upgrade
    or long after it. A static pod lives in a file on its node.
How it is decided
    By what discovery found: the add-on, the workload, and the labels and annotations of Helm, Argo CD and Flux.
What to do
    Change the version in the chart or in the repository, with the flags that the plan names; or pause the owner for
    the upgrade and waive this finding.
Sources
    ack-upgrade
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.migrations.context import Context
from upgrader.model.finding import Finding, Outcome, Subject

CODE = "CCM086"
TITLE = "The tool may change what runs CCM"
NEEDS: tuple[str, ...] = ("ccm",)


def applies(context: Context) -> str:
    """Where something is to be changed."""
    if context.source == context.target:
        return "the version does not change"
    return ""


def find(context: Context) -> Iterable[Finding]:
    """FAIL for an owner that would put the change back, or for none that can be changed."""
    ccm = context.facts.ccm
    if context.run_by_ack:
        if not context.facts.identity.id:
            yield _finding(context, "UNKNOWN", "ACK runs CCM here, and the cluster's id is not known",
                           "say it with --cluster-id")  # fmt: skip
    elif ccm.workload is None:
        yield _finding(context, "UNKNOWN", "It is not known who runs CCM: no step of the plan can change it",
                       "say the cluster's kind with --kind, or let kube-system be read")  # fmt: skip
    elif ccm.workload.kind in ("StaticPod", "Pod"):
        yield _finding(context, "FAIL", f"CCM runs as a {ccm.workload.kind}: only a person can change it",
                       "change the manifest on its node")  # fmt: skip
    elif ccm.managed_by in ("helm", "gitops"):
        who = "Helm" if ccm.managed_by == "helm" else "a GitOps controller"
        yield _finding(context, "FAIL", f"{who} keeps CCM's workload in shape and would put the change back",
                       f"change the version there, or pause it and --waive {CODE}")  # fmt: skip


def _finding(context: Context, outcome: Outcome, message: str, remedy: str) -> Finding:
    workload = context.facts.ccm.workload
    return Finding(
        code=CODE,
        outcome=outcome,
        effect="NONE",
        subject=Subject(kind="Workload", namespace=workload.namespace, name=workload.name)
        if workload
        else Subject(kind="Cluster"),
        message=message,
        evidence={"managed_by": context.facts.ccm.managed_by, "kind": context.facts.identity.kind},
        remedy=remedy,
        sources=("ack-upgrade",),
    )
