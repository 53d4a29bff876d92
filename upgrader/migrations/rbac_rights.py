"""v2.9.1 reads EndpointSlices and v2.10.0 pods, which the published manifest does not allow.

What it checks
    The rules bound to CCM's service account cover what the target CCM asks of the Kubernetes API.
Why it matters
    The ClusterRole in the repository's deploy/v2 lacks discovery.k8s.io/endpointslices, which is the default source
    of backends from v2.9.1 on, and pods, which v2.10.0 reads: CCM then waits for a cache that never fills, and no
    Service is synced. ACK grants its own add-on what it needs.
How it is decided
    By the rules that discovery found for the service account, wildcards included; rules limited to named objects do
    not count. Readiness gates need pods/status only where a pod uses them.
What to do
    Let the plan add a ClusterRole of its own with the missing rules, bound to the service account. Nothing that Helm
    or GitOps owns is edited. Undone by deleting both.
Sources
    ccm-source
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.matrix.startup import Right, load_startup
from upgrader.migrations.context import CLUSTER, Context
from upgrader.migrations.migration import Mends
from upgrader.model.finding import Finding
from upgrader.model.params import RbacRule, RbacRulesParams, encode_params
from upgrader.model.plan import Step

ID = "rbac-rights"
CODE = "CCM071"
TITLE = "CCM's service account may do what the target asks of Kubernetes"
NEEDS: tuple[str, ...] = ("rbac",)
WINDOW = ("v1.9.3", "v2.10.0")

DEFAULT_ACCOUNT = "cloud-controller-manager"
"""The service account of the published manifests."""

ROLE_NAME = "ccm-upgrade:cloud-controller-manager"
READINESS_GATE_PREFIX = "service.readiness.alibabacloud.com/"


def applies(context: Context) -> str:
    """Only where ACK does not run CCM."""
    return "ACK grants its own add-on" if context.run_by_ack else ""


def find(context: Context) -> Iterable[Finding]:
    """FAIL with the verbs that are missing, per resource."""
    rules = context.facts.ccm.rbac_rules
    if rules is None:
        if not context.hidden(("rbac",)):
            yield _unknown()
        return
    lacking = {right: verbs for right in _wanted(context) if (verbs := missing_verbs(right, rules))}
    if lacking:
        told = "; ".join(f"{', '.join(verbs)} {_resource(right)} ({right.why})" for right, verbs in lacking.items())
        yield Finding(
            code=CODE,
            outcome="FAIL",
            effect="IMMEDIATE",
            subject=CLUSTER,
            message=f"CCM's service account may not {told}",
            evidence={
                "missing": [
                    {"group": right.group, "resource": right.resource, "verbs": list(verbs)}
                    for right, verbs in lacking.items()
                ],
            },
            remedy="add these rules to a ClusterRole that is bound to CCM's service account",
            sources=("ccm-source",),
        )  # fmt: skip


def steps(findings: Iterable[Finding], context: Context) -> Mends:
    """A ClusterRole of its own, bound to the service account."""
    mended = tuple(finding for finding in findings if finding.evidence.get("missing"))
    workload = context.facts.ccm.workload
    if not mended or workload is None:
        return ()
    rules = tuple(
        RbacRule(api_groups=(one["group"],), resources=(one["resource"],), verbs=tuple(one["verbs"]))
        for finding in mended
        for one in finding.evidence["missing"]
    )
    params = RbacRulesParams(
        name=ROLE_NAME,
        namespace=workload.namespace,
        service_account=context.facts.ccm.service_account or DEFAULT_ACCOUNT,
        rules=rules,
    )
    step = Step(
        id="rbac-rights",
        kind="rbac.rules",
        summary=f"Allow {params.namespace}/{params.service_account} "
        + "; ".join(f"{', '.join(rule.verbs)} {rule.resources[0]}" for rule in rules)
        + f" by the ClusterRole {ROLE_NAME}",
        params=encode_params(params),
        reason="the target asks for it, and the bound rules do not allow it",
        reversible="yes",
        impact="none",
        guards=(f"no ClusterRole {ROLE_NAME} of other content is there",),
        timeout_s=120,
    )
    return ((step, mended),)


def missing_verbs(right: Right, rules: Iterable[dict[str, tuple[str, ...]]]) -> tuple[str, ...]:
    """The verbs of `right` that no rule allows on the whole resource."""
    allowed: set[str] = set()
    for rule in rules:
        if rule.get("resourceNames") or not _has(rule.get("apiGroups", ()), right.group):
            continue
        resources = rule.get("resources", ())
        subresource = right.resource.partition("/")[2]
        if _has(resources, right.resource) or (subresource and f"*/{subresource}" in resources):
            allowed.update(rule.get("verbs", ()))
    return () if "*" in allowed else tuple(verb for verb in right.verbs if verb not in allowed)


def _has(values: Iterable[str], wanted: str) -> bool:
    return any(value in ("*", wanted) for value in values)


def _wanted(context: Context) -> Iterable[Right]:
    gated = any(
        gate.get("conditionType", "").startswith(READINESS_GATE_PREFIX)
        for pod in context.facts.pods
        for gate in pod.spec.readiness_gates
    )
    for right in load_startup().rights:
        if right.in_force(context.target) and (not right.feature or gated):
            yield right


def _resource(right: Right) -> str:
    return f"{right.group}/{right.resource}" if right.group else right.resource


def _unknown() -> Finding:
    return Finding(
        code=CODE,
        outcome="UNKNOWN",
        effect="NONE",
        subject=CLUSTER,
        message="The rules bound to CCM's service account are not known",
        remedy="let ClusterRoles and their bindings be read",
        sources=("ccm-source",),
    )
