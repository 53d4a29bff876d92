"""Tasks: they run by the lab's time, can be paused, resumed and cancelled, and end as they were told to."""

from __future__ import annotations

from datetime import UTC, datetime

from upgrader.lab.cloud.call import Actions, Answer, Call
from upgrader.lab.cloud.cs.model import Addon, Task
from upgrader.lab.cloud.errors import CloudError
from upgrader.model.moments import rfc3339

LIVE = ("running", "paused")


def find(call: Call, task_id: str = "") -> Task:
    """The task that the request names, brought up to now."""
    task = call.world.cs.tasks.get(task_id or call.params.required("TaskId"))
    if task is None:
        raise CloudError("ErrorTaskNotFound", "The task does not exist.", 404)
    settle(call, task)
    return task


def start_upgrade(call: Call, cluster_id: str, addon: Addon, version: str) -> Task:
    """A new task that brings an add-on to a version."""
    task = Task(
        id=f"T-{call.world.new_hex('task', 24)}",
        cluster_id=cluster_id,
        type="cluster_addon_upgrade",
        addon=addon.name,
        version=version,
        before=addon.version,
        outcome=addon.outcome,
        started_at=call.elapsed_s,
        duration_s=addon.upgrade_s,
        created=call.stamp,
        updated=call.stamp,
    )
    call.world.cs.tasks[task.id] = task
    addon.task_id = task.id
    addon.state = "Upgrading"
    return task


def settle(call: Call, task: Task) -> None:
    """Let the task do what its time has come for: land half-way, end at the end."""
    if task.state not in LIVE:
        return
    now = task.paused_at if task.paused_at is not None else call.elapsed_s
    passed_s = now - task.started_at - task.held_s
    if passed_s >= task.duration_s / 2 and not task.landed and task.outcome != "success-without-change":
        _land(call, task)
    if passed_s >= task.duration_s and task.state == "running" and task.outcome != "endless":
        _end(call, task)


def settle_all(call: Call, cluster_id: str) -> None:
    """Bring every task of a cluster up to now."""
    for task in call.world.cs.tasks.values():
        if task.cluster_id == cluster_id:
            settle(call, task)


def _addon(call: Call, task: Task) -> Addon | None:
    cluster = call.world.cs.clusters.get(task.cluster_id)
    return cluster.addons.get(task.addon) if cluster else None


def _land(call: Call, task: Task) -> None:
    """The new version reaches the cluster, unless the task is one that fails without any effect."""
    addon = _addon(call, task)
    if addon is None or task.outcome in ("failed", "endless"):
        return
    task.landed = True
    if addon.version != task.version:
        addon.version = task.version
        addon.next_versions = [one for one in addon.next_versions if one != task.version]
        for hook in call.hooks:
            hook(task.cluster_id, addon.name, task.version)


def _end(call: Call, task: Task) -> None:
    failed = task.outcome in ("failed", "failed-but-landed")
    task.state = "failed" if failed else "success"
    task.message = "wait for the component to be ready: timed out" if failed else ""
    task.updated = call.stamp
    addon = _addon(call, task)
    if addon is not None:
        addon.state, addon.task_id = "Running", ""


def pause(call: Call) -> Answer:
    """Hold the task."""
    task = find(call)
    if task.state != "running":
        raise CloudError("ErrorTaskState", f"The task is {task.state}: it can't be paused.")
    task.state, task.paused_at, task.updated = "paused", call.elapsed_s, call.stamp
    return {}


def resume(call: Call) -> Answer:
    """Let a paused task go on."""
    task = find(call)
    if task.state != "paused" or task.paused_at is None:
        raise CloudError("ErrorTaskState", f"The task is {task.state}: it can't be resumed.")
    task.held_s += call.elapsed_s - task.paused_at
    task.state, task.paused_at, task.updated = "running", None, call.stamp
    return {}


def cancel(call: Call) -> Answer:
    """End the task; what has landed stays."""
    task = find(call)
    if task.state not in LIVE:
        raise CloudError("ErrorTaskState", f"The task is {task.state}: it can't be canceled.")
    task.state, task.updated = "canceled", call.stamp
    addon = _addon(call, task)
    if addon is not None:
        addon.state, addon.task_id = "Running", ""
    return {}


def describe(call: Call) -> Answer:
    """One task."""
    return show(find(call))


def show(task: Task) -> Answer:
    """A task as DescribeTaskInfo shows it."""
    done = task.state in ("success", "failed", "canceled")
    started = rfc3339(datetime.fromtimestamp(task.started_at, UTC))
    event = {
        "action": "upgrade",
        "level": "error" if task.state == "failed" else "info",
        "message": task.message or f"{task.addon}: {task.before} -> {task.version}",
        "reason": task.state,
        "source": task.addon,
        "timestamp": task.updated,
    }
    return {
        "task_id": task.id,
        "cluster_id": task.cluster_id,
        "task_type": task.type,
        "state": task.state,
        "created": task.created,
        "updated": task.updated,
        "current_stage": "" if done else "upgrade",
        "stages": [
            {
                "state": task.state,
                "start_time": started,
                "end_time": task.updated if done else "",
                "message": task.message,
            }
        ],
        "events": [event],
        "parameters": {"component_name": task.addon, "version": task.before, "next_version": task.version},
        "target": {"id": task.cluster_id, "type": "cluster"},
        "task_result": [{"data": task.addon, "status": task.state}] if done else [],
        "error": {"code": "ComponentUpgradeFailed", "message": task.message} if task.state == "failed" else {},
    }


def describe_all(call: Call) -> Answer:
    """The tasks of a cluster, newest first, a page of them."""
    cluster_id = call.params.required("ClusterId")
    settle_all(call, cluster_id)
    mine = [task for task in call.world.cs.tasks.values() if task.cluster_id == cluster_id][::-1]
    size = call.params.integer("page_size", 50, low=1, high=100)
    number = call.params.integer("page_number", 1, low=1)
    shown = [show(task) for task in mine[(number - 1) * size : number * size]]
    page = {"page_number": number, "page_size": size, "total_count": len(mine)}
    return {"tasks": shown, "page_info": page}


ACTIONS: Actions = {
    "DescribeTaskInfo": describe,
    "DescribeClusterTasks": describe_all,
    "PauseTask": pause,
    "ResumeTask": resume,
    "CancelTask": cancel,
}
