"""The steps that change CCM itself: one for each hop of the route, by whoever runs it here.

Where old and new version respect no common leader lock, a workload's pods are stopped before its image changes and
started after it: three steps, each undone by its opposite, so that the way back never has two leaders either.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from upgrader.migrations import leader_locks, startup_flags
from upgrader.migrations.context import Context
from upgrader.model.facts import WorkloadRef
from upgrader.model.params import AddonParams, StartParams, StopParams, WorkloadParams, encode_params
from upgrader.model.plan import Impact, Reversible, Step
from upgrader.model.version import CcmVersion
from upgrader.plan.images import image_of

NO_DOWNGRADE = (
    "ACK documents no downgrade of an add-on: the upgrade's task is cancelled while that is still possible, after "
    "that the new version stays"
)


def step_id(version: CcmVersion) -> str:
    """The id of the step that leads to `version`."""
    return f"ccm-{version}"


class Hop(Struct, frozen=True, kw_only=True):
    """One version to the next, and what is there before and after it."""

    before: CcmVersion
    after: CcmVersion
    image_before: str
    image_after: str
    args_before: tuple[str, ...]
    args_after: tuple[str, ...]
    digest_before: str


def ccm_steps(
    context: Context, path: Sequence[CcmVersion], needs: tuple[str, ...], image: str = ""
) -> tuple[Step, ...]:
    """A step per hop, each needing all before it; none where it is not known who runs CCM, or nothing changes.

    `image` is the target's image where the user names one.
    """
    ccm = context.facts.ccm
    workload = ccm.workload
    steps: list[Step] = []
    for hop in _hops(context, path, image):
        before = (*needs, *(step.id for step in steps))
        if context.run_by_ack:
            steps.append(_addon(context, hop, before))
        elif workload is not None and workload.kind in ("DaemonSet", "Deployment"):
            steps += _changed(context, workload, hop, before)
    return tuple(steps)


def stopping(steps: Iterable[Step]) -> str:
    """The id of the first step that stops CCM; empty when none does."""
    return next((step.id for step in steps if step.kind == "ccm.stop"), "")


def _changed(context: Context, workload: WorkloadRef, hop: Hop, needs: tuple[str, ...]) -> tuple[Step, ...]:
    old = leader_locks.held(hop.before, hop.args_before)
    new = leader_locks.held(hop.after, hop.args_after)
    image = _workload(context, workload, hop, old, new, needs)
    if leader_locks.shared(old, new):
        return (image,)
    replicas = context.facts.ccm.desired if workload.kind == "Deployment" else 0
    stop = StopParams(workload=workload, version=str(hop.before), image=hop.image_before, replicas=replicas,
                      locks=tuple(sorted(old)))  # fmt: skip
    start = StartParams(workload=workload, version=str(hop.after), image=hop.image_after, replicas=replicas,
                        locks=tuple(sorted(new)))  # fmt: skip
    why = f"{hop.before} locks {_named(old)}, {hop.after} locks {_named(new)}: side by side both would lead"
    name = f"{workload.kind} {workload.namespace}/{workload.name}"
    first = Step(
        id=f"stop-{hop.before}", kind="ccm.stop", summary=f"Stop all pods of {name} (CCM {hop.before})",
        params=encode_params(stop), reason=why, impact="config", needs=needs, timeout_s=600,
        guards=("the pods run",),
    )  # fmt: skip
    image = replace(image, needs=(*image.needs, first.id), impact="config", timeout_s=300)
    last = Step(
        id=f"start-{hop.after}", kind="ccm.start", summary=f"Start the pods of {name} (CCM {hop.after})",
        params=encode_params(start), reason=f"they were stopped by {first.id}", reversible=image.reversible,
        why_not=image.why_not, impact=_impact(context), needs=(image.id,), timeout_s=900,
        guards=("no pod of CCM runs",),
    )  # fmt: skip
    return first, image, last


def _named(locks: frozenset[str]) -> str:
    return " and ".join(sorted(locks)) or "what is not known"


def _hops(context: Context, path: Sequence[CcmVersion], image: str) -> Iterable[Hop]:
    ccm, before = context.facts.ccm, context.running
    at = (ccm.image, ccm.args, ccm.workload_digest)
    for version in path:
        if before is None or version == before:
            continue
        named = image if version == context.target else ""
        then = (named or image_of(ccm.image, version, context.matrix), startup_flags.cleaned(ccm.args, version), "")
        yield Hop(
            before=before, after=version, image_before=at[0], image_after=then[0], args_before=at[1],
            args_after=then[1], digest_before=at[2],
        )  # fmt: skip
        before, at = version, then


def _addon(context: Context, hop: Hop, needs: tuple[str, ...]) -> Step:
    params = AddonParams(
        cluster_id=context.facts.identity.id,
        from_version=str(hop.before),
        to_version=str(hop.after),
        config=context.facts.ccm.addon_config,
    )
    return Step(
        id=step_id(hop.after),
        kind="ccm.addon",
        summary=f"Let ACK upgrade the add-on from {hop.before} to {hop.after}",
        params=encode_params(params),
        reason=f"CCM {hop.after} is wanted, and ACK runs CCM here",
        reversible="partly",
        why_not=NO_DOWNGRADE,
        impact=_impact(context),
        guards=(f"the add-on is at {hop.before}", "no task of the cluster is under way"),
        needs=needs,
        timeout_s=3600,
    )


def _workload(
    context: Context, workload: WorkloadRef, hop: Hop, old: frozenset[str], new: frozenset[str], needs: tuple[str, ...]
) -> Step:
    params = WorkloadParams(
        workload=workload,
        from_version=str(hop.before),
        to_version=str(hop.after),
        expected_image=hop.image_before,
        image=hop.image_after,
        expected_args=hop.args_before,
        args=hop.args_after,
        expected_digest=hop.digest_before,
        locks=tuple(sorted(new)),
        expected_locks=tuple(sorted(old)),
        stopped=not leader_locks.shared(old, new),
    )
    reversible, why_not = _undo(context)
    return Step(
        id=step_id(hop.after),
        kind="ccm.workload",
        summary=f"Set the image of {workload.kind} {workload.namespace}/{workload.name} to {params.image}"
        + _args_in_words(params),
        params=encode_params(params),
        reason=f"CCM {hop.after} is wanted",
        reversible=reversible,
        why_not=why_not,
        impact=_impact(context),
        guards=(f"the image is {params.expected_image}", "the arguments are those that were judged"),
        needs=needs,
        timeout_s=900,
    )


def _args_in_words(params: WorkloadParams) -> str:
    dropped = [arg for arg in params.expected_args if arg not in params.args]
    return f", without {' '.join(dropped)}" if dropped else ""


def _impact(context: Context) -> Impact:
    touches = any(write.effect == "IMMEDIATE" for forecast in context.forecast.services for write in forecast.writes)
    return "traffic" if touches else "config"


def _undo(context: Context) -> tuple[Reversible, str]:
    """Putting the image back is always possible; what the new CCM wrote meanwhile is another matter."""
    left = []
    writes = sum(1 for one in context.forecast.services for write in one.writes if write.effect == "IMMEDIATE")
    added = sorted({f for one in context.forecast.services for f, what in one.finalizers.items() if what == "added"})
    if writes:
        left.append(f"what the {writes} requests of the new CCM change is the old CCM's to set again when it starts; "
                    "the rollback looks, and tells what is not as it was")  # fmt: skip
    if added:
        left.append(f"the old CCM does not remove the finalizer {', '.join(added)}")
    if not left:
        return "yes", ""
    return "partly", "image and arguments are put back; " + "; ".join(left)
