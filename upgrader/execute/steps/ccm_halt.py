"""`ccm.stop` and `ccm.start`: the pods that run CCM are stopped, and started again. Each is the other's undo."""

from __future__ import annotations

from typing import Any

from upgrader.execute.session import Session
from upgrader.execute.steps.base import Hands, Observed, Undone
from upgrader.execute.steps.rollout import ref_of, rights_on, rolled_out, stopped
from upgrader.execute.wait import Look
from upgrader.model.params import StartParams, StopParams, decode_params
from upgrader.model.plan import Step
from upgrader.ports.read import Ref, Right

# A label that no node has: a DaemonSet that asks for it has no place to run.
NOWHERE = "ccm-upgrade.io/stopped"


class CcmHalt:
    """The handler of both kinds: `stops` says which."""

    def __init__(self, *, stops: bool) -> None:
        self.stops = stops

    def _params(self, step: Step) -> StopParams:
        return decode_params(step, StopParams if self.stops else StartParams)

    def observe(self, session: Session, step: Step) -> Observed:
        """Whether the workload is stopped."""
        params = self._params(step)
        workload = session.cluster.get(ref_of(params.workload))
        halted = _is_stopped(workload, params)
        return Observed(
            state={"stopped": halted},
            as_wanted=halted is self.stops,
            as_before=halted is not self.stops,
            words=f"{params.workload.kind} {params.workload.name} is {'stopped' if halted else 'running'}",
        )

    def rights(self, step: Step) -> tuple[Right, ...]:
        """To read and to patch the workload, and to look at its pods."""
        return rights_on(self._params(step).workload)

    def watches(self, step: Step) -> Ref:
        """The workload: its status moves with its pods."""
        return ref_of(self._params(step).workload)

    def do(self, session: Session, step: Step, hands: Hands, before: Any) -> tuple[str, ...]:
        """One patch, at the resourceVersion that was read."""
        _turn(session, self._params(step), hands, stop=self.stops)
        return ()

    def settled(self, session: Session, step: Step) -> Look:
        """All pods are gone; or all are ready and one of them leads."""
        return self._come_to(session, step, stop=self.stops)

    def gone(self, session: Session, step: Step, before: Any) -> Look:
        """The other way round."""
        return self._come_to(session, step, stop=not self.stops)

    def _come_to(self, session: Session, step: Step, *, stop: bool) -> Look:
        params = self._params(step)
        if self.observe(session, step).state["stopped"] is not stop:
            return Look(met=False, seen=f"{params.workload.name} is still {'running' if stop else 'stopped'}")
        if stop:
            return stopped(session, params.workload)
        return rolled_out(session, params.workload, params.image, params.locks)

    def undo(self, session: Session, step: Step, hands: Hands, before: Any, ours: Any) -> Undone:
        """The other way round, if it still stands as this step left it."""
        if self.observe(session, step).as_wanted:
            _turn(session, self._params(step), hands, stop=not self.stops)
        return Undone()


def _is_stopped(workload: dict[str, Any], params: StopParams) -> bool:
    spec = workload.get("spec") or {}
    if params.workload.kind == "Deployment":
        return spec.get("replicas") == 0
    return NOWHERE in (((spec.get("template") or {}).get("spec") or {}).get("nodeSelector") or {})


def _turn(session: Session, params: StopParams, hands: Hands, *, stop: bool) -> None:
    ref = ref_of(params.workload)
    version = session.cluster.get(ref)["metadata"].get("resourceVersion")
    if params.workload.kind == "Deployment":
        spec: dict[str, Any] = {"replicas": 0 if stop else max(1, params.replicas)}
    else:
        spec = {"template": {"spec": {"nodeSelector": {NOWHERE: "true" if stop else None}}}}
    hands.cluster.patch(ref, {"metadata": {"resourceVersion": version}, "spec": spec}, style="merge")
