"""A pod of the lab that runs a CCM with `--dry-run`: the findings and events that the real one leaves, then it ends.

Every CLB Service is synced in full against a cloud that refuses writes. Which of several refusals are told follows
from how the version goes on after one (`dry_run` in `data/behaviour.yaml`).
Sources: `pkg/provider/dryrun/` and `clbv1/{dryrun,service_controller,model_applier}.go`, v2.6.0 ... v2.14.0; observed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from upgrader.forecast import forecast_service
from upgrader.forecast.annotations import Annotations
from upgrader.forecast.hash import HASH_LABEL
from upgrader.forecast.shadow import NAME, PLACE
from upgrader.forecast.world import World, default_name
from upgrader.lab.ccm.carry import Hands
from upgrader.lab.ccm.view import View
from upgrader.lab.cloud.errors import CloudError
from upgrader.lab.kube.local import Local
from upgrader.lab.kube.store import Object
from upgrader.matrix.load import load_matrix
from upgrader.matrix.model import Matrix
from upgrader.model.forecast import ServiceForecast, Write
from upgrader.model.kube import Service
from upgrader.model.version import CcmVersion

BATCH = 20
"""So many findings are listed (`BATCHSIZE`); the others are counted only."""
_CHECK = "ccmSLB"
_DONE = (("Create", "created"), ("Delete", "deleted"), ("Remove", "deleted"), ("Untag", "deleted"), ("Add", "added"),
         ("Tag", "added"), ("Start", "running"))  # fmt: skip
_REALLY_SENT = (":CreateVServerGroup", ":AddVServerGroupBackendServers")
_ATTRIBUTE, _GROUP, _LISTENER, _CLEAN_UP = range(4)


class Findings(Struct):
    """What one dry run has found: by key the last one, and how many there were."""

    items: dict[str, dict[str, str]] = field(default_factory=dict)
    failed: int = 0

    def add(self, key: str, lb_id: str, code: str) -> None:
        """One refused write."""
        self.failed += 1
        self.items[key] = {"Name": key, "Id": lb_id, "MessageLevel": "error", "MessageCode": code,
                           "AffectCode": code, "AdviseCode": _CHECK, "Message": ""}  # fmt: skip

    def message(self) -> str:
        """The result as the event holds it."""
        listed = dict(sorted(self.items.items())[:BATCH])
        check = {"Name": _CHECK, "instanceResults": listed, "PassCount": 0, "FailedCount": self.failed,
                 "WarnCount": 0, "UnknownCount": 0}  # fmt: skip
        return json.dumps(
            {"State": "Success", "Reason": "ccm initial process finished", "CheckResults": [check] if listed else None}
        )


class DryRun(Struct, kw_only=True):
    """One dry run of one version over a cluster; `hands` ask the cloud as the identity that the pod was given."""

    version: CcmVersion
    view: View
    local: Local
    hands: Hands

    def run(self) -> None:
        """Sync every CLB Service against a cloud that refuses, then leave the result."""
        found = Findings()
        for service in self.view.services():
            forecast, world = self._forecast(service)
            if forecast.lb == "clb":
                self._one(service, world, forecast, found)
        self._leave(found.message())

    def _forecast(self, service: Service) -> tuple[ServiceForecast, World]:
        """What a full sync would do: a dry run looks at no hash label."""
        labels = {key: value for key, value in service.metadata.labels.items() if key != HASH_LABEL}
        unmarked = replace(service, metadata=replace(service.metadata, labels=labels))
        world = World.of(self.view.facts(unmarked, self.version), self.version, load_matrix())
        return forecast_service(world, unmarked), world

    def _one(self, service: Service, world: World, forecast: ServiceForecast, found: Findings) -> None:
        try:
            self.hands.look_for("clb", default_name(service), Annotations(service).get("id"))
        except CloudError as error:
            self._tell(service, "", f"Message: {error.message}")
            return
        if world.ways.dry_run == "writes":
            self.hands.carry(one for one in forecast.writes if one.action.endswith(_REALLY_SENT))
        texts = []
        tried = [one for one in forecast.writes if code_of(one, world.matrix, self.version)]
        for write in _refused(tried, world.ways.dry_run):
            key, code = _key(service, write), code_of(write, world.matrix, self.version)
            found.add(key, forecast.load_balancer_id, code)
            texts.append(_hint(write, code, forecast.load_balancer_id))
        if forecast.refusal is not None and not texts:
            texts = [forecast.refusal.message.removeprefix("apply model error: ")]
        if texts:
            said = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
            self._tell(service, forecast.load_balancer_id, f"apply model error: {said}")

    def _tell(self, service: Service, lb_id: str, why: str) -> None:
        found = self.local.get("services", service.metadata.name, service.metadata.namespace)
        if found is not None:
            text = f"DryRun: Error syncing load balancer [{lb_id}]: {why}"
            self.local.event(found, "Service", "SyncLoadBalancerFailed", text, warning=True,
                             component="service-controller")  # fmt: skip

    def _leave(self, message: str) -> None:
        pod = {"kind": "Pod", "apiVersion": "v1", "name": "ccm-precheck-pod", "namespace": PLACE}
        event: dict[str, Any] = {
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": NAME, "namespace": PLACE},
            "involvedObject": pod, "reason": "Success", "message": message, "type": "Normal", "source": {},
            "firstTimestamp": None, "lastTimestamp": None, "eventTime": None,
        }  # fmt: skip
        self.local.put(event)


def is_dry(pod: Object) -> bool:
    """Whether a pod's container is started with `--dry-run`."""
    words = [str(word) for one in pod["spec"].get("containers") or () for word in arguments(one)]
    return any(word in ("--dry-run", "--dry-run=true") for word in words)


