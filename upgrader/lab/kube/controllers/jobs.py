"""Jobs: pods until enough of them have succeeded, or too many failed; each with an index when they are Indexed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from upgrader.lab.kube.controllers.base import (
    PODS,
    Alarms,
    Cluster,
    condition,
    going,
    is_ready,
    named,
    owned,
    owner_name,
    pod_from,
    set_status,
    with_condition,
    without_zeros,
)
from upgrader.lab.kube.resource import shared
from upgrader.lab.kube.store import Change, Name, Object
from upgrader.lab.kube.tables.columns import read_time

JOBS = shared("jobs", "batch")
INDEX = "batch.kubernetes.io/job-completion-index"
_BY = "job-controller"
_FAILED = {"BackoffLimitExceeded": "Job has reached the specified backoff limit",
           "DeadlineExceeded": "Job was active longer than specified deadline",
           "FailedIndexes": "Job has failed indexes",
           "MaxFailedIndexesExceeded": "Job has exceeded the specified maximal number of failed indexes"}  # fmt: skip


class Jobs:
    """Follows `pkg/controller/job`. A failed pod is replaced at once: the lab does not back off."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.alarms = Alarms(cluster.clock)

    def concerns(self, change: Change) -> Iterable[Name]:
        """The job that changed, or whose pod did."""
        if change.key == JOBS.key:
            return (named(change.object),)
        return owner_name(change.before or change.object, "Job") if change.key == PODS.key else ()

    def look(self, name: Name) -> None:
        """Move a job one step."""
        found = self._cluster.store.get(JOBS.key, *name)
        if found is None or going(found):
            return
        if ended(found):
            self._expire(found)
            return
        state = _State(found, owned(self._cluster, PODS, found))
        spec = found["spec"]
        why = self._failure(found, state)
        if why or state.done:
            for pod in state.active:
                self._delete(found, pod)
            self._finish(found, state, why)
            return
        if spec.get("suspend"):
            for pod in state.active:
                self._delete(found, pod)
            self._tell(found, _State(found, owned(self._cluster, PODS, found)), suspended=True)
            return
        for index in state.missing():
            self._make(found, index)
        self._tell(found, _State(found, owned(self._cluster, PODS, found)), suspended=False)

    def _failure(self, found: Object, state: _State) -> str:
        spec, started = found["spec"], (found.get("status") or {}).get("startTime")
        limit = spec.get("activeDeadlineSeconds")
        if limit and started and self.alarms.passed(named(found), read_time(started) + timedelta(seconds=int(limit))):
            return "DeadlineExceeded"
        most = spec.get("maxFailedIndexes")
        if most is not None and len(state.failed_indexes) > int(most):
            return "MaxFailedIndexesExceeded"
        if spec.get("backoffLimitPerIndex") is not None:
            return "FailedIndexes" if state.failed_indexes and state.settled else ""
        return "BackoffLimitExceeded" if state.failures > int(spec.get("backoffLimit", 6)) else ""

    def _make(self, found: Object, index: int | None) -> None:
        template, base = found["spec"]["template"], found["metadata"]["name"]
        metadata, spec = dict(template.get("metadata") or {}), dict(template.get("spec") or {})
        labels: dict[str, str] = {}
        name = f"{base}-{self._cluster.store.new_suffix()}"
        if index is not None:
            metadata["annotations"] = {**(metadata.get("annotations") or {}), INDEX: str(index)}
            labels = {INDEX: str(index)}
            spec["hostname"] = f"{base}-{index}"
            name = f"{base}-{index}-{self._cluster.store.new_suffix()}"
        pod = pod_from({"metadata": metadata, "spec": spec}, found, JOBS, labels, {"name": name})
        self._cluster.local.create(pod)
        self._cluster.tell(found, "Job", "SuccessfulCreate", f"Created pod: {name}", _BY)

    def _delete(self, found: Object, pod: Object) -> None:
        namespace, name = named(pod)
        self._cluster.local.delete("pods", name, namespace)
        self._cluster.tell(found, "Job", "SuccessfulDelete", f"Deleted pod: {name}", _BY)

    def _finish(self, found: Object, state: _State, why: str) -> None:
        now = self._cluster.now()
        status = self._counts(found, state) | {"active": 0, "ready": 0}
        if why:
            said = _FAILED[why]
            kinds = (("FailureTarget", why), ("Failed", why))
        else:
            said = "Reached expected number of succeeded pods"
            kinds = (("SuccessCriteriaMet", "CompletionsReached"), ("Complete", "CompletionsReached"))
            status["completionTime"] = now
        conditions = (found.get("status") or {}).get("conditions") or ()
        for kind, reason in kinds:
            wanted = {"type": kind, "status": "True", "reason": reason, "message": said}
            conditions = with_condition(conditions, now, {**wanted, "lastProbeTime": now})
        self._write(found, {**status, "conditions": conditions})
        if why:
            self._cluster.tell(found, "Job", why, said, _BY, warning=True)
        else:
            self._cluster.tell(found, "Job", "Completed", "Job completed", _BY)

    def _tell(self, found: Object, state: _State, *, suspended: bool) -> None:
        now = self._cluster.now()
        status: dict[str, Any] = self._counts(found, state)
        conditions = (found.get("status") or {}).get("conditions") or ()
        was = condition(found, "Suspended").get("status") == "True"
        if suspended != was:
            word = "Suspended" if suspended else "Resumed"
            wanted = {"type": "Suspended", "status": str(suspended), "reason": f"Job{word}",
                      "message": f"Job {word.lower()}", "lastProbeTime": now}  # fmt: skip
            conditions = with_condition(conditions, now, wanted)
            self._cluster.tell(found, "Job", word, f"Job {word.lower()}", _BY)
        if suspended:
            status.pop("startTime", None)
        self._write(found, {**status, **({"conditions": list(conditions)} if conditions else {})})

    def _counts(self, found: Object, state: _State) -> dict[str, Any]:
        status: dict[str, Any] = {
            "startTime": (found.get("status") or {}).get("startTime") or self._cluster.now(),
            "active": len(state.active), "ready": sum(map(is_ready, state.active)), "succeeded": state.succeeded,
            "failed": state.failures, "terminating": 0, "uncountedTerminatedPods": {},
        }  # fmt: skip
        if state.indexed:
            status["completedIndexes"] = _ranges(state.succeeded_indexes)
        if found["spec"].get("backoffLimitPerIndex") is not None:
            status["failedIndexes"] = _ranges(state.failed_indexes)
        return status

    def _write(self, found: Object, status: dict[str, Any]) -> None:
        current = self._cluster.store.get(JOBS.key, *named(found)) or found
        zeros: dict[str, Any] = {
            key: status[key] for key in ("ready", "terminating", "uncountedTerminatedPods") if key in status
        }
        set_status(self._cluster, JOBS, current, {**without_zeros(status), **zeros})

    def _expire(self, found: Object) -> None:
        seconds = found["spec"].get("ttlSecondsAfterFinished")
        if seconds is None:
            return
        last = max((one.get("lastTransitionTime", "") for one in found["status"]["conditions"]), default="")
        if self.alarms.passed(named(found), read_time(last) + timedelta(seconds=int(seconds))):
            self._cluster.local.delete("jobs", found["metadata"]["name"], found["metadata"]["namespace"], group="batch",
                                       propagation="Background")  # fmt: skip


