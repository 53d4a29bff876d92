"""How Deployments, DaemonSets, ReplicaSets, StatefulSets and Jobs are printed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from upgrader.lab.kube.tables.columns import (
    NONE,
    Cells,
    Columns,
    Object,
    age,
    at,
    containers,
    labels_text,
    name_of,
    read_time,
    selector_text,
    short_duration,
    since,
)

_BOTH = ("+Containers", "+Images")


def _count(found: Object, field: str) -> int:
    return int(at(found, "status", field) or 0)


def _wanted(found: Object) -> int:
    given = at(found, "spec", "replicas")
    return 1 if given is None else int(given)


def _selector(found: Object) -> str:
    return selector_text(at(found, "spec", "selector"))


def _deployment(found: Object, now: datetime) -> Cells:
    return [name_of(found), f"{_count(found, 'readyReplicas')}/{_wanted(found)}", _count(found, "updatedReplicas"),
            _count(found, "availableReplicas"), age(found, now), *containers(found), _selector(found)]  # fmt: skip


def _daemonset(found: Object, now: datetime) -> Cells:
    counts = [_count(found, f) for f in ("desiredNumberScheduled", "currentNumberScheduled", "numberReady",
                                         "updatedNumberScheduled", "numberAvailable")]  # fmt: skip
    nodes = labels_text(at(found, "spec", "template", "spec", "nodeSelector"))
    return [name_of(found), *counts, nodes, age(found, now), *containers(found), _selector(found)]


def _replicaset(found: Object, now: datetime) -> Cells:
    return [name_of(found), _wanted(found), _count(found, "replicas"), _count(found, "readyReplicas"), age(found, now),
            *containers(found), _selector(found)]  # fmt: skip


def _statefulset(found: Object, now: datetime) -> Cells:
    ready = f"{_count(found, 'readyReplicas')}/{_wanted(found)}"
    return [name_of(found), ready, age(found, now), *containers(found)]


def _job(found: Object, now: datetime) -> Cells:
    status = found.get("status") or {}
    wanted, many = at(found, "spec", "completions"), at(found, "spec", "parallelism") or 1
    of: Any = wanted if wanted is not None else f"1 of {many}" if many > 1 else 1
    took = ""
    if status.get("startTime"):
        ended = read_time(status["completionTime"]) if status.get("completionTime") else now
        took = short_duration((ended - read_time(status["startTime"])).total_seconds())
    return [name_of(found), _job_state(found), f"{status.get('succeeded') or 0}/{of}", took, age(found, now),
            *containers(found), _selector(found)]  # fmt: skip


def _job_state(found: Object) -> str:
    met = {one.get("type") for one in at(found, "status", "conditions") or () if one.get("status") == "True"}
    if "Complete" in met:
        return "Complete"
    if "Failed" in met:
        return "Failed"
    if found["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return "Suspended" if "Suspended" in met else "FailureTarget" if "FailureTarget" in met else "Running"


def _cronjob(found: Object, now: datetime) -> Cells:
    spec, last = found.get("spec") or {}, at(found, "status", "lastScheduleTime")
    template = {"spec": at(spec, "jobTemplate", "spec") or {}}
    return [name_of(found), spec.get("schedule"), spec.get("timeZone") or NONE, "True" if spec.get("suspend") else
            "False", len(at(found, "status", "active") or ()), since(last, now) if last else NONE, age(found, now),
            *containers(template), selector_text(at(template, "spec", "selector"))]  # fmt: skip


def _revision(found: Object, now: datetime) -> Cells:
    owner = next((one for one in found["metadata"].get("ownerReferences") or () if one.get("controller")), None)
    group = (owner or {}).get("apiVersion", "").rpartition("/")[0]
    kind = (owner or {}).get("kind", "").lower()
    shown = f"{kind}.{group}/{owner['name']}" if owner and group else f"{kind}/{owner['name']}" if owner else NONE
    return [name_of(found), shown, found.get("revision", 0), age(found, now)]


DEPLOYMENTS = Columns(
    ("Name", "Ready", "Up-to-date:integer", "Available:integer", "Age", *_BOTH, "+Selector"), _deployment
)
DAEMONSETS = Columns(
    ("Name", "Desired:integer", "Current:integer", "Ready:integer", "Up-to-date:integer", "Available:integer",
     "Node Selector", "Age", *_BOTH, "+Selector"), _daemonset,
)  # fmt: skip
REPLICASETS = Columns(
    ("Name", "Desired:integer", "Current:integer", "Ready:integer", "Age", *_BOTH, "+Selector"), _replicaset
)
STATEFULSETS = Columns(("Name", "Ready", "Age", *_BOTH), _statefulset)
JOBS = Columns(("Name", "Status", "Completions", "Duration", "Age", *_BOTH, "+Selector"), _job)
CRONJOBS = Columns(
    ("Name", "Schedule", "Timezone", "Suspend:boolean", "Active:integer", "Last Schedule", "Age", *_BOTH, "+Selector"),
    _cronjob,
)
REVISIONS = Columns(("Name", "Controller", "Revision:integer", "Age"), _revision)
