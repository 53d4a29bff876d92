"""The simulated CCM of one cluster: who leads, which Services wait, and one of them at a time brought in order.

Time is the lab's: a Service that failed is tried again later, each time after a longer pause, as the real one's work
queue does. Nothing here waits: `work` does what is due and says when to call it again.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from upgrader.forecast.select import CLB_FINALIZER, NLB_CLASS, NLB_FINALIZER
from upgrader.forecast.world import World
from upgrader.lab.ccm import leadership
from upgrader.lab.ccm.carry import Hands
from upgrader.lab.ccm.leadership import Candidate
from upgrader.lab.ccm.remove import remove
from upgrader.lab.ccm.sync import Sync, finalizer_of
from upgrader.lab.ccm.tell import Teller
from upgrader.lab.ccm.view import NODES, PODS, SERVICES, SLICES, View, service_of_slice
from upgrader.lab.cloud.call import Caller
from upgrader.lab.cloud.cloud import Cloud
from upgrader.lab.cloud.errors import CloudError
from upgrader.lab.kube.api import KubeApi
from upgrader.lab.kube.local import Local
from upgrader.lab.kube.store import Change, Object
from upgrader.matrix.load import load_matrix
from upgrader.model.cloud import LbKind
from upgrader.model.facts import ClusterIdentity
from upgrader.model.kube import Service
from upgrader.model.version import CcmVersion
from upgrader.ports.clock import SystemClock

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
Name = tuple[str, str]
_MACHINE = SystemClock()


class Account(Struct, frozen=True, kw_only=True):
    """Where and as whom a CCM works in the cloud."""

    cloud: Cloud
    caller: Caller
    vswitch_id: str = ""


class Ccm:
    """Follows one cluster's objects. `control_plane` is the version that runs outside it, None when pods run CCM."""

    def __init__(self, api: KubeApi, account: Account, identity: ClusterIdentity, cloud_config: dict[str, str]) -> None:
        self.api = api
        self.account = account
        self.identity = identity
        self.view = View(api, account.cloud, identity, cloud_config)
        self.leader: Candidate | None = None
        self.control_plane: CcmVersion | None = None
        self.paused = False
        self._local = Local(api, "cloud-controller-manager")
        self._waiting: dict[Name, float] = {}
        self._pauses: dict[Name, float] = {}
        self._edits: list[Change] = []
        self._pods_moved = True
        self._busy = False
        api.store.listeners.append(self._changed)

    @property
    def version(self) -> CcmVersion | None:
        """What runs, None when nobody leads."""
        return self.leader.version if self.leader else None

    def run_in_control_plane(self, version: CcmVersion) -> None:
        """A managed CCM: ACK runs it, no pod of it is in the cluster."""
        self.control_plane = version
        self._pods_moved = True

    def look_again(self) -> None:
        """Everything is to be looked at anew: a saved cluster was loaded."""
        self.view.forget()
        self.leader = None
        self._pods_moved = True
        self._waiting.clear()

    def retry_now(self) -> bool:
        """Try at once what waits for its pause to end: rights or time have moved. Whether anything waits."""
        self._waiting = dict.fromkeys(self._waiting, 0.0)
        return bool(self._waiting)

    @property
    def pending(self) -> bool:
        """Whether something is due now."""
        return self._pods_moved or (self.leader is not None and self._due() is not None)

    def work(self, limit_s: float = 3600.0) -> float | None:
        """Do what is due, for at most so long. Returns after how many seconds to call again, None when all is done."""
        if self._busy or self.paused:
            return None
        self._busy = True
        end = _MACHINE.monotonic() + limit_s
        try:
            while True:
                if self._pods_moved:
                    self._elect()
                self._tell_edits()
                due = self._due()
                if due is None or self.leader is None:
                    break
                self._one(due, self.leader.version)
                if _MACHINE.monotonic() > end:
                    return 0.0
        finally:
            self._busy = False
        if not self._waiting or self.leader is None:
            return None
        return max(0.0, min(self._waiting.values()) - self._now())

    def _now(self) -> float:
        return self.account.cloud.clock.monotonic()

    def _due(self) -> Name | None:
        now = self._now()
        return next((name for name, when in self._waiting.items() if when <= now), None)

    def _elect(self) -> None:
        """The leader stays while its pod does; another takes the lock over and looks at every Service."""
        self._pods_moved = False
        found = self._candidates()
        if self.leader in found:
            return
        self.leader = found[0] if found else None
        if self.leader is None:
            return
        leadership.hold(self._local, self.leader)
        self._all_services()

    def _candidates(self) -> list[Candidate]:
        if self.control_plane is not None:
            return [Candidate(f"cloud-controller-manager-{self.control_plane}_{self.identity.id}", self.control_plane)]
        return leadership.candidates(self.api.store.list(PODS, leadership.NAMESPACE))

    def _tell_edits(self) -> None:
        """CCM says what it has seen edited, before it acts on it."""
        edits, self._edits = self._edits, []
        for change in edits:
            service = self.view.decoded(change.object)
            if self.version is not None and change.before is not None and _concerns(service):
                kind: LbKind = "nlb" if service.spec.load_balancer_class == NLB_CLASS else "clb"
                self._teller(self.version).edited(change.before, change.object, kind)

    def _all_services(self) -> None:
        for service in self.view.services():
            if _concerns(service):
                self._enqueue((service.metadata.namespace, service.metadata.name))

    def _enqueue(self, name: Name) -> None:
        self._waiting[name] = 0.0
        self._pauses.pop(name, None)

    def _one(self, name: Name, version: CcmVersion) -> None:
        self._waiting.pop(name, None)
        service = self.view.service(*name)
        if service is None or not _concerns(service):
            return
        if self._reconcile(service, version):
            pause_s = self._pauses.get(name, FIRST_PAUSE_S / 2) * 2
            self._pauses[name] = min(pause_s, LONGEST_PAUSE_S)
            self._waiting[name] = self._now() + self._pauses[name]
        else:
            self._pauses.pop(name, None)

    def _reconcile(self, service: Service, version: CcmVersion) -> bool:
        """One Service; True when it is to be tried again."""
        metadata = service.metadata
        held = {CLB_FINALIZER, NLB_FINALIZER} & set(metadata.finalizers)
        if metadata.deletion_timestamp or (held and not service.is_load_balancer):
            return bool(held) and self._release(service, version)
        sync = Sync(version=version, view=self.view, local=self._local, tell=self._teller(version))
        return sync.run(service, self.hands(version))

    def _release(self, service: Service, version: CcmVersion) -> bool:
        """Delete the load balancer, then let the Service go."""
        kind: LbKind = "nlb" if NLB_FINALIZER in service.metadata.finalizers else "clb"
        tell = self._teller(version)
        try:
            self._delete(service, version, kind)
        except CloudError as error:
            tell.not_cleaned(service, kind, error)
            return True
        tell.cleaned(service, kind)
        metadata = service.metadata
        kept = [one for one in metadata.finalizers if one != finalizer_of(kind)]
        gone = {
            label: None
            for label in metadata.labels
            if label.startswith(("service.k8s.alibaba/", "service.beta.kubernetes.io/hash"))
        }
        patch: Object = {"metadata": {"finalizers": kept or None, **({"labels": gone} if gone else {})}}
        if not metadata.deletion_timestamp:
            self._local.merge("services", metadata.name, metadata.namespace,
                              {"status": {"loadBalancer": {"ingress": None}}}, subresource="status")  # fmt: skip
        self._local.merge("services", metadata.name, metadata.namespace, patch)
        return False

    def _delete(self, service: Service, version: CcmVersion, kind: LbKind) -> None:
        world = World.of(self.view.facts(service, version), version, load_matrix())
        remove(world, service, kind, self.hands(version))

    def _teller(self, version: CcmVersion) -> Teller:
        return Teller(local=self._local, version=version)

    def hands(self, version: CcmVersion, caller: Caller | None = None) -> Hands:
        """A version's way to the cloud, as the account's caller unless another is given."""
        account = self.account
        return Hands(cloud=account.cloud, caller=caller or account.caller, region=self.identity.region,
                     version=version, vswitch_id=account.vswitch_id)  # fmt: skip

    def _changed(self, change: Change) -> None:
        """What a CCM watches: Services, where their pods are, nodes, and the pods that run CCM itself."""
        follow = _FOLLOW.get(change.key)
        if follow is not None:
            follow(self, change)

    def _service_changed(self, change: Change) -> None:
        metadata = change.object["metadata"]
        name = (metadata.get("namespace", ""), metadata["name"])
        if change.kind == "DELETED":
            self._waiting.pop(name, None)
            self._gone(change.object)
        elif change.before is None or _matters(change.before) != _matters(change.object):
            self._enqueue(name)
            if change.before is not None:
                self._edits.append(change)

    def _gone(self, found: Object) -> None:
        """A Service that no finalizer held: versions without one delete its load balancer now."""
        service = self.view.decoded(found)
        version = self.version
        if version is None or not service.is_load_balancer or service.metadata.finalizers:
            return
        from upgrader.matrix.behaviour import behaviour

        if not behaviour(version).finalizer:
            kind: LbKind = "nlb" if service.spec.load_balancer_class == NLB_CLASS else "clb"
            try:
                self._delete(service, version, kind)
            except CloudError:
                return  # It stays behind in the cloud, as it does there.

    def _slice_changed(self, change: Change) -> None:
        name = service_of_slice(change.object)
        found = self.api.store.get(SERVICES, *name)
        same = change.before is not None and all(
            change.before.get(part) == change.object.get(part) for part in ("endpoints", "ports")
        )
        if found is not None and not same and (found.get("spec") or {}).get("type") == "LoadBalancer":
            self._enqueue(name)

    def _node_changed(self, change: Change) -> None:
        if change.before is None or change.kind == "DELETED" or _node(change.before) != _node(change.object):
            self._all_services()

    def _pod_changed(self, change: Change) -> None:
        if change.object["metadata"].get("namespace") == leadership.NAMESPACE:
            self._pods_moved = True


_FOLLOW: dict[tuple[str, str], Callable[[Ccm, Change], None]] = {
    SERVICES: Ccm._service_changed,
    SLICES: Ccm._slice_changed,
    NODES: Ccm._node_changed,
    PODS: Ccm._pod_changed,
}


def _concerns(service: Service) -> bool:
    return service.is_load_balancer or not {CLB_FINALIZER, NLB_FINALIZER}.isdisjoint(service.metadata.finalizers)


def _matters(found: Object) -> tuple[object, ...]:
    """The part of a Service whose change CCM reacts to."""
    metadata = found["metadata"]
    return found.get("spec"), metadata.get("annotations"), metadata.get("deletionTimestamp")


def _node(found: Object) -> tuple[object, ...]:
    """The part of a node whose change moves backends."""
    spec, status = found.get("spec") or {}, found.get("status") or {}
    ready = [one.get("status") for one in status.get("conditions") or () if one.get("type") == "Ready"]
    return found["metadata"].get("labels"), spec.get("unschedulable"), spec.get("taints"), spec.get("providerID"), ready
