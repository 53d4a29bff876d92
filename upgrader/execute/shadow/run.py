"""One dry run under the cluster's lock: remains go, a fresh look, the Job, its end, and all of it goes again.

Nothing of it is kept in a journal: what it makes has fixed names and a label of ours, so that the next run finds and
removes what a killed one left. The Job itself has a deadline, and the cluster removes it some time after its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from upgrader.execute.heartbeat import Heartbeat
from upgrader.execute.lock import LeaseLock, NoFence
from upgrader.execute.shadow.identity import Identity, source_of
from upgrader.execute.shadow.look import look_at_job
from upgrader.execute.shadow.names import JOB, LABELS, LEASE, OURS, RESULT
from upgrader.execute.shadow.objects import Wanted, objects
from upgrader.execute.steps.rollout import ref_of
from upgrader.execute.wait import Look, Watching, wait_for
from upgrader.model.errors import AbsentError, CcmUpgradeError, DeniedError, InputError, StaleError, TransientError
from upgrader.model.facts import WorkloadRef
from upgrader.model.moments import rfc3339
from upgrader.model.version import CcmVersion
from upgrader.ports.clock import Clock
from upgrader.ports.read import ClusterLogs, ClusterReader, Ref, Right
from upgrader.ports.write import ClusterWriter, Fence

SLACK_S = 30
"""So long beyond the Job's own deadline is waited for the cluster to end it."""
GONE_S = 90
_LOOK_AT_IT = f"kubectl -n {JOB.namespace} get jobs,pods,events; then ccm-upgrade plan --shadow again"


class NoJournal:
    """A run without a journal, always of the same name: its successor may take over at once when it is dead."""

    run_id = "shadow"

    def head(self) -> tuple[int, str]:
        """Nothing."""
        return 0, ""

    def holds(self, seq: int, line: str) -> bool:
        """There is nothing to be cut."""
        return True


