# ruff: noqa: D102
"""Workloads, pods and slices moved in one pass: as much of a controller manager as CCM's upgrade needs."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from upgrader.lab.kube.api import KubeApi
from upgrader.lab.kube.local import Local


class Controllers:
    """Stands in where the cluster's full controllers are not there."""

    def __init__(self, api: KubeApi) -> None:
        self.api = api
        self.local = Local(api, "kube-controller-manager")
        self.broken_images: set[str] = set()
        self._count = 0
        self._busy = False
        api.after_write.append(self.settle)

    def add_node(
        self, name: str, ip: str, *, provider_id: str = "", labels: dict[str, str] | None = None, **spec: Any
    ) -> Any:
        made = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
            "spec": {"providerID": provider_id, **spec},
            "status": {
                "addresses": [{"type": "InternalIP", "address": ip}],
                "conditions": [{"type": "Ready", "status": "True"}],
                "nodeInfo": {"kubeletVersion": self.api.version, "kernelVersion": "5.10", "osImage": "linux"},
            },
        }
        self.local.create(made)
        return self.local.merge("nodes", name, "", {"status": made["status"]}, subresource="status")

    def settle(self) -> None:
        if self._busy:
            return
        self._busy = True
        try:
            for kind, plural in (("DaemonSet", "daemonsets"), ("Deployment", "deployments")):
                for found in self.local.list(plural, group="apps"):
                    self._roll(kind, plural, found)
            self._pods()
            self._slices()
        finally:
            self._busy = False

    def _roll(self, kind: str, plural: str, found: Any) -> None:
        template = found["spec"]["template"]
        digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:8]
        meta = found["metadata"]
        ns = meta["namespace"]
        selector = template["spec"].get("nodeSelector") or {}
        nodes = [
            n["metadata"]["name"]
            for n in self.local.list("nodes")
            if all((n["metadata"].get("labels") or {}).get(k) == v for k, v in selector.items())
        ]
        if kind == "Deployment":
            nodes = nodes[: int(found["spec"].get("replicas") or 0)]
        mine = [
            p
            for p in self.local.list("pods", ns)
            if any(o.get("uid") == meta["uid"] for o in p["metadata"].get("ownerReferences") or ())
        ]
        for pod in mine:
            if pod["metadata"]["labels"].get("controller-revision-hash") != digest:
                self.local.delete("pods", pod["metadata"]["name"], ns)
        have = {
            p["spec"].get("nodeName")
            for p in self.local.list("pods", ns)
            if p["metadata"].get("labels", {}).get("controller-revision-hash") == digest
            and any(o.get("uid") == meta["uid"] for o in p["metadata"].get("ownerReferences") or ())
        }
        for node in nodes:
            if node not in have:
                self._count += 1
                self.local.create(
                    {
                        "apiVersion": "v1",
                        "kind": "Pod",
                        "metadata": {
                            "name": f"{meta['name']}-{digest[:4]}{self._count}",
                            "namespace": ns,
                            "labels": {**template["metadata"]["labels"], "controller-revision-hash": digest},
                            "ownerReferences": [
                                {
                                    "apiVersion": "apps/v1",
                                    "kind": kind,
                                    "name": meta["name"],
                                    "uid": meta["uid"],
                                    "controller": True,
                                }
                            ],
                        },
                        "spec": {**template["spec"], "nodeName": node},
                    }
                )
        self._pods()
        mine = [
            p
            for p in self.local.list("pods", ns)
            if any(o.get("uid") == meta["uid"] for o in p["metadata"].get("ownerReferences") or ())
        ]
        ready = sum(
            1
            for p in mine
            if any(
                c.get("type") == "Ready" and c.get("status") == "True"
                for c in (p.get("status") or {}).get("conditions") or ()
            )
        )
        total = len(nodes)
        status: dict[str, Any] = {"observedGeneration": meta.get("generation", 1)}
        if kind == "DaemonSet":
            status |= {
                "desiredNumberScheduled": total,
                "currentNumberScheduled": total,
                "updatedNumberScheduled": total,
                "numberReady": ready,
                "numberAvailable": ready,
                "numberMisscheduled": 0,
            }
        else:
            status |= {"replicas": total, "updatedReplicas": total, "readyReplicas": ready, "availableReplicas": ready}
        if {k: (found.get("status") or {}).get(k) for k in status} != status:
            self.local.merge(plural, meta["name"], ns, {"status": status}, group="apps", subresource="status")

    def _pods(self) -> None:
        for pod in self.local.list("pods"):
            phase = (pod.get("status") or {}).get("phase")
            if phase == "Running" or pod["metadata"].get("deletionTimestamp"):
                continue
            bad = next(
                (
                    c["image"]
                    for c in pod["spec"]["containers"]
                    if c["image"] in self.broken_images or "*" in self.broken_images or "bad" in c["image"]
                ),
                "",
            )
            meta = pod["metadata"]
            if bad:
                status = {
                    "phase": "Pending",
                    "containerStatuses": [
                        {
                            "name": c["name"],
                            "image": c["image"],
                            "imageID": "",
                            "ready": False,
                            "restartCount": 0,
                            "state": {
                                "waiting": {
                                    "reason": "ImagePullBackOff",
                                    "message": f'Back-off pulling image "{c["image"]}"',
                                }
                            },
                        }
                        for c in pod["spec"]["containers"]
                    ],
                }
                if (pod.get("status") or {}).get("containerStatuses"):
                    continue
            else:
                self._count += 1
                status = {
                    "phase": "Running",
                    "podIP": f"172.20.{self._count // 250}.{self._count % 250 + 1}",
                    "conditions": [{"type": "Ready", "status": "True"}],
                    "containerStatuses": [
                        {"name": c["name"], "image": c["image"], "imageID": "", "ready": True, "restartCount": 0}
                        for c in pod["spec"]["containers"]
                    ],
                }
            self.local.merge("pods", meta["name"], meta["namespace"], {"status": status}, subresource="status")

    def _slices(self) -> None:
        for service in self.local.list("services"):
            selector = service["spec"].get("selector")
            if not selector:
                continue
            meta = service["metadata"]
            pods = [
                p
                for p in self.local.list("pods", meta["namespace"])
                if all((p["metadata"].get("labels") or {}).get(k) == v for k, v in selector.items())
                and (p.get("status") or {}).get("podIP")
            ]
            endpoints = [
                {
                    "addresses": [p["status"]["podIP"]],
                    "conditions": {"ready": True, "serving": True, "terminating": False},
                    "nodeName": p["spec"]["nodeName"],
                    "targetRef": {"kind": "Pod", "namespace": meta["namespace"], "name": p["metadata"]["name"]},
                }
                for p in pods
            ]
            ports = [
                {
                    "name": p.get("name", ""),
                    "port": p["targetPort"] if isinstance(p.get("targetPort"), int) else 8080,
                    "protocol": p.get("protocol", "TCP"),
                }
                for p in service["spec"]["ports"]
            ]
            name = f"{meta['name']}-lab"
            body = {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "addressType": "IPv4",
                "metadata": {
                    "name": name,
                    "namespace": meta["namespace"],
                    "labels": {"kubernetes.io/service-name": meta["name"]},
                },
                "endpoints": endpoints,
                "ports": ports,
            }
            old = self.local.get("endpointslices", name, meta["namespace"], "discovery.k8s.io")
            if old is None or old.get("endpoints") != endpoints or old.get("ports") != ports:
                self.local.put(body)
            subsets = (
                [
                    {
                        "addresses": [
                            {"ip": e["addresses"][0], "nodeName": e["nodeName"], "targetRef": e["targetRef"]}
                            for e in endpoints
                        ],
                        "ports": ports,
                    }
                ]
                if endpoints
                else []
            )
            old = self.local.get("endpoints", meta["name"], meta["namespace"])
            if old is None or (old.get("subsets") or []) != subsets:
                self.local.put(
                    {
                        "apiVersion": "v1",
                        "kind": "Endpoints",
                        "metadata": {"name": meta["name"], "namespace": meta["namespace"]},
                        "subsets": subsets,
                    }
                )
