"""The cluster's Kubernetes serves what the target asks of it.

What it checks
    The Kubernetes version against what the target CCM needs: discovery.k8s.io/v1 for EndpointSlices, 1.24 for NLB
    Services, and releases that are known not to start on a Kubernetes.
Why it matters
    From v2.9.1 on CCM reads backends from EndpointSlices (discovery.k8s.io/v1, Kubernetes 1.21 and later). On an
    older cluster it finds no backends at all.
How it is decided
    FAIL for v2.9.1 and later on Kubernetes below 1.21, unless the feature gate EndpointSlice=false is in the
    cloud-config; FAIL for NLB Services below 1.24; the release's own bounds from the data.
What to do
    Upgrade Kubernetes first, choose an older target (v2.4.x was kept up for old clusters), or turn the gate off.
Sources
    ccm-source, ack-upgrade, ccm-issues
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from upgrader.migrations.context import CLUSTER, NLB_SINCE, Context
from upgrader.model.facts import Gap
from upgrader.model.finding import Finding
from upgrader.model.version import parse_version

CODE = "CCM070"
TITLE = "The cluster's Kubernetes serves what the target asks of it"
NEEDS: tuple[str, ...] = ()

SLICES_SINCE = parse_version("v2.9.1")
SLICES_KUBERNETES, NLB_KUBERNETES = (1, 21), (1, 24)
GATE_OFF = re.compile(r"EndpointSlice\s*=\s*false", re.IGNORECASE)
_NUMBERS = re.compile(r"v?(\d+)\.(\d+)")


def kubernetes_minor(text: str) -> tuple[int, int] | None:
    """(1, 28) for `v1.28.3-aliyun.1`; None for what is no version."""
    found = _NUMBERS.match(text)
    return (int(found[1]), int(found[2])) if found else None


def applies(context: Context) -> str:
    """Always."""
    return ""


def find(context: Context) -> Iterable[Finding]:
    """FAIL for each need that is not met; UNKNOWN where the Kubernetes version is not known."""
    version = kubernetes_minor(context.facts.identity.kubernetes)
    slices = context.target >= SLICES_SINCE
    nlbs = context.target >= NLB_SINCE and bool(context.nlb_services)
    if version is None:
        if slices or nlbs:
            gap = Gap(area="identity", call="GET /version", why="absent", detail="say it with --kubernetes")
            yield _finding(context, "UNKNOWN", f"The Kubernetes version is not known ({gap.detail})", "")
        return
    told = f"{version[0]}.{version[1]}"
    if slices and version < SLICES_KUBERNETES and not _gate_is_off(context):
        yield _finding(context, "FAIL", f"{context.target} reads EndpointSlices of discovery.k8s.io/v1, which "
                       f"Kubernetes {told} does not serve", "upgrade Kubernetes to 1.21 first, or set featureGates: "
                       "EndpointSlice=false in the cloud-config")  # fmt: skip
    if nlbs and version < NLB_KUBERNETES:
        yield _finding(context, "FAIL", f"NLB Services need Kubernetes 1.24, this is {told}",
                       "upgrade Kubernetes first")  # fmt: skip


def _gate_is_off(context: Context) -> bool:
    ccm = context.facts.ccm
    return any(GATE_OFF.search(text) for text in (*ccm.cloud_config.values(), *ccm.args))


def _finding(context: Context, outcome: str, message: str, remedy: str) -> Finding:
    return Finding(
        code=CODE,
        outcome="FAIL" if outcome == "FAIL" else "UNKNOWN",
        effect="IMMEDIATE" if outcome == "FAIL" else "NONE",
        subject=CLUSTER,
        message=message,
        evidence={"kubernetes": context.facts.identity.kubernetes, "target": str(context.target)},
        remedy=remedy,
        sources=("ccm-source", "ack-upgrade"),
    )
