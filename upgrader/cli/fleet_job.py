"""The fleet's work on one cluster: the same pipeline and the same engine as `plan`, `apply` and `resume`."""

from __future__ import annotations

import importlib
import pkgutil
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from upgrader.adapters.kube.kubeconfig import Kubeconfigs
from upgrader.cli.origins import Connections, Origin, connect_cloud, look
from upgrader.cli.running import engine_of, judged
from upgrader.fleet.job import Outcome, Watch
from upgrader.fleet.left_lock import past_the_lock
from upgrader.fleet.model import ClusterState, Member
from upgrader.fleet.planning import standing
from upgrader.model.errors import AbsentError, CcmUpgradeError, InputError, StaleError, TransientError
from upgrader.ports.clock import SystemClock

if TYPE_CHECKING:
    from upgrader.adapters.aliyun import AliyunCloud
    from upgrader.adapters.aliyun.lists import Lists
    from upgrader.adapters.aliyun.retry import Bucket
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
LISTS_KEPT_S = 60.0
"""How long `fleet plan` goes by what was listed of a region. An upgrade takes nothing older than its own look."""
_UNFINISHED = frozenset({"RUNNING", "PAUSED", "STALLED"})


# What the work on a cluster imports when it gets there: these packages whole, and these modules. Several threads that
# get there at once, for modules that import each other, find some of them half made.
_PACKAGES = ("upgrader.adapters", "upgrader.assess", "upgrader.discover", "upgrader.execute", "upgrader.forecast",
             "upgrader.migrations", "upgrader.plan", "upgrader.verify")  # fmt: skip
_MODULES = ("upgrader.pipeline", "upgrader.plugins", "upgrader.digests", "upgrader.cli.judging", "upgrader.cli.stored")


def _import_all() -> None:
    """Import it all here, in one thread, and read the knowledge once."""
    for name in _MODULES:
        importlib.import_module(name)
    for name in _PACKAGES:
        for found in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
            importlib.import_module(found.name)
    from upgrader.matrix.load import load_matrix

    load_matrix()


