"""`ccm.workload`: image and arguments of the DaemonSet or Deployment that runs CCM. Undone by putting both back."""

from __future__ import annotations

from typing import Any

from upgrader.execute.session import Session
from upgrader.execute.steps.base import Hands, Observed, Undone
from upgrader.execute.steps.rollout import ref_of, rights_on, rolled_out, stopped
from upgrader.execute.wait import Look
from upgrader.model.errors import InputError, StaleError
from upgrader.model.params import WorkloadParams, decode_params
from upgrader.model.plan import Step
from upgrader.ports.read import Ref, Right
from upgrader.redact import REDACTED, redacted_args


class CcmWorkload:
    """The handler of `ccm.workload`."""

    def observe(self, session: Session, step: Step) -> Observed:
        """The container's image and arguments."""
        params = decode_params(step, WorkloadParams)
        container = _container(session.cluster.get(ref_of(params.workload)), params)
        image, args = str(container.get("image", "")), _args(container)
        state = {"image": image, "command": _clean(container.get("command")), "args": _clean(container.get("args"))}
        return Observed(
            state=state,
            as_wanted=image == params.image and args == params.args,
            as_before=image == params.expected_image and args == params.expected_args,
            words=f"image {image}",
        )

    def do(self, session: Session, step: Step, hands: Hands, before: Any) -> tuple[str, ...]:
        """Change exactly one container, at the resourceVersion that was read."""
        params = decode_params(step, WorkloadParams)
        if params.args == params.expected_args:
            self._write(session, params, hands, {"image": params.image})
            return ()
        if any(REDACTED in arg for arg in (*params.expected_args, *params.args)):
            raise InputError(what="an argument of CCM was redacted and can't be written", where=step.id,
                             next_command="move the secret into a file or an environment variable")  # fmt: skip
        # Arguments may stand under command or args: each list keeps its own, what is new goes to args.
        command = [a for a in (before or {}).get("command") or () if a in params.args]
        args = [a for a in params.args if a not in command]
        self._write(session, params, hands, {"image": params.image, "command": command or None, "args": args or None})
        return ()

    def _write(self, session: Session, params: WorkloadParams, hands: Hands, fields: dict[str, Any]) -> None:
        workload = session.cluster.get(ref_of(params.workload))
        container = _container(workload, params)
        patch = {"name": container["name"], **{k: v for k, v in fields.items() if container.get(k) != v}}
        body = {
            "metadata": {"resourceVersion": workload["metadata"].get("resourceVersion")},
            "spec": {"template": {"spec": {"containers": [patch]}}},
        }
        hands.cluster.patch(ref_of(params.workload), body, style="strategic")

    def rights(self, step: Step) -> tuple[Right, ...]:
        """To read and to patch the workload, and to look at its pods."""
        return rights_on(decode_params(step, WorkloadParams).workload)

    def watches(self, step: Step) -> Ref:
        """The workload: its status moves with its pods."""
        return ref_of(decode_params(step, WorkloadParams).workload)

    def settled(self, session: Session, step: Step) -> Look:
        """All pods are of the new template and ready, and one of them leads; or, while stopped, none is left."""
        params = decode_params(step, WorkloadParams)
        if params.stopped:
            return stopped(session, params.workload)
        return rolled_out(session, params.workload, params.image, params.locks)

    def gone(self, session: Session, step: Step, before: Any) -> Look:
        """What was there before is there again, and the leader is one of its pods."""
        params = decode_params(step, WorkloadParams)
        found = self.observe(session, step)
        if found.state != before:
            return Look(met=False, seen=found.words)
        if params.stopped:
            return stopped(session, params.workload)
        return rolled_out(session, params.workload, str(before["image"]), params.expected_locks)

    def undo(self, session: Session, step: Step, hands: Hands, before: Any, ours: Any) -> Undone:
        """The old image and arguments, if ours still stand."""
        params = decode_params(step, WorkloadParams)
        now = self.observe(session, step)
        if now.as_before:
            return Undone()
        if not now.as_wanted:
            return Undone(left=f"{params.workload.kind} {params.workload.name} was changed since: {now.words} stays")
        fields = ("image",) if params.args == params.expected_args else ("image", "command", "args")
        self._write(session, params, hands, {field: before[field] for field in fields})
        return Undone()


def _container(workload: dict[str, Any], params: WorkloadParams) -> dict[str, Any]:
    for container in workload["spec"]["template"]["spec"]["containers"]:
        if container["name"] == params.workload.container:
            return dict(container)
    raise StaleError(
        f"the container {params.workload.container} is gone",
        where=f"{params.workload.kind} {params.workload.name}",
        next_command="ccm-upgrade plan makes a new one",
    )


def _clean(arguments: list[Any] | None) -> list[str] | None:
    """What may be kept in a journal: a secret among the arguments is none of its business."""
    return None if arguments is None else list(redacted_args(map(str, arguments)))


def _args(container: dict[str, Any]) -> tuple[str, ...]:
    return redacted_args((*map(str, container.get("command") or ()), *map(str, container.get("args") or ())))