@dataclass
class ShadowRun:
    """One dry run of `version` with `image`, as `identity`, beside `workload`.

    `stop_asked` is set by the first Ctrl-C; it ends the wait, and everything is removed.
    """

    cluster: ClusterLogs
    writer: Callable[[Fence], ClusterWriter]
    clock: Clock
    version: CcmVersion
    image: str
    present_image: str
    workload: WorkloadRef
    identity: Identity
    deadline_s: int = 300
    say: Callable[[str], None] = lambda _: None
    stop_asked: Callable[[], bool] = lambda: False
    poll_s: float = 2.0
    lock: LeaseLock = field(init=False)

    def __post_init__(self) -> None:
        bare = self.writer(NoFence())
        self.lock = LeaseLock(self.cluster, bare, self.clock, NoJournal(), f"dry run of {self.version}")
        self._hands = self.writer(self.lock)

    def refuse_denied(self) -> None:
        """Raises `DeniedError` naming every right that we lack. Only asks."""
        wanted = [(verb, one) for one in OURS for verb in ("create", "get", "delete")]
        wanted += [("delete", LEASE), ("get", RESULT), ("delete", RESULT)]
        rights = [
            Right(verb="", group=_group(ref), resource=_plural(ref), namespace=ref.namespace, name=ref.name).to(verb)
            for verb, ref in wanted
        ]
        missing = [f"{right.verb} {right.resource}" for right in rights if not self.cluster.may(right)]
        if missing:
            raise DeniedError(
                "the rights to run a dry run are missing", action=missing[0], where=", ".join(missing),
                next_command="apply deploy/rbac-shadow.yaml, or leave --shadow out",
            )  # fmt: skip

    def run(self) -> str:
        """Run it to its end; returns since when its events count (RFC 3339, by the cluster's clock).

        Raises `LockedError` while another run holds the cluster, `StaleError` when what was judged has moved,
        `TransientError` with the cause when the dry run fails or stalls, `KeyboardInterrupt` when a stop was asked.
        Whatever happens, what it made is removed, or what is left is said.
        """
        self.lock.take()
        try:
            with Heartbeat(self.lock):
                self._sweep("a dry run that was killed left")
                wanted = self._fresh()
                try:
                    return self._once(wanted)
                finally:
                    self._clean()
        finally:
            self.lock.release()

    def _fresh(self) -> Wanted:
        """What to run, after another look at what it rests on."""
        found = self.cluster.get(ref_of(self.workload)) if self.workload.kind in ("DaemonSet", "Deployment") else (
            self.cluster.get(Ref(api_version="v1", kind="Pod", namespace=self.workload.namespace,
                                 name=self.workload.name)))  # fmt: skip
        spec = found.get("spec") or {}
        template = spec.get("template") or {"spec": spec}
        container: dict[str, Any] = next(
            (one for one in (template.get("spec") or {}).get("containers") or ()
             if one.get("name") == self.workload.container), {},
        )  # fmt: skip
        same = source_of(self.cluster, self.identity.secret).stamp == self.identity.stamp
        if container.get("image") != self.present_image or not same:
            what = "the cloud-config" if not same else f"{self.workload.kind} {self.workload.name}"
            raise StaleError(f"{what} has changed since it was judged", where="kube-system",
                             next_command="ccm-upgrade plan --shadow again")  # fmt: skip
        return Wanted(version=self.version, image=self.image, template=template, container=self.workload.container,
                      secret=self.identity.secret, config_key=self.identity.config_key,
                      deadline_s=self.deadline_s)  # fmt: skip

    def _once(self, wanted: Wanted) -> str:
        # Its own content could be the same as an older result's: what is there afterwards must be this run's.
        self._hands.delete(RESULT)
        since = ""
        for ref, body in objects(wanted):
            self._heed()
            made = self._hands.create(ref, body)
            since = str(made["metadata"].get("creationTimestamp") or since)
        self.say(f"the dry run of {self.version} runs as Job {JOB.namespace}/{JOB.name}, {self.identity.name}")
        found = wait_for(
            lambda: look_at_job(self.cluster), self.clock, timeout_s=self.deadline_s + SLACK_S,
            what=f"the dry run of {self.version}", say=self.say, pause=self._pause, poll_s=self.poll_s,
            next_command=_LOOK_AT_IT,
        )  # fmt: skip
        if found.failed:
            raise TransientError(f"the dry run of {self.version} failed", where=f"Job {JOB.namespace}/{JOB.name}",
                                 why=found.failed, next_command=_LOOK_AT_IT)  # fmt: skip
        try:
            self.cluster.get(RESULT)
        except AbsentError as error:
            raise TransientError(
                f"the dry run of {self.version} ended without a result", where=f"Event {RESULT.name}",
                why="it gives up writing it after a minute", next_command=_LOOK_AT_IT,
            ) from error  # fmt: skip
        return since or rfc3339(self.clock.now())

    def _pause(self, seconds: float) -> None:
        self._heed()
        self.lock.still_ours()
        Watching(self.cluster, JOB, self.clock).pause(seconds)
        self._heed()

    def _heed(self) -> None:
        if self.stop_asked():
            raise KeyboardInterrupt

    def _clean(self) -> None:
        """Remove everything; what can't be removed is said, and never hides the first error."""
        try:
            self._sweep("")
        except (CcmUpgradeError, KeyboardInterrupt) as error:
            why = "interrupted" if isinstance(error, KeyboardInterrupt) else str(error)
            self.say(f"left in the cluster: objects named {JOB.name} ({why}); the next plan --shadow removes them")
            if isinstance(error, KeyboardInterrupt):
                raise

    def _sweep(self, said: str) -> None:
        """Delete what bears our names and our label, the Job and its pods first. `InputError` for a stranger's."""
        for ref in OURS:
            found = remains(self.cluster, ref)
            if found is None:
                continue
            if said:
                self.say(f"{said} {ref.kind} {ref.name}: removed")
            self._hands.delete(ref, dependents_first=ref == JOB)
            if ref == JOB:
                wait_for(lambda: _gone(self.cluster), self.clock, timeout_s=GONE_S, what="the end of the dry run's pod",
                         say=self.say, poll_s=min(self.poll_s, 1.0),
                         next_command=f"kubectl -n {JOB.namespace} delete job {JOB.name}")  # fmt: skip
        self._hands.delete(LEASE)


def remains(cluster: ClusterReader, ref: Ref) -> Mapping[str, Any] | None:
    """The object of ours, None when it is not there. Raises `InputError` when somebody else has made it."""
    try:
        found = cluster.get(ref)
    except AbsentError:
        return None
    labels = (found.get("metadata") or {}).get("labels") or {}
    if any(labels.get(name) != value for name, value in LABELS.items()):
        raise InputError(f"{ref.kind} {ref.name} is somebody else's", where=ref.namespace or "the cluster",
                         why="it lacks our label", next_command="rename it, or leave --shadow out")  # fmt: skip
    return found


def _gone(cluster: ClusterReader) -> Look:
    try:
        cluster.get(JOB)
    except AbsentError:
        return Look(met=True, seen="gone")
    return Look(met=False, seen="it is still ending")


def _group(ref: Ref) -> str:
    return ref.api_version.partition("/")[0] if "/" in ref.api_version else ""


def _plural(ref: Ref) -> str:
    return f"{ref.kind.lower()}s"
