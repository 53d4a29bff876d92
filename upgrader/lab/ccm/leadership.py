"""Who leads: the lock objects of each version, held by one of the pods that run it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from upgrader.lab.ccm.dry_run import is_dry
from upgrader.lab.kube.local import Local
from upgrader.lab.kube.store import Object
from upgrader.matrix.startup import load_startup
from upgrader.model.version import CcmVersion, version_of_image

NAMESPACE, NAME = "kube-system", "ccm"
_RECORD = "control-plane.alpha.kubernetes.io/leader"


class Candidate(Struct, frozen=True):
    """A process that may lead: its name as the lock shows it, and what it runs."""

    name: str
    version: CcmVersion


def candidates(pods: list[Object]) -> list[Candidate]:
    """The ready pods that run a CCM, oldest first."""
    found = []
    for pod in sorted(pods, key=lambda one: (one["metadata"].get("creationTimestamp") or "", one["metadata"]["name"])):
        version = ccm_version(pod)
        if version is not None and _ready(pod) and not is_dry(pod):
            host = pod["spec"].get("nodeName") if pod["spec"].get("hostNetwork") else pod["metadata"]["name"]
            found.append(Candidate(f"{host}_{pod['metadata']['uid']}", version))
    return found


def hold(local: Local, leader: Candidate) -> None:
    """Write the leader's name into the objects that its version locks."""
    kinds = load_startup().locks(leader.version) or frozenset({"leases"})
    now = local.objects.now()
    if "leases" in kinds:
        _hold_lease(local, leader, now)
    if "endpoints" in kinds:
        record = json.dumps({"holderIdentity": leader.name, "leaseDurationSeconds": 15, "acquireTime": now,
                             "renewTime": now, "leaderTransitions": 0})  # fmt: skip
        metadata = {"name": NAME, "namespace": NAMESPACE, "annotations": {_RECORD: record}}
        local.put({"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata})


def _hold_lease(local: Local, leader: Candidate, now: str) -> None:
    old: Mapping[str, Any] = (local.get("leases", NAME, NAMESPACE, "coordination.k8s.io") or {}).get("spec") or {}
    moved = bool(old.get("holderIdentity")) and old.get("holderIdentity") != leader.name
    moment = now.replace("Z", ".000000Z")
    spec = {"holderIdentity": leader.name, "leaseDurationSeconds": 15, "acquireTime": moment, "renewTime": moment,
            "leaseTransitions": int(old.get("leaseTransitions") or 0) + moved}  # fmt: skip
    metadata = {"name": NAME, "namespace": NAMESPACE}
    local.put({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec})


def ccm_version(pod: Object) -> CcmVersion | None:
    """The version of the CCM that a pod runs, None when it runs none."""
    for container in pod["spec"].get("containers") or ():
        image = str(container.get("image", ""))
        if "cloud-controller-manager" in image:
            return version_of_image(image)
    return None


def _ready(pod: Object) -> bool:
    if pod["metadata"].get("deletionTimestamp"):
        return False
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)
