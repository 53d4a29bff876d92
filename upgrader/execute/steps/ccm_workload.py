"""`ccm.workload`: image and arguments of the DaemonSet or Deployment that runs CCM. Undone by putting both back."""

from __future__ import annotations

from typing import Any

from upgrader.execute.session import Session
from upgrader.execute.steps.base import Hands, Observed, Undone
from upgrader.execute.wait import Look
from upgrader.model.errors import AbsentError, InputError, StaleError
from upgrader.model.params import WorkloadParams, decode_params
from upgrader.model.plan import Step
from upgrader.ports.read import Ref

_BAD_REASONS = (
    "ImagePullBackOff",
    "ErrImagePull",
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "InvalidImageName",
)
# So often a container may have restarted before it counts as crashing.
_RESTARTS = 2


class CcmWorkload:
    """The handler of `ccm.workload`."""

    def observe(self, session: Session, step: Step) -> Observed:
        """The container's image and arguments."""
        params = decode_params(step, WorkloadParams)
        container = _container(session.cluster.get(_ref(params)), params)
        image, args = str(container.get("image", "")), _args(container)
        state = {"image": image, "command": container.get("command"), "args": container.get("args")}
        return Observed(
            state=state,
            as_wanted=image == params.image and args == params.args,
            as_before=image == params.expected_image and args == params.expected_args,
            words=f"image {image}",
        )

    def do(self, session: Session, step: Step, hands: Hands, before: Any) -> tuple[str, ...]:
        """Change exactly one container, at the resourceVersion that was read."""
        params = decode_params(step, WorkloadParams)
        if any("(redacted)" in arg for arg in params.args):
            raise InputError(what="an argument of CCM was redacted and can't be written", where=step.id,
                             next_command="move the secret into a file or an environment variable")  # fmt: skip
        self._write(session, params, hands, image=params.image, command=None, args=params.args)
        return ()

    def _write(
        self, session: Session, params: WorkloadParams, hands: Hands, *, image: str, command: Any, args: Any
    ) -> None:
        workload = session.cluster.get(_ref(params))
        container = _container(workload, params)
        patch: dict[str, Any] = {"name": container["name"], "image": image}
        if isinstance(args, tuple):
            # Arguments may stand under command or args: each list keeps its own, what is new goes to args.
            old_command, old_args = container.get("command") or [], container.get("args") or []
            kept = [a for a in old_command if a in args]
            if kept != old_command:
                patch["command"] = kept
            wanted = [a for a in args if a not in kept]
            if wanted != old_args:
                patch["args"] = wanted
        else:
            patch |= {"command": command, "args": args}
        body = {
            "metadata": {"resourceVersion": workload["metadata"].get("resourceVersion")},
            "spec": {"template": {"spec": {"containers": [patch]}}},
        }
        hands.cluster.patch(_ref(params), body, style="strategic")

    def settled(self, session: Session, step: Step) -> Look:
        """All pods are of the new template and ready, and the leader is one of them."""
        params = decode_params(step, WorkloadParams)
        return self._rollout(session, params, params.image)

    def gone(self, session: Session, step: Step, before: Any) -> Look:
        """The old image runs again, and the leader is one of its pods."""
        found = self.observe(session, step)
        if not found.as_before:
            return Look(met=False, seen=found.words)
        return self._rollout(session, decode_params(step, WorkloadParams), str(before["image"]))

    def _rollout(self, session: Session, params: WorkloadParams, image: str) -> Look:
        workload = session.cluster.get(_ref(params))
        status, spec = workload.get("status") or {}, workload.get("spec") or {}
        if (status.get("observedGeneration") or 0) < (workload["metadata"].get("generation") or 0):
            return Look(met=False, seen="the controller has not seen the change yet")
        daemon = params.workload.kind == "DaemonSet"
        wanted = (status.get("desiredNumberScheduled") or 0) if daemon else (spec.get("replicas") or 0)
        updated = status.get("updatedNumberScheduled" if daemon else "updatedReplicas") or 0
        ready = status.get("numberReady" if daemon else "readyReplicas") or 0
        pods = self._pods(session, workload, params, image)
        bad = next((b for pod in pods if (b := _bad(pod))), "")
        seen = f"{updated} of {wanted} pods updated, {ready} ready" + (f"; {bad}" if bad else "")
        if bad:
            return Look(met=False, seen=seen, failed=bad)
        if not (wanted and updated >= wanted and ready >= wanted):
            return Look(met=False, seen=seen)
        return self._leader(session, params, pods, seen)

    def _leader(self, session: Session, params: WorkloadParams, pods: tuple[dict[str, Any], ...], seen: str) -> Look:
        """The Lease's holder is named after a pod (or its node); without a Lease readiness has to do."""
        try:
            lease = session.cluster.get(
                Ref(
                    api_version="coordination.k8s.io/v1",
                    kind="Lease",
                    namespace=params.lease_namespace,
                    name=params.lease_name,
                )
            )
        except AbsentError:
            return Look(met=True, seen=f"{seen}; no leader Lease to look at")
        holder = str((lease.get("spec") or {}).get("holderIdentity") or "")
        names = [n for pod in pods for n in (pod["metadata"]["name"], (pod.get("spec") or {}).get("nodeName")) if n]
        if holder and any(holder.startswith(name) for name in names):
            return Look(met=True, seen=f"{seen}; leader {holder}")
        return Look(met=False, seen=f"{seen}; the leader Lease is held by {holder or 'nobody'}")

    def _pods(
        self, session: Session, workload: dict[str, Any], params: WorkloadParams, image: str
    ) -> tuple[dict[str, Any], ...]:
        labels = ((workload.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
        selector = ",".join(f"{k}={v}" for k, v in sorted(labels.items()))
        ref = Ref(api_version="v1", kind="Pod", namespace=params.workload.namespace)
        found = session.cluster.list(ref, selector)
        return tuple(
            pod for pod in found
            if any(c.get("image") == image for c in (pod.get("spec") or {}).get("containers") or ())
            and not pod["metadata"].get("deletionTimestamp")
        )  # fmt: skip

    def undo(self, session: Session, step: Step, hands: Hands, before: Any) -> Undone:
        """The old image and arguments, if ours still stand."""
        params = decode_params(step, WorkloadParams)
        now = self.observe(session, step)
        if now.as_before:
            return Undone()
        if not now.as_wanted:
            return Undone(left=f"{params.workload.kind} {params.workload.name} was changed since: {now.words} stays")
        self._write(session, params, hands, image=before["image"], command=before["command"], args=before["args"])
        return Undone()


def _ref(params: WorkloadParams) -> Ref:
    w = params.workload
    return Ref(api_version="apps/v1", kind=w.kind, namespace=w.namespace, name=w.name)


def _container(workload: dict[str, Any], params: WorkloadParams) -> dict[str, Any]:
    for container in workload["spec"]["template"]["spec"]["containers"]:
        if container["name"] == params.workload.container:
            return dict(container)
    raise StaleError(
        f"the container {params.workload.container} is gone", where=f"{params.workload.kind} {params.workload.name}"
    )


def _args(container: dict[str, Any]) -> tuple[str, ...]:
    return (*map(str, container.get("command") or ()), *map(str, container.get("args") or ()))


def _bad(pod: dict[str, Any]) -> str:
    """Why a pod won't get ready by itself; empty when it may."""
    name = pod["metadata"]["name"]
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        waiting = (status.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in _BAD_REASONS:
            return f"pod {name}: {waiting['reason']} {waiting.get('message', '')}".strip()
        if (status.get("restartCount") or 0) > _RESTARTS and not status.get("ready"):
            return f"pod {name} restarted {status['restartCount']} times"
    return ""