class _State:
    """A job's pods, counted."""

    def __init__(self, found: Object, pods: list[Object]) -> None:
        spec = found["spec"]
        self.indexed = spec.get("completionMode") == "Indexed"
        self._parallel = int(spec.get("parallelism", 1))
        self._wanted: int | None = spec.get("completions")
        self._per_index: int | None = spec.get("backoffLimitPerIndex")
        phases = {"Succeeded": [], "Failed": []}  # type: dict[str, list[Object]]
        self.active: list[Object] = []
        for one in pods:
            if not going(one):
                phases.get((one.get("status") or {}).get("phase", ""), self.active).append(one)
        self.failures = len(phases["Failed"]) + sum(map(_restarts, self.active))
        self.succeeded_indexes = {_index(one) for one in phases["Succeeded"]} if self.indexed else set()
        self.succeeded = len(self.succeeded_indexes) if self.indexed else len(phases["Succeeded"])
        counts: dict[int, int] = {}
        for one in phases["Failed"]:
            counts[_index(one)] = counts.get(_index(one), 0) + 1
        self.failed_indexes = {index for index, count in counts.items()
                               if self._per_index is not None and count > self._per_index}  # fmt: skip

    @property
    def done(self) -> bool:
        """Whether enough have succeeded; without a number one is enough, and the others are waited for."""
        if self._wanted is None:
            return self.succeeded > 0 and not self.active
        return self.succeeded >= self._wanted

    @property
    def settled(self) -> bool:
        """Whether every index has succeeded or failed."""
        return len(self.succeeded_indexes | self.failed_indexes) >= (self._wanted or 0)

    def missing(self) -> list[int | None]:
        """The pods to make now; None stands for one without an index."""
        room = self._parallel - len(self.active)
        if self._wanted is None:
            return [None] * room if not self.succeeded else []
        if not self.indexed:
            return [None] * min(room, self._wanted - self.succeeded - len(self.active))
        taken = self.succeeded_indexes | self.failed_indexes | {_index(one) for one in self.active}
        free: list[int | None] = [one for one in range(self._wanted) if one not in taken]
        return free[: max(0, room)]


def ended(found: Object) -> bool:
    """Whether a job is complete or has failed."""
    return any(condition(found, kind).get("status") == "True" for kind in ("Complete", "Failed"))


def _index(pod: Object) -> int:
    return int((pod["metadata"].get("annotations") or {}).get(INDEX, -1))


def _restarts(pod: Object) -> int:
    return sum(int(one.get("restartCount") or 0) for one in (pod.get("status") or {}).get("containerStatuses") or ())


def _ranges(numbers: Iterable[int]) -> str:
    """`0-2,5`."""
    shown: list[list[int]] = []
    for one in sorted(numbers):
        if shown and shown[-1][1] == one - 1:
            shown[-1][1] = one
        else:
            shown.append([one, one])
    return ",".join(str(a) if a == b else f"{a}-{b}" if b > a + 1 else f"{a},{b}" for a, b in shown)
