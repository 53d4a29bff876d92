"""The fleet's work on one cluster: the same pipeline and the same engine as `plan`, `apply` and `resume`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from upgrader.cli.origins import Connections, Origin, connect_cloud, look
from upgrader.cli.running import engine_of
from upgrader.fleet.job import Outcome, Watch
from upgrader.fleet.model import ClusterState, Member
from upgrader.model.errors import AbsentError, InputError, StaleError

if TYPE_CHECKING:
    from upgrader.execute.engine import Engine
    from upgrader.fleet.strategy import Strategy
    from upgrader.fleet.tables import Claim
    from upgrader.model.plan import Plan
    from upgrader.model.run import Run

_STATES: dict[str, ClusterState] = {
    "SUCCEEDED": "succeeded",
    "ROLLED_BACK": "rolled-back",
    "PARTLY_ROLLED_BACK": "failed",
    "FAILED": "failed",
    "PAUSED": "paused",
    "STALLED": "stalled",
    "RUNNING": "stalled",
}
_UNFINISHED = frozenset({"RUNNING", "PAUSED", "STALLED"})


class LiveJob:
    """Clusters reached as the inventory says, by kubeconfig or by the one that CS hands out; runs in `state_dir`."""

    def __init__(self, state_dir: Path, *, endpoint: str = "", accept_unknown: bool = False) -> None:
        self.state_dir, self.endpoint, self.accept_unknown = state_dir, endpoint, accept_unknown

    def plan(self, member: Member, strategy: Strategy) -> Plan:
        """A plan from a fresh look."""
        from upgrader import pipeline
        from upgrader.cli.judging import suppressions_of
        from upgrader.matrix.load import load_matrix
        from upgrader.model.version import parse_version
        from upgrader.plugins import all_checks
        from upgrader.ports.clock import SystemClock

        origin = self.origin(member)
        facts = look(origin, self.connect(member))
        return pipeline.make_plan(
            facts, parse_version(strategy.target), load_matrix(), now=SystemClock().now(),
            suppress=suppressions_of(None), checks=all_checks(),
        )  # fmt: skip

    def upgrade(self, claim: Claim, strategy: Strategy, watch: Watch) -> Outcome:
        """Resume what an earlier worker began; else plan and apply. What succeeded is never done twice."""
        watch.step("connecting")
        connections = self.connect(claim.member)
        so_far = self._so_far(claim)
        if so_far is not None and so_far.state == "SUCCEEDED":
            return _outcome(so_far)
        if so_far is not None and so_far.state in _UNFINISHED:
            with suppress(StaleError):  # it ended before its first write: begin again
                engine = self._engine(claim, strategy, watch, connections, claim.cluster_run, create=False)
                return _outcome(engine.resume())
        watch.step("planning")
        plan = self.plan(claim.member, strategy)
        if plan.verdict == "BLOCKED" or (plan.verdict == "UNKNOWN" and not self.accept_unknown):
            return Outcome(state="skipped" if plan.verdict == "BLOCKED" else "unknown", error=_stands(plan))
        if not plan.steps:
            return Outcome(state="succeeded")
        run_id = f"{claim.run}.{claim.member.id}.{claim.attempt}-{claim.fence}"
        watch.step("beginning", cluster_run=run_id, plan=plan.id)
        return _outcome(self._engine(claim, strategy, watch, connections, run_id, create=True, plan=plan).apply())

    def origin(self, member: Member) -> Origin:
        """What `--kubeconfig`, `--context`, `--profile` … would say for this cluster."""
        return Origin(
            kubeconfig=Path(member.kubeconfig) if member.kubeconfig else None,
            kube_context=member.context,
            profile=member.account,
            endpoint=self.endpoint,
            # A bare context says nothing of the id: discovery finds it.
            cluster_id="" if member.id == member.context else member.id,
            region=member.region,
            kind=member.kind,
        )

    def connect(self, member: Member) -> Connections:
        """Both sides of the cluster. Raises `InputError` when there is no way to its API."""
        from upgrader.adapters.kube import connect

        origin = self.origin(member)
        cloud = connect_cloud(origin)
        if member.kubeconfig or member.context:
            return Connections(cluster=connect(origin.kubeconfig, member.context), cloud=cloud)
        if cloud is None:
            raise InputError(
                what=f"no way to the API of {member.id}", where="inventory",
                next_command="give it a kubeconfig or a context, or a profile whose CS API hands one out",
            )  # fmt: skip
        return Connections(cluster=connect(content=cloud.reader.kubeconfig(member.id)), cloud=cloud)

    def _so_far(self, claim: Claim) -> Run | None:
        from upgrader.cli.stored import stored_run

        if not claim.cluster_run:
            return None
        try:
            return stored_run(self.state_dir, claim.cluster_run)
        except AbsentError:  # it died before the first entry, or on a machine whose state directory is not shared
            return None

    def _engine(
        self, claim: Claim, strategy: Strategy, watch: Watch, connections: Connections, run_id: str,
        *, create: bool, plan: Plan | None = None,
    ) -> Engine:  # fmt: skip
        from upgrader.cli.stored import stored_plan

        return engine_of(
            plan or stored_plan(self.state_dir, run_id), self.origin(claim.member), connections, self.state_dir, run_id,
            create=create, on_failure=strategy.on_failure, stop_asked=watch.stop_asked, say=watch.say,
        )  # fmt: skip


def _outcome(run: Run) -> Outcome:
    return Outcome(state=_STATES[run.state], error="" if run.state == "SUCCEEDED" else run.cause)


def _stands(plan: Plan) -> str:
    wanted = "FAIL" if plan.verdict == "BLOCKED" else "UNKNOWN"
    first = next((one for one in plan.findings if one.open and one.outcome == wanted), None)
    return f"{plan.verdict}: {first.code} {first.message}" if first else plan.verdict
