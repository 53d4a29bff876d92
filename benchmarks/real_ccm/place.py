"""Where a CCM works: the lab's cloud alone, and the lab's Kubernetes API without any controller of its own beside it.

Nodes, pods, Endpoints and EndpointSlices are written by hand, so that the CCM under test is the only thing that moves.
"""

from __future__ import annotations

import base64
import random
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml
from aiohttp import web

from benchmarks.real_ccm.binary import Ccm, find_binary
from benchmarks.real_ccm.door import Door
from upgrader.lab.cloud import seed as plant
from upgrader.lab.journal import Request
from upgrader.lab.kube.api import KubeApi
from upgrader.lab.kube.local import Local
from upgrader.lab.lab import Lab
from upgrader.model.version import CcmVersion
from upgrader.ports.clock import SystemClock

CLUSTER_ID = "c0123456789abcdef0123456789abcdef"
VPC = "vpc-lab"
REGION = "cn-hangzhou"
ELSEWHERE = "vpc-elsewhere"
NODES = 5
# More than any version puts into one request.
MANY_NODES = 60
NAMESPACES = ("default", "prod", "team-a", "kube-system", "a-namespace-with-a-rather-long-name-for-testing-purposes")
Object = dict[str, Any]
_NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
_TAINT = {"key": "ToBeDeletedByClusterAutoscaler", "value": "1", "effect": "NoSchedule"}
SORTS: tuple[Object, ...] = (
    {}, {}, {}, {"spec": {"unschedulable": True}}, {"ready": "False"}, {"spec": {"taints": [_TAINT]}},
    {"spec": {"taints": [_NOT_READY]}},
    *({"labels": {name: value}} for name, value in (
        ("node-role.kubernetes.io/master", ""), ("type", "virtual-kubelet"), ("type", "virtual-kubelet"),
        ("node.kubernetes.io/exclude-from-external-load-balancers", ""),
        ("alpha.service-controller.kubernetes.io/exclude-balancer", ""),
        ("service.beta.kubernetes.io/exclude-node", "true"), ("service.alibabacloud.com/exclude-node", "true"),
    )),
)  # fmt: skip


