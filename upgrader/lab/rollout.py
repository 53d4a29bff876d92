"""DaemonSets, Deployments, pods and slices moved in one pass: as much of a controller manager as CCM's upgrade needs.

What has not changed is not looked at. Pods are made at once and are ready at once, but for images that can't be pulled.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from upgrader.lab.kube.api import KubeApi
from upgrader.lab.kube.local import Local
from upgrader.lab.kube.store import Change, Key, Name, Object

PODS: Key = ("", "pods")
SERVICES: Key = ("", "services")
_ROLLED: dict[Key, str] = {("apps", "daemonsets"): "DaemonSet", ("apps", "deployments"): "Deployment"}
_REVISION = "controller-revision-hash"
_ANY = "*"


class Controllers:
    """Follows one cluster's workloads. `broken_images` are never pulled; `*` stands for all that come."""

    def __init__(self, api: KubeApi) -> None:
        self.broken_images: set[str] = set()
        self._api = api
        self._local = Local(api, "kube-controller-manager")
        self._rolled = True
        self._pods: set[Name] = set()
        self._namespaces: set[str] = set()
        self._made = 0
        self._busy = False
        api.store.listeners.append(self._changed)
        api.after_write.append(self.settle)

    def add_node(self, name: str, ip: str, *, provider_id: str = "", labels: dict[str, str] | None = None,
                 **spec: Any) -> Object:  # fmt: skip
        """A new node, ready; `spec` adds to its spec."""
        self._local.create(
            {
                "apiVersion": "v1", "kind": "Node", "spec": {"providerID": provider_id, **spec},
                "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
            }
        )  # fmt: skip
        version = self._api.version
        info = {"kubeletVersion": version, "kernelVersion": "5.10.134-16.3.al8.x86_64",
                "osImage": "Alibaba Cloud Linux 3", "containerRuntimeVersion": "containerd://1.6.36"}  # fmt: skip
        status = {
            "addresses": [{"type": "InternalIP", "address": ip}, {"type": "Hostname", "address": name}],
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
            "nodeInfo": info,
        }
        return self._local.merge("nodes", name, "", {"status": status}, subresource="status")

    def settle(self) -> None:
        """Move until nothing changes."""
        if self._busy:
            return
        self._busy = True
        try:
            while self._rolled or self._pods or self._namespaces:
                self._step()
        finally:
            self._busy = False

    def _step(self) -> None:
        if self._rolled:
            self._rolled = False
            for (group, plural), kind in _ROLLED.items():
                for found in self._local.list(plural, group=group):
                    self._roll(kind, plural, found)
        pods, self._pods = self._pods, set()
        for namespace, name in sorted(pods):
            self._run(namespace, name)
        namespaces, self._namespaces = self._namespaces, set()
        for namespace in sorted(namespaces):
            self._serve(namespace)

    def _changed(self, change: Change) -> None:
        namespace = change.object["metadata"].get("namespace", "")
        if change.key in _ROLLED or change.key[1] == "nodes":
            self._rolled = True
        elif change.key == PODS:
            self._rolled = self._rolled or bool(change.object["metadata"].get("ownerReferences"))
            self._namespaces.add(namespace)
            if change.kind == "ADDED":
                self._pods.add((namespace, change.object["metadata"]["name"]))
        elif change.key == SERVICES:
            self._namespaces.add(namespace)

    # -- workloads -------------------------------------------------------------------------------------------------

    def _roll(self, kind: str, plural: str, found: Object) -> None:
        template, metadata = found["spec"]["template"], found["metadata"]
        revision = hashlib.sha256(msgspec.json.encode(template, order="sorted")).hexdigest()[:8]
        nodes = self._nodes(template, kind, int(found["spec"].get("replicas") or 0))
        held = set()
        for pod in self._owned(metadata):
            if pod["metadata"]["labels"].get(_REVISION) == revision and pod["spec"].get("nodeName") in nodes:
                held.add(pod["spec"]["nodeName"])
            else:
                self._local.delete("pods", pod["metadata"]["name"], metadata["namespace"])
        for node in nodes:
            if node not in held:
                self._make(kind, metadata, template, revision, node)
        self._tell(kind, plural, found, len(nodes))

    def _nodes(self, template: Object, kind: str, replicas: int) -> list[str]:
        wanted = (template["spec"].get("nodeSelector") or {}).items()
        nodes = [
            one["metadata"]["name"]
            for one in self._local.list("nodes")
            if all((one["metadata"].get("labels") or {}).get(name) == value for name, value in wanted)
        ]
        return nodes if kind == "DaemonSet" else nodes[:replicas]

    def _owned(self, metadata: Object) -> list[Object]:
        return [
            pod
            for pod in self._local.list("pods", metadata["namespace"])
            if any(one.get("uid") == metadata["uid"] for one in pod["metadata"].get("ownerReferences") or ())
        ]

    def _make(self, kind: str, metadata: Object, template: Object, revision: str, node: str) -> None:
        self._made += 1
        owner = {
            "apiVersion": "apps/v1",
            "kind": kind,
            "name": metadata["name"],
            "uid": metadata["uid"],
            "controller": True,
        }
        labels = {**(template.get("metadata") or {}).get("labels", {}), _REVISION: revision}
        name = f"{metadata['name']}-{self._api.store.new_suffix()}"
        self._local.create(
            {
                "apiVersion": "v1", "kind": "Pod", "spec": {**template["spec"], "nodeName": node},
                "metadata": {"name": name, "namespace": metadata["namespace"], "labels": labels,
                             "ownerReferences": [owner]},
            }
        )  # fmt: skip
        self._run(metadata["namespace"], name)

    def _tell(self, kind: str, plural: str, found: Object, total: int) -> None:
        ready = sum(1 for pod in self._owned(found["metadata"]) if _is_ready(pod))
        status: dict[str, Any] = {"observedGeneration": found["metadata"].get("generation", 1)}
        if kind == "DaemonSet":
            status |= {"desiredNumberScheduled": total, "currentNumberScheduled": total, "numberMisscheduled": 0,
                       "updatedNumberScheduled": total, "numberReady": ready, "numberAvailable": ready}  # fmt: skip
        else:
            status |= {"replicas": total, "updatedReplicas": total, "readyReplicas": ready, "availableReplicas": ready}
        if any((found.get("status") or {}).get(name) != value for name, value in status.items()):
            place = found["metadata"]["namespace"]
            self._local.merge(plural, found["metadata"]["name"], place, {"status": status}, group="apps",
                              subresource="status")  # fmt: skip

    # -- pods and slices -------------------------------------------------------------------------------------------

    def _run(self, namespace: str, name: str) -> None:
        """A pod gets an address and is ready, unless its image can't be pulled."""
        pod = self._local.get("pods", name, namespace)
        if pod is None or (pod.get("status") or {}).get("containerStatuses"):
            return
        containers = pod["spec"]["containers"]
        images = {one["image"] for one in containers}
        if _ANY in self.broken_images or images & self.broken_images:
            said = f'Back-off pulling image "{min(images)}"'
            state: dict[str, Any] = {"waiting": {"reason": "ImagePullBackOff", "message": said}}
            status: dict[str, Any] = {"phase": "Pending", "conditions": [{"type": "Ready", "status": "False"}]}
        else:
            self._made += 1
            state = {"running": {"startedAt": self._local.objects.now()}}
            ip = f"172.20.{self._made // 250}.{self._made % 250 + 1}"
            status = {
                "phase": "Running",
                "podIP": ip,
                "podIPs": [{"ip": ip}],
                "conditions": [{"type": "Ready", "status": "True"}],
            }
        ready = "running" in state
        status["containerStatuses"] = [
            {"name": one["name"], "image": one["image"], "imageID": "", "ready": ready, "started": ready,
             "restartCount": 0, "state": state}
            for one in containers
        ]  # fmt: skip
        self._local.merge("pods", name, namespace, {"status": status}, subresource="status")

    def _serve(self, namespace: str) -> None:
        """Slices and Endpoints of a namespace follow its pods."""
        by_label: dict[tuple[str, str], list[Object]] = {}
        for pod in self._local.list("pods", namespace):
            if (pod.get("status") or {}).get("podIP"):
                for label in (pod["metadata"].get("labels") or {}).items():
                    by_label.setdefault(label, []).append(pod)
        for service in self._local.list("services", namespace):
            selector = (service.get("spec") or {}).get("selector")
            if selector:
                first, *rest = selector.items()
                pods = [
                    pod for pod in by_label.get(first, ())
                    if all(pod["metadata"]["labels"].get(name) == value for name, value in rest)
                ]  # fmt: skip
                self._slice(service, pods)

    def _slice(self, service: Object, pods: list[Object]) -> None:
        name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
        place = {"namespace": namespace}
        endpoints = [
            {
                "addresses": [pod["status"]["podIP"]], "nodeName": pod["spec"]["nodeName"],
                "conditions": {"ready": True, "serving": True, "terminating": False},
                "targetRef": {"kind": "Pod", "name": pod["metadata"]["name"], **place},
            }
            for pod in pods
        ]  # fmt: skip
        ports = [{"name": one.get("name", ""), "port": _number(one), "protocol": one.get("protocol", "TCP")}
                 for one in service["spec"].get("ports") or ()]  # fmt: skip
        self._put(
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
             "endpoints": endpoints, "ports": ports,
             "metadata": {"name": f"{name}-lab", "labels": {"kubernetes.io/service-name": name}, **place}},
            "endpointslices", "discovery.k8s.io", ("endpoints", "ports"),
        )  # fmt: skip
        addresses = [
            {"ip": one["addresses"][0], "nodeName": one["nodeName"], "targetRef": one["targetRef"]} for one in endpoints
        ]
        subsets = [{"addresses": addresses, "ports": ports}] if addresses else []
        self._put({"apiVersion": "v1", "kind": "Endpoints", "subsets": subsets, "metadata": {"name": name, **place}},
                  "endpoints", "", ("subsets",))  # fmt: skip

    def _put(self, wanted: Object, plural: str, group: str, parts: tuple[str, ...]) -> None:
        metadata = wanted["metadata"]
        old = self._local.get(plural, metadata["name"], metadata["namespace"], group)
        if old is None or any((old.get(part) or []) != wanted[part] for part in parts):
            self._local.put(wanted)


def _number(port: Object) -> int:
    """The pods' port: a name stands for 8080, which is what the lab's containers call by names."""
    target = port.get("targetPort", port["port"])
    return target if isinstance(target, int) else 8080


def _is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)
