"""CronJobs: a Job at each time of the schedule, by the lab's time; of several times that were missed, for the last."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from upgrader.lab.kube.controllers.base import (
    Alarms,
    Cluster,
    condition,
    going,
    named,
    owned,
    owner_name,
    reference,
    set_status,
)
from upgrader.lab.kube.controllers.jobs import JOBS, ended
from upgrader.lab.kube.controllers.schedule import Schedule, parse_schedule
from upgrader.lab.kube.resource import shared
from upgrader.lab.kube.store import Change, Name, Object
from upgrader.lab.kube.tables.columns import read_time
from upgrader.model.moments import rfc3339

CRONJOBS = shared("cronjobs", "batch")
SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"
_BY = "cronjob-controller"
_MISSED_LIMIT = 100
_NAMED = ("name", "namespace", "uid")


class CronJobs:
    """Follows `pkg/controller/cronjob`."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.alarms = Alarms(cluster.clock)

    def concerns(self, change: Change) -> Iterable[Name]:
        """The CronJob that changed, or whose Job did."""
        if change.key == CRONJOBS.key:
            return (named(change.object),) if change.kind != "DELETED" else ()
        return owner_name(change.before or change.object, "CronJob") if change.key == JOBS.key else ()

    def look(self, name: Name) -> None:
        """Start what is due, note what has ended, and come back at the next time."""
        found = self._cluster.store.get(CRONJOBS.key, *name)
        if found is None or going(found):
            return
        self._note(found)
        found = self._cluster.store.get(CRONJOBS.key, *name) or found
        if found["spec"].get("suspend"):
            return
        try:
            schedule, zone = parse_schedule(str(found["spec"]["schedule"])), self._zone(found)
        except (ValueError, ZoneInfoNotFoundError) as error:
            self._tell(found, "UnparseableSchedule", f"unparseable schedule: {found['spec']['schedule']!r}: {error}",
                       warning=True)  # fmt: skip
            return
        due = self._due(found, schedule, zone)
        if due is not None:
            self._start(found, due)

    def _zone(self, found: Object) -> ZoneInfo:
        return ZoneInfo(str(found["spec"].get("timeZone") or "UTC"))

    def _due(self, found: Object, schedule: Schedule, zone: ZoneInfo) -> datetime | None:
        """The last time that has come and was not served; the next one sets the alarm."""
        now = self._cluster.clock.now()
        since = (found.get("status") or {}).get("lastScheduleTime") or found["metadata"]["creationTimestamp"]
        moment, due, missed = read_time(since).astimezone(zone), None, 0
        limit = found["spec"].get("startingDeadlineSeconds")
        if limit is not None:
            moment = max(moment, (now - timedelta(seconds=int(limit))).astimezone(zone))
        while (following := schedule.after(moment)) is not None and following <= now:
            moment, due, missed = following, following, missed + 1
            if missed == _MISSED_LIMIT * 10:
                # Nobody counts the minutes of a year that was skipped: the last day tells the last time.
                moment = max(moment, (now - timedelta(days=1)).astimezone(zone))
        if following is not None:
            self.alarms.passed(named(found), following.astimezone(UTC))
        if missed > _MISSED_LIMIT:
            said = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
            self._tell(found, "TooManyMissedTimes", said, warning=True)
        return due

    def _start(self, found: Object, due: datetime) -> None:
        active = [one for one in owned(self._cluster, JOBS, found) if not ended(one)]
        policy = found["spec"].get("concurrencyPolicy") or "Allow"
        if active and policy == "Forbid":
            self._tell(found, "JobAlreadyActive", "Not starting job because prior execution is running and concurrency "
                       "policy is Forbid")  # fmt: skip
            return
        for one in active if policy == "Replace" else ():
            self._delete(found, one)
        name = f"{found['metadata']['name']}-{int(due.timestamp()) // 60}"
        if self._cluster.store.get(JOBS.key, found["metadata"]["namespace"], name) is None:
            self._cluster.local.create(self._job(found, name, due))
            self._tell(found, "SuccessfulCreate", f"Created job {name}")
        current = self._cluster.store.get(CRONJOBS.key, *named(found)) or found
        self._status(current, lastScheduleTime=rfc3339(due))

    def _job(self, found: Object, name: str, due: datetime) -> Object:
        template = found["spec"].get("jobTemplate") or {}
        given = template.get("metadata") or {}
        metadata: dict[str, Any] = {
            "name": name, "namespace": found["metadata"]["namespace"], "labels": dict(given.get("labels") or {}),
            "annotations": {**(given.get("annotations") or {}), SCHEDULED: rfc3339(due)},
            "ownerReferences": [reference(found, CRONJOBS)],
        }  # fmt: skip
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template.get("spec") or {}}

    def _note(self, found: Object) -> None:
        """Which Jobs run; those that have ended are told once, and only so many of them are kept."""
        status, spec = found.get("status") or {}, found["spec"]
        jobs = [one for one in owned(self._cluster, JOBS, found) if not going(one)]
        was = {one["uid"] for one in status.get("active") or ()}
        for one in jobs:
            if ended(one) and one["metadata"]["uid"] in was:
                how = "Complete" if _well(one) else "Failed"
                self._tell(found, "SawCompletedJob", f"Saw completed job: {one['metadata']['name']}, condition: {how}")
        listed = [{"apiVersion": "batch/v1", "kind": "Job", **{key: one["metadata"][key] for key in _NAMED}}
                  for one in jobs if not ended(one)]  # fmt: skip
        last = max((one["status"].get("completionTime") or "" for one in jobs if ended(one) and _well(one)), default="")
        changed: dict[str, Any] = {"active": listed or None}
        if last > (status.get("lastSuccessfulTime") or ""):
            changed["lastSuccessfulTime"] = last
        self._status(found, **changed)
        limits = {True: spec.get("successfulJobsHistoryLimit", 3), False: spec.get("failedJobsHistoryLimit", 1)}
        for well, limit in limits.items():
            done = sorted((one for one in jobs if ended(one) and _well(one) is well),
                          key=lambda one: (one["status"].get("startTime") or "", one["metadata"]["name"]))  # fmt: skip
            for one in done[: max(0, len(done) - int(limit))]:
                self._delete(found, one)

    def _delete(self, found: Object, job: Object) -> None:
        name = job["metadata"]["name"]
        self._cluster.local.delete("jobs", name, job["metadata"]["namespace"], group="batch", propagation="Background")
        self._tell(found, "SuccessfulDelete", f"Deleted job {name}")

    def _status(self, found: Object, **changed: Any) -> None:
        status = {**(found.get("status") or {}), **changed}
        set_status(self._cluster, CRONJOBS, found, {key: value for key, value in status.items() if value is not None})

    def _tell(self, found: Object, reason: str, said: str, *, warning: bool = False) -> None:
        self._cluster.tell(found, "CronJob", reason, said, _BY, warning=warning)


def _well(job: Object) -> bool:
    return condition(job, "Complete").get("status") == "True"