class Place:
    """One lab; `with Place(directory) as place`."""

    def __init__(self, directory: Path, *, seed: int = 0) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.lab = Lab(seed=seed, directory=directory)
        self.api = KubeApi(f"{seed}", self.lab.cloud.clock, version="v1.28.3")
        self.local = Local(self.api, "hand")
        self.lab.server.kubernetes = self._kubernetes
        self.kubeconfig = directory / "kubeconfig"
        self._door: Door | None = None

    def __enter__(self) -> Place:
        self.lab.start()
        # CCM looks again after twenty seconds where an NLB is not there at once.
        self.lab.cloud.world.rules.nlb_job_s = self.lab.cloud.world.rules.nlb_create_s = 0
        ports = [int(url.rpartition(":")[2]) for url in (self.lab.secure_url, self.lab.url)]
        self._door = Door(*ports, {"region-id": REGION, "vpc-id": VPC, "zone-id": f"{REGION}-h",
                                 "vswitch-id": "vsw-lab-h", "instance-id": "i-node1"})  # fmt: skip
        self.kubeconfig.write_text(self._kubeconfig(), encoding="utf-8")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._door is not None:
            self._door.close()
        self.lab.stop()

    async def _kubernetes(self, request: web.Request, _: str, rest: str) -> web.StreamResponse:
        return await self.api.handle(request, rest)

    def _kubeconfig(self) -> str:
        ca = base64.b64encode(self.lab.ca_file.read_bytes()).decode()
        server = f"{self.lab.secure_url}/k8s/{CLUSTER_ID}"
        return yaml.safe_dump(
            {
                "apiVersion": "v1", "kind": "Config", "current-context": "real",
                "clusters": [{"name": "real", "cluster": {"server": server, "certificate-authority-data": ca}}],
                "users": [{"name": "real", "user": {"token": "any"}}],
                "contexts": [{"name": "real", "context": {"cluster": "real", "user": "real"}}],
            }
        )  # fmt: skip

    # -- CCM -------------------------------------------------------------------------------------------------------

    def ccm(self, folder: Path, version: CcmVersion, *, extra: tuple[str, ...] = ()) -> Ccm:
        """A CCM of that version, not yet started."""
        assert self._door is not None
        config: dict[str, str | int] = {
            "clusterID": CLUSTER_ID, "region": REGION, "vpcid": VPC, "vswitchid": f"{REGION}-h:vsw-lab-h",
            "serviceMaxConcurrentReconciles": 12,
        }  # fmt: skip
        return Ccm(
            find_binary(folder, version), version, self.directory, kubeconfig=self.kubeconfig, ca=self.lab.ca_file,
            door=self._door.url, config=config, extra=extra,
        )  # fmt: skip

    def quiet(self, ccm: Ccm, *, for_s: float, limit_s: float, first_s: float = 0.0) -> bool:
        """Wait until the cloud was asked nothing new for so long; False when the limit or CCM's end came first.

        What was asked before with the same words is no news: what the cloud refuses, CCM asks for ever. The first
        request may take `first_s`: on a busy machine CCM is slow to start.
        """
        cloud, end = self.lab.cloud, time.monotonic() + limit_s
        begun = last = time.monotonic()
        seen, asked = cloud.journal.last_seq, set[tuple[str, ...]]()
        while time.monotonic() < end and ccm.alive():
            SystemClock().sleep(0.25)
            if cloud.journal.last_seq != seen:
                fresh = {(one.action, one.code, *_words(one)) for one in self.requests(seen)}
                seen = cloud.journal.last_seq
                if not fresh <= asked:
                    asked |= fresh
                    last = time.monotonic()
            now = time.monotonic()
            if now - last > for_s and (last > begun or now - begun > max(first_s, for_s)):
                return True
        return False

    # -- the world -------------------------------------------------------------------------------------------------

    def write(self, *objects: Object) -> None:
        """Create or replace objects, on the lab's own loop so that watchers see them."""

        def act() -> None:
            for one in objects:
                self.local.put(one)
                if one.get("status") and one["kind"] in ("Node", "Pod", "Service"):
                    plural = f"{one['kind'].lower()}s"
                    self.local.merge(plural, one["metadata"]["name"], one["metadata"].get("namespace", ""),
                                     {"status": one["status"]}, subresource="status")  # fmt: skip

        self._act(act)

    def patch(self, plural: str, namespace: str, name: str, patch: Object) -> None:
        """A merge patch."""
        self._act(lambda: self.local.merge(plural, name, namespace, patch))

    def delete(self, plural: str, namespace: str, name: str) -> None:
        """Delete one object."""
        self._act(lambda: self.local.delete(plural, name, namespace))

    def objects(self, plural: str, group: str = "") -> list[Object]:
        """What is there."""
        return list(self.lab.run(lambda: self.local.list(plural, group=group)))

    def requests(self, since: int = 0) -> tuple[Request, ...]:
        """The cloud's journal."""
        return self.lab.cloud.journal.requests(since=since)

    def _act(self, act: Any) -> None:
        def moved() -> None:
            act()
            self.api.settle()

        self.lab.run(moved)

    def furnish(self, mixed: random.Random | None = None, *, count: int = NODES) -> None:
        """Namespaces, and so many nodes with machines behind them; `mixed`: of every sort that CCM tells apart."""
        for name in NAMESPACES:
            if self.lab.run(lambda name=name: self.local.get("namespaces", name)) is None:
                self.write({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for place in range(1, count + 1):
            name = f"node{place}"
            plant.add_instance(self.lab.cloud.world, f"i-{name}", f"192.168.0.{place}", VPC)
            sort = mixed.choice(SORTS) if mixed and place > 1 else {}
            self.write(_node(name, f"192.168.0.{place}", sort))


def _words(request: Request) -> list[str]:
    """What a request says, without what is new in each."""
    return [value for name, value in sorted(request.params.items()) if name not in ("ClientToken", "Timestamp")]


def _node(name: str, ip: str, sort: Object) -> Object:
    labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/region": REGION,
              "topology.kubernetes.io/zone": f"{REGION}-h", **sort.get("labels", {})}  # fmt: skip
    return {
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels},
        "spec": {"providerID": f"{REGION}.i-{name}", **sort.get("spec", {})},
        "status": {
            "addresses": [{"type": "InternalIP", "address": ip}, {"type": "Hostname", "address": name}],
            "conditions": [{"type": "Ready", "status": sort.get("ready", "True"), "reason": "KubeletReady",
                            "lastHeartbeatTime": "2026-01-01T00:00:00Z", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
        },
    }  # fmt: skip
