"""A pod's status as its kubelet writes it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from upgrader.lab.kube.controllers.base import with_condition
from upgrader.lab.kube.store import Object

ALWAYS_TRUE = ("PodReadyToStartContainers", "Initialized", "PodScheduled")


def conditions(pod: Object, now: str, *, ready: bool, reason: str = "", ended: bool = False) -> list[dict[str, Any]]:
    """The pod's conditions; gates of others (`readinessGates`) must be met before it is ready."""
    listed: Iterable[Mapping[str, Any]] = (pod.get("status") or {}).get("conditions") or ()
    met = {one.get("type") for one in listed if one.get("status") == "True"}
    closed = [
        one["conditionType"] for one in pod["spec"].get("readinessGates") or () if one["conditionType"] not in met
    ]
    names = " ".join(one["name"] for one in pod["spec"]["containers"])
    why = {"reason": reason or "ContainersNotReady", "message": f"containers with unready status: [{names}]"}
    if ended:
        why = {"reason": "PodCompleted", "message": ""}
    for kind in ALWAYS_TRUE:
        true = kind != "PodReadyToStartContainers" or not ended
        listed = _set(listed, now, kind, true, {} if not ended or kind != "Initialized" else {"reason": "PodCompleted"})
    listed = _set(listed, now, "ContainersReady", ready, why)
    shut = (f'the status of pod readiness gate "{one}" is not "True", but False' for one in closed)
    gate = {"reason": "ReadinessGatesNotReady", "message": "\n".join(shut)}
    return _set(listed, now, "Ready", ready and not closed, gate if ready else why)


def _set(
    listed: Iterable[Mapping[str, Any]], now: str, kind: str, true: bool, why: Mapping[str, str]
) -> list[dict[str, Any]]:
    wanted = {"type": kind, "status": "True" if true else "False"}
    result = with_condition(listed, now, wanted)
    for one in result:
        if one["type"] == kind:
            for field in ("reason", "message"):
                one.pop(field, None)
            if not true:
                one.update({key: value for key, value in why.items() if value})
    return result


def container_status(pod: Object, container: Mapping[str, Any], state: Mapping[str, Any], *, ready: bool,
                     restarts: int = 0) -> dict[str, Any]:  # fmt: skip
    """One container's status."""
    image = str(container.get("image", ""))
    digest = hashlib.sha256(f"{pod['metadata'].get('uid')}/{container['name']}/{restarts}".encode()).hexdigest()
    pulled = "waiting" not in state
    return {
        "name": container["name"], "image": image, "imageID": f"{image.partition('@')[0]}@sha256:lab" if pulled else "",
        **({"containerID": f"containerd://{digest}"} if pulled else {}), "lastState": {}, "ready": ready,
        "restartCount": restarts, "started": "running" in state, "state": dict(state),
    }  # fmt: skip


def quality(spec: Mapping[str, Any]) -> str:
    """The class by which a node's kubelet chooses whom to evict."""
    given = [one.get("resources") or {} for one in spec.get("containers") or ()]
    if not any(one.get("requests") or one.get("limits") for one in given):
        return "BestEffort"
    full = all({"cpu", "memory"} <= set(one.get("limits") or {}) and
               (one.get("requests") or one["limits"]) == one["limits"] for one in given)  # fmt: skip
    return "Guaranteed" if full else "Burstable"
