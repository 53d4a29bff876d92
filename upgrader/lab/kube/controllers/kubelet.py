"""The kubelets: pods of ready nodes get an address, run, become ready after a while, and end when they are to."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from upgrader.lab.kube.controllers.base import (
    NODES,
    PODS,
    Alarms,
    Cluster,
    condition,
    going,
    is_ready,
    named,
    owner,
    set_status,
)
from upgrader.lab.kube.controllers.pod_status import conditions, container_status, quality
from upgrader.lab.kube.controllers.program import Program, program, together
from upgrader.lab.kube.store import Change, Name, Object
from upgrader.lab.kube.tables.columns import read_time

ANY = "*"
_BROKEN = re.compile(
    r"(?<![a-z])(bad|broken|invalid|missing|nonexistent|doesnotexist|does-not-exist|not-found|no-such)(?![a-z])"
)
"""An image with one of these words in it is never pulled: so a failing rollout can be tried by kubectl alone."""
_IMAGE = re.compile(r"^[a-z0-9][\w./:-]*(@sha256:[0-9a-f]+)?$", re.IGNORECASE)
LONGEST_PAUSE_S = 300
_NETWORK = "172.20.0.0/16"
_BY = "kubelet"


def _crashed(status: Object) -> datetime | None:
    """When the containers that ended too often are started again; None when there are none."""
    for one in status.get("containerStatuses") or ():
        if ((one.get("state") or {}).get("waiting") or {}).get("reason") == "CrashLoopBackOff":
            ended = read_time(one["lastState"]["terminated"]["finishedAt"])
            return ended + timedelta(seconds=min(10 * 2 ** (one["restartCount"] - 1), LONGEST_PAUSE_S))
    return None


class Kubelet:
    """Runs the pods of all nodes."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.alarms = Alarms(cluster.clock)
        self._stuck: set[Name] = set()
        self._taken: dict[str, Name] = {}
        self._next: dict[str, int] = {}

    def forget(self) -> None:
        """Begin anew: another cluster was loaded."""
        self._stuck.clear()
        self._taken.clear()
        self._next.clear()
        self.alarms.clear()

    def concerns(self, change: Change) -> Iterable[Name]:
        """The pod that changed; every pod of a node that became ready."""
        if change.key == PODS.key:
            return self._pod_changed(change)
        if change.key == NODES.key and condition(change.object, "Ready") != condition(change.before or {}, "Ready"):
            return [named(one) for one in self._cluster.index.on_node(change.object["metadata"]["name"])]
        return ()

    def waiting(self) -> Iterator[Name]:
        """The pods whose image could not be pulled before and can be now."""
        for name in sorted(self._stuck):
            pod = self._cluster.store.get(PODS.key, *name)
            if pod is None or not self._unpullable(pod):
                yield name

    def look(self, name: Name) -> None:
        """Bring a pod to what it is to be."""
        pod = self._cluster.store.get(PODS.key, *name)
        if pod is None or not pod["spec"].get("nodeName") or going(pod):
            self._stuck.discard(name)
            return
        node = self._cluster.store.get(NODES.key, "", pod["spec"]["nodeName"])
        phase = (pod.get("status") or {}).get("phase")
        if node is None or phase in ("Succeeded", "Failed"):
            return
        if condition(node, "Ready").get("status") != "True":
            if phase == "Running" and is_ready(pod):
                self._write(pod, conditions=conditions(pod, self._cluster.now(), ready=False, reason="NodeNotReady"))
            return
        self._run(name, pod, node)

    def _pod_changed(self, change: Change) -> Iterable[Name]:
        pod, before = change.object, change.before
        name = named(pod)
        if change.kind == "DELETED":
            self._stuck.discard(name)
            ip = (pod.get("status") or {}).get("podIP")
            if ip and self._taken.get(ip) == name:
                del self._taken[ip]
            self._told(self._cluster.hooks.on_pod_gone, pod)
            return ()
        ip = (pod.get("status") or {}).get("podIP")
        if ip and not pod["spec"].get("hostNetwork"):
            self._taken[ip] = name
        was, now = before is not None and is_ready(before), is_ready(pod)
        if now and not was:
            self._told(self._cluster.hooks.on_pod_ready, pod)
        elif was and not now:
            self._told(self._cluster.hooks.on_pod_gone, pod)
        return (name,)

    @staticmethod
    def _told(hooks: Iterable[Any], pod: Object) -> None:
        for follow in hooks:
            follow(pod)

    def _run(self, name: Name, pod: Object, node: Object) -> None:
        images = self._unpullable(pod)
        if images:
            self._stuck.add(name)
            self._pull_in_vain(pod, node, images)
            return
        self._stuck.discard(name)
        does = self._does(pod)
        status = pod.get("status") or {}
        if (crashed := _crashed(status)) and not self.alarms.passed(name, crashed):
            return
        running = any("running" in (one.get("state") or {}) for one in status.get("containerStatuses") or ())
        born = read_time(status["startTime"]) if running else read_time(self._cluster.now())
        ready = self.alarms.passed(name, born + timedelta(seconds=self._cluster.ready_after_s)) or is_ready(pod)
        self._show(pod, node, ready=ready, first=not running)
        if does.ends_s is not None and self.alarms.passed(name, born + timedelta(seconds=does.ends_s)):
            self._end(self._cluster.store.get(PODS.key, *name) or pod, does)

    def _does(self, pod: Object) -> Program:
        known = next((found for ask in self._cluster.hooks.programs if (found := ask(pod)) is not None), None)
        if known is not None:
            return known
        job = (owner(pod) or {}).get("kind") == "Job"
        return together(program(one, ends=job) for one in pod["spec"]["containers"])

    def _unpullable(self, pod: Object) -> list[str]:
        broken = self._cluster.broken_images
        images = [str(one.get("image", "")) for one in pod["spec"]["containers"]]
        return [one for one in images if ANY in broken or one in broken or _BROKEN.search(one) or not _IMAGE.match(one)]

    # -- what a pod's status says --------------------------------------------------------------------------------------

    def _common(self, pod: Object, node: Object) -> dict[str, Any]:
        status, now = pod.get("status") or {}, self._cluster.now()
        addresses = (node.get("status") or {}).get("addresses") or ()
        host = next((one["address"] for one in addresses if one.get("type") == "InternalIP"), "")
        return {"hostIP": host, "hostIPs": [{"ip": host}], "startTime": status.get("startTime") or now,
                "qosClass": quality(pod["spec"])}  # fmt: skip

    def _show(self, pod: Object, node: Object, *, ready: bool, first: bool) -> None:
        """Running, ready or not yet."""
        status, now = pod.get("status") or {}, self._cluster.now()
        common = self._common(pod, node)
        if first:
            common["startTime"] = now
        shared = pod["spec"].get("hostNetwork")
        ip = common["hostIP"] if shared else status.get("podIP") or self._address(pod, node)
        before = {one["name"]: one for one in status.get("containerStatuses") or ()}
        listed = []
        for one in pod["spec"]["containers"]:
            old = before.get(one["name"])
            if old is not None and "running" in old["state"] and old["image"] == one["image"]:
                listed.append({**old, "ready": ready})
                continue
            restarts = int(old["restartCount"]) + ("running" in old["state"]) if old else 0
            shown = container_status(pod, one, {"running": {"startedAt": now}}, ready=ready, restarts=restarts)
            listed.append({**shown, "lastState": old["lastState"]} if old else shown)
            self._tell_start(pod, one)
        done = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}}
        inits = status.get("initContainerStatuses") or [
            {**container_status(pod, one, done, ready=True), "started": False}
            for one in pod["spec"].get("initContainers") or ()
        ]
        self._write(pod, phase="Running", **common, podIP=ip, podIPs=[{"ip": ip}], containerStatuses=listed,
                    conditions=conditions(pod, now, ready=ready),
                    **({"initContainerStatuses": inits} if inits else {}))  # fmt: skip

    def _pull_in_vain(self, pod: Object, node: Object, images: list[str]) -> None:
        """The pod waits for an image that does not come; a pod that runs already goes on in its other containers."""
        now = self._cluster.now()
        before = {one["name"]: one for one in (pod.get("status") or {}).get("containerStatuses") or ()}
        listed = []
        for one in pod["spec"]["containers"]:
            image, old = str(one.get("image", "")), before.get(one["name"])
            if image not in images:
                state: dict[str, Any] = {"running": {"startedAt": now}}
                listed.append(old if old and "running" in old["state"] else
                              container_status(pod, one, state, ready=True))  # fmt: skip
                continue
            valid = bool(_IMAGE.match(image))
            reason = "ImagePullBackOff" if valid else "InvalidImageName"
            said = f'Back-off pulling image "{image}"' if valid else f'Failed to apply default image tag "{image}"'
            state = {"waiting": {"reason": reason, "message": said}}
            listed.append(
                container_status(pod, one, state, ready=False, restarts=int(old["restartCount"]) if old else 0)
            )
            if old is None or old["state"] != state:
                self._cluster.tell(pod, "Pod", "Pulling", f'Pulling image "{image}"', _BY)
                self._cluster.tell(
                    pod, "Pod", "Failed", f'Failed to pull image "{image}": not found', _BY, warning=True
                )
                self._cluster.tell(pod, "Pod", "BackOff", said, _BY, warning=True)
        common = self._common(pod, node)
        ip = common["hostIP"] if pod["spec"].get("hostNetwork") else (
            (pod.get("status") or {}).get("podIP") or self._address(pod, node))  # fmt: skip
        self._write(pod, phase="Pending", **common, podIP=ip, podIPs=[{"ip": ip}], containerStatuses=listed,
                    conditions=conditions(pod, now, ready=False))  # fmt: skip

    def _end(self, pod: Object, does: Program) -> None:
        """The containers have ended: so does the pod, unless they are to be started again."""
        policy, now = pod["spec"].get("restartPolicy", "Always"), self._cluster.now()
        again = policy == "Always" or (policy == "OnFailure" and does.code)
        reason = "Error" if does.code else "Completed"
        listed = []
        for one in (pod.get("status") or {}).get("containerStatuses") or ():
            born = ((one["state"].get("running")) or {}).get("startedAt", now)
            ended = {"exitCode": does.code, "reason": reason, "startedAt": born, "finishedAt": now,
                     "containerID": one.get("containerID", "")}  # fmt: skip
            if again:
                said = f"back-off 5m0s restarting failed container={one['name']} pod={pod['metadata']['name']}"
                state: dict[str, Any] = {"waiting": {"reason": "CrashLoopBackOff", "message": said}}
                listed.append({**one, "ready": False, "started": False, "restartCount": one["restartCount"] + 1,
                               "lastState": {"terminated": ended}, "state": state})  # fmt: skip
                self._cluster.tell(pod, "Pod", "BackOff", said, _BY, warning=True)
            else:
                listed.append({**one, "ready": False, "started": False, "state": {"terminated": ended}})
        phase = "Running" if again else "Failed" if does.code else "Succeeded"
        self._write(pod, phase=phase, containerStatuses=listed,
                    conditions=conditions(pod, now, ready=False, ended=not again))  # fmt: skip

    def _write(self, pod: Object, **status: Any) -> None:
        set_status(self._cluster, PODS, pod, {**(pod.get("status") or {}), **status})

    def _tell_start(self, pod: Object, container: Object) -> None:
        image, name = container.get("image", ""), container["name"]
        if container.get("imagePullPolicy") == "Always":
            self._cluster.tell(pod, "Pod", "Pulling", f'Pulling image "{image}"', _BY)
            self._cluster.tell(pod, "Pod", "Pulled", f'Successfully pulled image "{image}"', _BY)
        else:
            self._cluster.tell(pod, "Pod", "Pulled", f'Container image "{image}" already present on machine', _BY)
        self._cluster.tell(pod, "Pod", "Created", f"Created container: {name}", _BY)
        self._cluster.tell(pod, "Pod", "Started", f"Started container {name}", _BY)

    def _address(self, pod: Object, node: Object) -> str:
        """The node's next free address, round and round."""
        network = ipaddress.IPv4Network((node.get("spec") or {}).get("podCIDR") or _NETWORK, strict=False)
        size, key = network.num_addresses, str(network)
        for _ in range(size):
            place = self._next.get(key, 2)
            self._next[key] = place + 1 if place + 2 < size else 2
            ip = str(network[place])
            if ip not in self._taken:
                self._taken[ip] = named(pod)
                return ip
        return ""
