"""One look at the dry run's Job: whether it is through, what it waits for, and why it never will be."""

from __future__ import annotations

from typing import Any

from upgrader.execute.shadow.names import JOB
from upgrader.execute.steps.rollout import bad_container
from upgrader.execute.wait import Look
from upgrader.model.errors import CcmUpgradeError
from upgrader.ports.read import ClusterLogs, Ref
from upgrader.redact import redacted_text

Object = dict[str, Any]
_PODS = Ref(api_version="v1", kind="Pod", namespace=JOB.namespace)
_LOG_CHARACTERS = 600


def look_at_job(cluster: ClusterLogs) -> Look:
    """The look. `failed` names the cause: no image, no place, no right, no time, or its own last words."""
    job = cluster.get(JOB)
    ended = {one.get("type"): one for one in (job.get("status") or {}).get("conditions") or ()
             if one.get("status") == "True"}  # fmt: skip
    if "Complete" in ended:
        return Look(met=True, seen="it is through")
    pods = cluster.list(_PODS, f"job-name={JOB.name}")
    pod = pods[-1] if pods else None
    seen = _seen(cluster, pod)
    if "Failed" in ended:
        reason, message = (str(ended["Failed"].get(name) or "") for name in ("reason", "message"))
        return Look(met=False, seen=seen, failed=f"{reason}: {message}; {_last_words(cluster, pod) or seen}")
    if pod is None:
        refused = _warning(cluster, "Job", JOB.name)
        return Look(met=False, seen=refused or "no pod yet", failed=refused if "forbidden" in refused else "")
    return Look(met=False, seen=seen, failed=bad_container(pod))


def _seen(cluster: ClusterLogs, pod: Object | None) -> str:
    if pod is None:
        return "no pod"
    status = pod.get("status") or {}
    phase = str(status.get("phase") or "Pending")
    if phase != "Pending":
        return f"its pod is {phase}"
    unplaced = next((one for one in status.get("conditions") or () if one.get("type") == "PodScheduled"
                     and one.get("status") == "False"), None)  # fmt: skip
    if unplaced is not None:
        return f"its pod has no place: {unplaced.get('message') or unplaced.get('reason')}"
    waiting: Object = next((state["waiting"] for one in status.get("containerStatuses") or ()
                    if (state := one.get("state") or {}).get("waiting")), {})  # fmt: skip
    said = _warning(cluster, "Pod", pod["metadata"]["name"]) or waiting.get("message") or waiting.get("reason")
    return f"its pod is Pending: {said}" if said else "its pod is Pending"


def _warning(cluster: ClusterLogs, kind: str, name: str) -> str:
    """The last warning about an object; empty where there is none, or where we may not look."""
    try:
        found = cluster.events(JOB.namespace, f"involvedObject.name={name}")
    except CcmUpgradeError:
        return ""
    said = [one for one in found if one.type == "Warning" and one.involved_object.kind == kind]
    last = max(said, key=lambda one: one.last_seen, default=None)
    return f"{last.reason}: {last.message}" if last is not None else ""


def _last_words(cluster: ClusterLogs, pod: Object | None) -> str:
    """The end of the pod's log, without secrets: it is gone once the pod is removed."""
    if pod is None:
        return ""
    try:
        text = cluster.log(JOB.namespace, pod["metadata"]["name"], lines=5)
    except CcmUpgradeError:
        return ""
    return f"its last words: {redacted_text(text.strip())[-_LOG_CHARACTERS:]}" if text.strip() else ""
