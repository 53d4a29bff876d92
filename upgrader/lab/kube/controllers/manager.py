"""Runs the controllers of one cluster: every change tells them what to look at, until nothing changes any more."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from upgrader.lab.kube.controllers.accounts import Accounts
from upgrader.lab.kube.controllers.base import Cluster, Controller, Hooks, Timed
from upgrader.lab.kube.controllers.cronjobs import CronJobs
from upgrader.lab.kube.controllers.daemonsets import DaemonSets
from upgrader.lab.kube.controllers.definitions import CustomDefinitions
from upgrader.lab.kube.controllers.deployments import Deployments
from upgrader.lab.kube.controllers.disruptions import Disruptions
from upgrader.lab.kube.controllers.endpoints import EndpointsOfServices
from upgrader.lab.kube.controllers.garbage import Garbage
from upgrader.lab.kube.controllers.jobs import Jobs
from upgrader.lab.kube.controllers.kubelet import Kubelet
from upgrader.lab.kube.controllers.namespaces import Namespaces
from upgrader.lab.kube.controllers.nodes import Nodes, node
from upgrader.lab.kube.controllers.replicasets import ReplicaSets
from upgrader.lab.kube.controllers.scheduler import Scheduler
from upgrader.lab.kube.controllers.statefulsets import StatefulSets
from upgrader.lab.kube.local import Local
from upgrader.lab.kube.store import Change, Name, Object
from upgrader.model.errors import BugError

if TYPE_CHECKING:
    from upgrader.lab.kube.api import KubeApi

STEPS_LIMIT = 2_000_000


class Controllers:
    """The controllers of one cluster. They follow each write of the API, and whoever calls `settle`."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api
        self.hooks = Hooks()
        self.cluster = Cluster(store=api.store, local=Local(api), hooks=self.hooks, now=api.objects.now,
                               clock=api.clock)  # fmt: skip
        self._kubelet = Kubelet(self.cluster)
        self._controllers: tuple[Controller, ...] = (
            Accounts(self.cluster), CustomDefinitions(self.cluster), Namespaces(self.cluster), Garbage(self.cluster),
            Nodes(self.cluster), Deployments(self.cluster), ReplicaSets(self.cluster),
            DaemonSets(self.cluster), StatefulSets(self.cluster), CronJobs(self.cluster), Jobs(self.cluster),
            Scheduler(self.cluster),
            self._kubelet, EndpointsOfServices(self.cluster), Disruptions(self.cluster),
        )  # fmt: skip
        self._timed = tuple((place, one) for place, one in enumerate(self._controllers) if isinstance(one, Timed))
        self._queue: OrderedDict[tuple[int, Name], None] = OrderedDict()
        self._busy = False
        api.store.listeners.append(self._changed)
        api.after_write.append(self.settle)
        api.on_load.append(self.restart)
        self.restart()

    @property
    def broken_images(self) -> set[str]:
        """Images that are never pulled; `*` stands for all. Some names say it themselves: see kubelet."""
        return self.cluster.broken_images

    @property
    def ready_after_s(self) -> float:
        """How long a pod takes to become ready, by the lab's time."""
        return self.cluster.ready_after_s

    @ready_after_s.setter
    def ready_after_s(self, seconds: float) -> None:
        self.cluster.ready_after_s = seconds

    def add_node(self, name: str, ip: str, *, provider_id: str = "", labels: dict[str, str] | None = None,
                 ready: bool = True, **spec: Any) -> Object:  # fmt: skip
        """A new node, ready unless it is said otherwise; `spec` adds to its spec (`taints`, `unschedulable`)."""
        version = self._api.version
        made = node(
            name, ip, version, self.cluster.now(), provider_id=provider_id, labels=labels, ready=ready, spec=spec
        )
        created = self.cluster.local.create(made)
        found = self.cluster.local.update({**made, "metadata": created["metadata"]}, subresource="status")
        self.settle()
        return found

    def restart(self) -> None:
        """Look at everything again: a saved cluster was loaded."""
        self._queue.clear()
        self.cluster.index.forget()
        self._kubelet.forget()
        for _, one in self._timed:
            one.alarms.clear()
        store = self._api.store
        for key in store.keys():  # noqa: SIM118 - a store is no mapping
            for found in store.list(key):
                self._changed(Change(0, key, "ADDED", found))

    def next_s(self) -> float | None:
        """After how many seconds of the lab's time to call `settle` again, None for never."""
        return min((when for _, one in self._timed if (when := one.alarms.next_s()) is not None), default=None)

    def settle(self) -> int:
        """Move until nothing changes; returns how many looks it took."""
        with self._api.store.guard:
            if self._busy:
                return 0
            self._busy = True
            try:
                return self._move()
            finally:
                self._busy = False

    def _move(self) -> int:
        for name in self._kubelet.waiting():
            self._queue[(self._controllers.index(self._kubelet), name)] = None
        for place, one in self._timed:
            for name in one.alarms.due():
                self._queue[(place, name)] = None
        steps = 0
        while self._queue:
            (place, name), _ = self._queue.popitem(last=False)
            self._controllers[place].look(name)
            steps += 1
            if steps > STEPS_LIMIT:
                raise BugError("the lab's controllers do not come to rest", why=f"at {name[0]}/{name[1]}")
        return steps

    def _changed(self, change: Change) -> None:
        self.cluster.index.changed(change)
        for place, one in enumerate(self._controllers):
            for name in one.concerns(change):
                self._queue[(place, name)] = None
