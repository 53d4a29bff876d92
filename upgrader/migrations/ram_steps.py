"""What the RAM migrations share: the finding on missing actions, and the one step that grants them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from upgrader import codec
from upgrader.migrations.context import Context
from upgrader.migrations.migration import Mends
from upgrader.model.facts import RamPolicy
from upgrader.model.finding import Finding, Subject
from upgrader.model.params import PolicyVersionParams, encode_params
from upgrader.model.plan import Step
from upgrader.ram.minimal import MAX_DOCUMENT_BYTES, Patch, candidates, patch_for

KIND = "ram.policy-version"


def concerns(context: Context) -> str:
    """Why the role's policies are no matter of ours here; empty when they are."""
    if context.facts.identity.kind == "managed":
        return "ACK itself grants the role of managed clusters"
    return ""


def missing(code: str, context: Context, actions: Sequence[str], why: str, sources: tuple[str, ...]) -> Finding | None:
    """FAIL for those of `actions` that nothing allows; None when all are allowed (or denied, or unknown)."""
    lacking = [action for action in actions if action in context.ram.missing]
    if not lacking:
        return None
    home = next(iter(candidates(context.facts.ram.policies or ())), None)
    place = f"the policy {home.name}" if home else "a policy of its own"
    return Finding(
        code=code,
        outcome="FAIL",
        effect="IMMEDIATE",
        subject=Subject(kind="RamPolicy", name=home.name if home else context.facts.ram.role),
        message=f"The role {context.facts.ram.role} lacks {', '.join(lacking)}: {why}",
        evidence={
            "missing": lacking, "role": context.facts.ram.role,
            "needed_for": {action: context.needed_actions[action] for action in lacking},
        },
        remedy=f"add these actions to {place}: ccm-upgrade ram policy prints the document",
        sources=sources,
    )  # fmt: skip


def grant(findings: Iterable[Finding], context: Context) -> Mends:
    """One step that grants what all these findings lack; none where no policy can take it."""
    mended = tuple(finding for finding in findings if finding.evidence.get("missing"))
    actions = sorted({action for finding in mended for action in finding.evidence["missing"]})
    patch = patch_for(context.facts.ram.policies or (), actions)
    if patch is None or not patch.fits:
        return ()
    return ((_step(patch, actions, context.facts.ram.role), mended),)


def _step(patch: Patch, actions: Sequence[str], role: str) -> Step:
    policy = patch.policy
    why_not = ""
    if patch.delete_version:
        why_not = (
            f"{policy.name} holds its five versions: {patch.delete_version} is deleted to make room and does not come "
            f"back; the present default {policy.default_version} stays and is put back"
        )
    return Step(
        id=f"ram-{policy.name}",
        kind=KIND,
        summary=f"Allow {', '.join(actions)} in a new default version of {policy.name}"
        + (f", after deleting its oldest version {patch.delete_version}" if patch.delete_version else ""),
        params=encode_params(_params(patch, actions, role)),
        reason=f"the role {role} lacks them",
        reversible="partly" if patch.delete_version else "yes",
        why_not=why_not,
        impact="none",
        guards=(
            f"the default version of {policy.name} is {policy.default_version}, with the document that was judged",
            f"the document stays within {MAX_DOCUMENT_BYTES} bytes ({patch.size} now)",
        ),
        timeout_s=180,
    )


def _params(patch: Patch, actions: Sequence[str], role: str) -> PolicyVersionParams:
    policy: RamPolicy = patch.policy
    return PolicyVersionParams(
        role=role,
        policy=policy.name,
        document=patch.document,
        adds=tuple(actions),
        expected_default=policy.default_version,
        expected_digest=codec.digest(policy.document),
        delete_version=patch.delete_version,
    )