def arguments(container: Object) -> tuple[Any, ...]:
    """Command and arguments, one after the other."""
    return (*(container.get("command") or ()), *(container.get("args") or ()))


def code_of(write: Write, matrix: Matrix, version: CcmVersion) -> str:
    """The version's code for a request; empty where it has none, and lets the request pass in silence."""
    action = write.action.partition(":")[2]
    known = (one for one in matrix.precheck_codes if one.check == _CHECK and one.told_by(version))
    return next((one.code for one in known if action in one.calls), "")


def _refused(writes: Iterable[Write], way: str) -> Iterator[Write]:
    """The writes that the version tries, although each is refused."""
    due = [one for one in writes if one.effect == "IMMEDIATE"]
    if any(one.action.endswith(":CreateLoadBalancer") for one in due):
        yield from (one for one in due if one.action.endswith(":CreateLoadBalancer"))
        return
    attributes, groups, listeners, unused = ([one for one in due if _stage(one) == stage] for stage in range(4))
    # The first refusal of a group, or of a listener, ends the work on that one.
    groups = list({_group(one): one for one in reversed(groups) if _group(one)}.values())[::-1]
    listeners = list({_port(one): one for one in reversed(listeners)}.values())[::-1]
    yield from (*attributes, *groups)
    if way == "at-once":
        listeners = [one for one in listeners if not _waits(one, groups)]
        yield from listeners
    elif not groups:
        yield from listeners[:1]
    if not (groups or listeners or (attributes and way == "at-once")):
        yield from unused[:1]


def _waits(listener: Write, groups: list[Write]) -> bool:
    """Whether a listener is to forward to a group that was refused; one that goes waits for nothing."""
    if "Delete" in listener.action:
        return False
    return listener.params.get("VServerGroupId", "") in {one.params.get("VServerGroupId", "") for one in groups}


def _group(write: Write) -> str:
    """The group by id, or by name where it is to be made; empty for backends of one that is not made yet."""
    return write.params.get("VServerGroupId") or write.params.get("VServerGroupName") or write.object


def _stage(write: Write) -> int:
    action = write.action.partition(":")[2]
    if action == "DeleteVServerGroup":
        return _CLEAN_UP
    if "Listener" in action or "DomainExtension" in action:
        return _LISTENER
    return _GROUP if "VServerGroup" in action else _ATTRIBUTE


def _hint(write: Write, code: str, lb_id: str) -> str:
    """The refusal's words. That adding tags calls itself UntagResources is the vendor's own slip (dryrun/slb.go)."""
    action, stage = write.action.partition(":")[2], _stage(write)
    if code == "CreateSLB":
        return f"OpenAPI: {action}, Message: need to create loadbalancer"
    what = f" listener {_port(write)}" if stage == _LISTENER else ""
    if stage in (_GROUP, _CLEAN_UP):
        backends = write.params.get("BackendServers", "")
        what = f" vgroup {_group(write)}{f' backends {backends}' if backends else ''}"
    elif code in ("TagSLB", "UntagSLB"):
        tags = ",".join(f"{name.removeprefix('tag ')}={after}" for name, (_, after) in write.changes.items())
        action, what = "UntagResources", f' tags "{tags}"'
    done = next((words for start, words in _DONE if code.startswith(start)), "updated")
    return f"OpenAPI: {action}, Message: loadbalancer {lb_id}{what} should be {done}"


def _port(write: Write) -> str:
    return write.params.get("ListenerPort") or write.object.rpartition(":")[2]


def _key(service: Service, write: Write) -> str:
    """The name of a finding: the Service, and after it a port or a server group."""
    stage = _stage(write)
    if stage == _LISTENER:
        return f"{service.key}/{_port(write)}"
    if stage in (_GROUP, _CLEAN_UP):
        return f"{service.key}/{_group(write)}"
    return service.key
