"""The steps that change CCM itself: one for each hop of the route, by whoever runs it here."""

from __future__ import annotations

from collections.abc import Sequence

from upgrader.migrations import leader_locks, startup_flags
from upgrader.migrations.context import Context
from upgrader.model.facts import CcmInstall, WorkloadRef
from upgrader.model.params import AddonParams, WorkloadParams, encode_params
from upgrader.model.plan import Impact, Reversible, Step
from upgrader.model.version import CcmVersion

NO_DOWNGRADE = (
    "ACK documents no downgrade of an add-on: the upgrade's task is cancelled while that is still possible, after "
    "that the new version stays"
)


def step_id(version: CcmVersion) -> str:
    """The id of the step that leads to `version`."""
    return f"ccm-{version}"


def ccm_steps(context: Context, path: Sequence[CcmVersion], needs: tuple[str, ...]) -> tuple[Step, ...]:
    """A step per hop, each needing all before it; none where it is not known who runs CCM, or nothing changes."""
    steps: list[Step] = []
    before = context.running
    for hop in path:
        if before is None or hop == before:
            continue
        step = _step(context, before, hop, (*needs, *(one.id for one in steps)), first=not steps)
        if step is None:
            return ()
        steps.append(step)
        before = hop
    return tuple(steps)


def _step(context: Context, before: CcmVersion, hop: CcmVersion, needs: tuple[str, ...], *, first: bool) -> Step | None:
    workload = context.facts.ccm.workload
    if context.run_by_ack:
        return _addon(context, before, hop, needs)
    if workload is not None and workload.kind in ("DaemonSet", "Deployment"):
        return _workload(context, workload, before, hop, needs, first=first)
    return None


def _addon(context: Context, before: CcmVersion, hop: CcmVersion, needs: tuple[str, ...]) -> Step:
    ccm = context.facts.ccm
    params = AddonParams(
        cluster_id=context.facts.identity.id, from_version=str(before), to_version=str(hop), config=ccm.addon_config
    )
    return Step(
        id=step_id(hop),
        kind="ccm.addon",
        summary=f"Let ACK upgrade the add-on from {before} to {hop}",
        params=encode_params(params),
        reason=f"CCM {hop} is wanted, and ACK runs CCM here",
        reversible="partly",
        why_not=NO_DOWNGRADE,
        impact=_impact(context),
        guards=(f"the add-on is at {before}", "no task of the cluster is under way"),
        needs=needs,
        timeout_s=3600,
    )


def _workload(
    context: Context, workload: WorkloadRef, before: CcmVersion, hop: CcmVersion, needs: tuple[str, ...], *, first: bool
) -> Step:
    ccm = context.facts.ccm
    args_before = ccm.args if first else startup_flags.cleaned(ccm.args, before)
    params = WorkloadParams(
        workload=workload,
        from_version=str(before),
        to_version=str(hop),
        expected_image=ccm.image if first else image_of(ccm.image, before),
        image=image_of(ccm.image, hop),
        expected_args=args_before,
        args=startup_flags.cleaned(ccm.args, hop),
        expected_digest=ccm.workload_digest if first else "",
        stop_first=not leader_locks.shared(before, hop),
    )
    reversible, why_not = _undo(context)
    return Step(
        id=step_id(hop),
        kind="ccm.workload",
        summary=f"Set the image of {workload.kind} {workload.namespace}/{workload.name} to {params.image}"
        + _args_in_words(params)
        + (", with all old pods stopped first" if params.stop_first else ""),
        params=encode_params(params),
        reason=f"CCM {hop} is wanted",
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


def image_of(image: str, version: CcmVersion) -> str:
    """The same image at another version: what follows the last colon is the tag; a digest is dropped."""
    name, _, tag = image.partition("@")[0].rpartition(":")
    repository = name if name and "/" not in tag else image.partition("@")[0]
    return f"{repository}:{version}"


def _impact(context: Context) -> Impact:
    touches = any(write.effect == "IMMEDIATE" for forecast in context.forecast.services for write in forecast.writes)
    return "traffic" if touches else "config"


def _undo(context: Context) -> tuple[Reversible, str]:
    """Putting the image back is always possible; what the new CCM wrote meanwhile is another matter."""
    left = []
    writes = sum(1 for one in context.forecast.services for write in one.writes if write.effect == "IMMEDIATE")
    added = sorted({f for one in context.forecast.services for f, what in one.finalizers.items() if what == "added"})
    if writes:
        left.append(f"the {writes} requests that the new CCM sends to the cloud are put back from the backup, "
                    "as far as the backup knows the state before")  # fmt: skip
    if added:
        left.append(f"the old CCM does not remove the finalizer {', '.join(added)}")
    if not left:
        return "yes", ""
    return "partly", "image and arguments are put back; " + "; ".join(left)


def unknown_owner(ccm: CcmInstall) -> str:
    """Why there is no step that changes CCM; empty when there is one."""
    if ccm.workload is None:
        return "it is not known who runs CCM"
    return f"CCM runs as a {ccm.workload.kind}, which only a person can change"
