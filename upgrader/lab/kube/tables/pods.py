"""How pods and nodes are printed."""

from __future__ import annotations

from datetime import datetime

from upgrader.lab.kube.tables.columns import NONE, Cells, Columns, Object, age, at, joined, name_of, since

_ROLE = "node-role.kubernetes.io/"


def _pod(found: Object, now: datetime) -> Cells:
    status = found.get("status") or {}
    listed = status.get("containerStatuses") or ()
    total = len(at(found, "spec", "containers") or ())
    ready = sum(bool(one.get("ready")) for one in listed)
    restarts = sum(one.get("restartCount", 0) for one in listed)
    last = max((at(one, "lastState", "terminated", "finishedAt") or "" for one in listed), default="")
    shown = f"{restarts} ({since(last, now)} ago)" if restarts and last else str(restarts)
    gates = at(found, "spec", "readinessGates") or ()
    met = {one.get("type") for one in status.get("conditions") or () if one.get("status") == "True"}
    gated = f"{sum(one['conditionType'] in met for one in gates)}/{len(gates)}" if gates else NONE
    return [name_of(found), f"{ready}/{total}", pod_status(found), shown, age(found, now), status.get("podIP") or NONE,
            at(found, "spec", "nodeName") or NONE, status.get("nominatedNodeName") or NONE, gated]  # fmt: skip


def pod_status(found: Object) -> str:
    """The one word for a pod's state."""
    status = found.get("status") or {}
    word = status.get("reason") or status.get("phase") or "Unknown"
    ready = False
    for one in reversed(status.get("containerStatuses") or ()):
        state = one.get("state") or {}
        waiting, ended = at(state, "waiting", "reason"), state.get("terminated")
        if waiting:
            word = waiting
        elif ended:
            word = ended.get("reason") or f"ExitCode:{ended.get('exitCode', 0)}"
        ready = ready or bool(one.get("ready") and state.get("running") is not None)
    if word == "Completed" and ready:
        word = "Running"
    if found["metadata"].get("deletionTimestamp"):
        return "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    return str(word)


def _node(found: Object, now: datetime) -> Cells:
    status, labels = found.get("status") or {}, found["metadata"].get("labels") or {}
    state = next((one.get("status") for one in status.get("conditions") or () if one.get("type") == "Ready"), None)
    word = "Unknown" if state is None else "Ready" if state == "True" else "NotReady"
    if at(found, "spec", "unschedulable"):
        word += ",SchedulingDisabled"
    roles = sorted(key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE) and key != _ROLE)
    addresses = {one.get("type"): one.get("address") for one in reversed(status.get("addresses") or ())}
    info = status.get("nodeInfo") or {}
    unknown = "<unknown>"
    return [name_of(found), word, joined(roles), age(found, now), info.get("kubeletVersion", ""),
            addresses.get("InternalIP", NONE), addresses.get("ExternalIP", NONE), info.get("osImage") or unknown,
            info.get("kernelVersion") or unknown, info.get("containerRuntimeVersion") or unknown]  # fmt: skip


PODS = Columns(
    ("Name", "Ready", "Status", "Restarts", "Age", "+IP", "+Node", "+Nominated Node", "+Readiness Gates"), _pod
)
NODES = Columns(
    ("Name", "Status", "Roles", "Age", "Version", "+Internal-IP", "+External-IP", "+OS-Image", "+Kernel-Version",
     "+Container-Runtime"), _node,
)  # fmt: skip