class LiveJob:
    """Clusters reached as the inventory says, by kubeconfig or by the one that CS hands out; runs in `state_dir`.

    `parallel` clusters are worked on at once.
    """

    def __init__(self, state_dir: Path, *, endpoint: str = "", accept_unknown: bool = False, parallel: int = 1) -> None:
        self.state_dir, self.endpoint, self.accept_unknown = state_dir, endpoint, accept_unknown
        from upgrader.discover.ask import WORKERS

        # Clusters beside each other are parallel enough; more threads would take the time from them that they need.
        self._at_once = max(1, WORKERS // parallel)
        _import_all()
        self._kubeconfigs = Kubeconfigs()
        self._buckets: dict[str, Bucket] = {}
        self._clouds: dict[str, AliyunCloud | None] = {}
        self._lists: dict[tuple[str, float], Lists] = {}
        self._rate_per_s, self._guard = 0.0, threading.Lock()

    def share(self, strategy: Strategy, workers: int) -> None:
        """This worker's part of what an account may be asked, for all its clusters together."""
        with self._guard:
            self._rate_per_s = strategy.api_calls.per_second / max(1, workers)
            for bucket in self._buckets.values():
                bucket.pace(self._rate_per_s)

    def plan(self, member: Member, strategy: Strategy) -> Plan:
        """A plan from a look of our own at the cluster, and one at the account's regions for all its clusters."""
        return self._plan(member, strategy, self.connect(member, lists_kept_s=LISTS_KEPT_S))

    def _plan(self, member: Member, strategy: Strategy, connections: Connections) -> Plan:
        from upgrader import pipeline
        from upgrader.cli.judging import suppressions_of
        from upgrader.matrix.load import load_matrix
        from upgrader.model.version import parse_version
        from upgrader.plugins import all_checks

        facts = look(self.origin(member), connections)
        return pipeline.make_plan(
            facts, parse_version(strategy.target), load_matrix(), now=SystemClock().now(),
            suppress=suppressions_of(None), checks=all_checks(),
        )  # fmt: skip

    def upgrade(self, claim: Claim, strategy: Strategy, watch: Watch) -> Outcome:
        """Resume what an earlier worker began; else plan and apply. What succeeded is never done twice."""
        so_far = self._so_far(claim)
        if so_far is not None and so_far.state == "SUCCEEDED":
            return _outcome(so_far)
        if so_far is not None and so_far.state in _UNFINISHED:
            with suppress(StaleError):  # it ended before its first write: begin again
                return self._go_on(claim, strategy, watch)
        try:
            return past_the_lock(lambda again: self._begin(claim, strategy, watch, again), watch, SystemClock())
        except CcmUpgradeError as error:
            # Nothing was written yet: an unreachable cluster, or one that another run holds, is no failed upgrade.
            return Outcome(state="unknown", error=str(error))

    def _begin(self, claim: Claim, strategy: Strategy, watch: Watch, again: str) -> Outcome:
        watch.step("connecting")
        connections = self.connect(claim.member)
        watch.step("planning")
        plan = self._plan(claim.member, strategy, connections)
        if plan.verdict == "BLOCKED" or (plan.verdict == "UNKNOWN" and not self.accept_unknown):
            return Outcome(
                state="skipped" if plan.verdict == "BLOCKED" else "unknown",
                error=f"{plan.verdict}: {standing(plan)}".strip(": "),
            )
        new = [step.id for step in plan.steps if step.id not in claim.approved]
        if claim.approved and new:
            return Outcome(state="unknown", error=f"its plan has steps that nobody saw: {', '.join(new)}; "
                           "ccm-upgrade fleet plan --strategy FILE makes a new one")  # fmt: skip
        if not plan.steps:
            return Outcome(state="succeeded")
        run_id = f"{claim.run}.{claim.member.id}.{claim.attempt}-{claim.fence}{again}"
        watch.step("beginning", cluster_run=run_id, plan=plan.id)
        return _outcome(self._engine(claim, strategy, watch, connections, run_id, create=True, plan=plan).apply())

    def _go_on(self, claim: Claim, strategy: Strategy, watch: Watch) -> Outcome:
        """Resume. Raises `StaleError` when there is nothing to go on with; any other trouble leaves it half done."""
        watch.step("resuming")

        def resume(_again: str) -> Outcome:
            connections = self.connect(claim.member)
            return _outcome(self._engine(claim, strategy, watch, connections, claim.cluster_run, create=False).resume())

        try:
            return past_the_lock(resume, watch, SystemClock())
        except StaleError:
            raise
        except CcmUpgradeError as error:
            return Outcome(state="stalled", error=str(error))

    def verify(self, member: Member, cluster_run: str) -> str:
        """Compare the cluster now with the run's backup; what is wrong, empty when nothing is."""
        from upgrader import codec
        from upgrader.cli.stored import stored_plan
        from upgrader.execute.backup import FILE, Backup
        from upgrader.execute.journal import FileStore

        if not cluster_run:  # it ran the target already: nothing was changed
            return ""
        before = codec.decode(FileStore(self.state_dir, cluster_run).load(FILE), Backup, where=FILE).facts
        target = stored_plan(self.state_dir, cluster_run).to_version
        verdict = judged(before, look(self.origin(member), self.connect(member)), target, "")
        problems = [*verdict.problems, *(text for one in verdict.services for text in one.problems)]
        if verdict.outcome == "FAIL":
            return f"{problems[0] if problems else 'verification failed'}; ccm-upgrade rollback {cluster_run}"
        if verdict.outcome == "INCONCLUSIVE":
            open_ = [text for one in verdict.services for text in one.inconclusive]
            raise TransientError("verification is inconclusive", where=member.name or member.id,
                                 why=next(iter([*problems, *open_]), ""),
                                 next_command=f"ccm-upgrade verify {cluster_run}")  # fmt: skip
        return ""

    def _cloud(self, member: Member, lists_kept_s: float) -> AliyunCloud | None:
        """The account's one connection, so that a role is assumed once for all its clusters, asked in their region.

        What all its clusters list they list together.
        """
        bucket = self._bucket(member.account)
        with self._guard:
            if member.account not in self._clouds:
                account = Origin(profile=member.account, endpoint=self.endpoint)
                self._clouds[member.account] = connect_cloud(account, bucket)
            cloud = self._clouds[member.account]
        if cloud is None:
            return None
        cloud = cloud.sharing(self._lists_of(member.account, lists_kept_s))
        return cloud.in_region(member.region) if member.region else cloud

    def _lists_of(self, account: str, kept_s: float) -> Lists:
        from upgrader.adapters.aliyun.lists import Lists

        with self._guard:
            return self._lists.setdefault((account, kept_s), Lists(SystemClock(), keep_s=kept_s))

    def _bucket(self, account: str) -> Bucket | None:
        """One pace for all clusters of an account; None on loopback, where nothing needs to be spared."""
        from upgrader.adapters.aliyun.endpoint import parse_endpoint
        from upgrader.adapters.aliyun.retry import Bucket

        where = parse_endpoint(self.endpoint)
        with self._guard:
            if (where is not None and where.loopback) or not self._rate_per_s:
                return None
            if account not in self._buckets:
                self._buckets[account] = Bucket(SystemClock())
                self._buckets[account].pace(self._rate_per_s)
            return self._buckets[account]

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

    def connect(self, member: Member, *, lists_kept_s: float = 0.0) -> Connections:
        """Both sides of the cluster; what is listed of its region is no older than `lists_kept_s` seconds.

        Raises `InputError` when there is no way to its API.
        """
        from upgrader.adapters.kube import connect

        cloud = self._cloud(member, lists_kept_s)
        if member.kubeconfig or member.context:
            content = self._kubeconfigs.context(Path(member.kubeconfig), member.context) if member.kubeconfig else ""
            cluster = connect(None, member.context, content=content)
            return Connections(cluster=cluster, cloud=cloud, at_once=self._at_once)
        if cloud is None:
            raise InputError(
                what=f"no way to the API of {member.id}", where="inventory",
                next_command="give it a kubeconfig or a context, or a profile whose CS API hands one out",
            )  # fmt: skip
        cluster = connect(content=cloud.reader.kubeconfig(member.id))
        return Connections(cluster=cluster, cloud=cloud, at_once=self._at_once)

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
    if run.state == "SUCCEEDED":
        return Outcome(state="succeeded")
    left = f"; left for a person: {'; '.join(run.left)}" if run.left else ""
    failed = (one.id for one in run.steps if one.state == "failed" or run.cause.startswith(f"step {one.id} "))
    # Where no step failed, what they came to is wrong: the verification said so.
    step = next(failed, "verification" if run.rolling_back else "")
    return Outcome(state=_STATES[run.state], error=f"{run.cause}{left}", step=step)
