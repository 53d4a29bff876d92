"""Looking at the workload that runs CCM: whether its pods are up and one of them leads, or whether all are gone."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from upgrader.execute.session import Session
from upgrader.execute.wait import Look
from upgrader.model.errors import AbsentError
from upgrader.model.facts import WorkloadRef
from upgrader.ports.read import Ref, Right

_BAD_REASONS = (
    "ImagePullBackOff",
    "ErrImagePull",
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "InvalidImageName",
)
# So often a container may have restarted before it counts as crashing.
_RESTARTS = 2
# The leader's lock of every published CCM: a Lease, an Endpoints object, or both.
_LOCK_NAMESPACE, _LOCK_NAME = "kube-system", "ccm"
_LOCK_ANNOTATION = "control-plane.alpha.kubernetes.io/leader"
Object = dict[str, Any]


def ref_of(workload: WorkloadRef) -> Ref:
    """The workload's name in the API."""
    return Ref(api_version="apps/v1", kind=workload.kind, namespace=workload.namespace, name=workload.name)


def rights_on(workload: WorkloadRef) -> tuple[Right, ...]:
    """What changing a workload and looking at its pods and its leader needs; a watch is no more than a comfort."""
    place = workload.namespace
    changed = Right(verb="get", group="apps", resource=f"{workload.kind.lower()}s", namespace=place, name=workload.name)
    lease = Right(
        verb="get", group="coordination.k8s.io", resource="leases", namespace=_LOCK_NAMESPACE, name=_LOCK_NAME
    )
    return (changed, changed.to("patch"), Right(verb="list", resource="pods", namespace=place), lease)


def stopped(session: Session, ref: WorkloadRef) -> Look:
    """No pod of the workload is left, terminating ones included."""
    workload = session.cluster.get(ref_of(ref))
    if not _seen(workload):
        return Look(met=False, seen="the controller has not seen the change yet")
    left = [pod["metadata"]["name"] for pod in _pods(session, workload, ref)]
    return Look(met=not left, seen=f"pods left: {', '.join(left)}" if left else "no pod is left")


def rolled_out(session: Session, ref: WorkloadRef, image: str, locks: tuple[str, ...]) -> Look:
    """All pods run `image` and are ready, and the leader is one of them.

    `locks` are the kinds of object that a leader of this version holds; where it is not known, a Lease is looked at.
    """
    workload = session.cluster.get(ref_of(ref))
    if not _seen(workload):
        return Look(met=False, seen="the controller has not seen the change yet")
    status, spec = workload.get("status") or {}, workload.get("spec") or {}
    daemon = ref.kind == "DaemonSet"
    wanted = (status.get("desiredNumberScheduled") or 0) if daemon else (spec.get("replicas") or 0)
    updated = status.get("updatedNumberScheduled" if daemon else "updatedReplicas") or 0
    ready = status.get("numberReady" if daemon else "readyReplicas") or 0
    pods = tuple(
        pod for pod in _pods(session, workload, ref)
        if any(c.get("image") == image for c in (pod.get("spec") or {}).get("containers") or ())
        and not pod["metadata"].get("deletionTimestamp")
    )  # fmt: skip
    bad = next((b for pod in pods if (b := bad_container(pod))), "")
    seen = f"{updated} of {wanted} pods updated, {ready} ready" + (f"; {bad}" if bad else "")
    if bad:
        return Look(met=False, seen=seen, failed=bad)
    if not (wanted and updated >= wanted and ready >= wanted):
        return Look(met=False, seen=seen)
    return _led(session, pods, locks, seen)


def _seen(workload: Object) -> bool:
    status = workload.get("status") or {}
    return (status.get("observedGeneration") or 0) >= (workload["metadata"].get("generation") or 0)


def _pods(session: Session, workload: Object, ref: WorkloadRef) -> tuple[Object, ...]:
    labels = ((workload.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    selector = ",".join(f"{k}={v}" for k, v in sorted(labels.items()))
    return session.cluster.list(Ref(api_version="v1", kind="Pod", namespace=ref.namespace), selector)


def _led(session: Session, pods: tuple[Object, ...], locks: tuple[str, ...], seen: str) -> Look:
    """The lock's holder is named after one of the pods (or its node), and took or renewed it since that pod runs.

    Without a lock to look at, readiness has to do.
    """
    record = _record(session, locks)
    if record is None:
        return Look(met=True, seen=f"{seen}; no leader lock to look at")
    holder, renewed = record
    for pod in pods:
        names = [n for n in (pod["metadata"]["name"], (pod.get("spec") or {}).get("nodeName")) if n]
        if holder and any(holder.startswith(name) for name in names) and not _before(renewed, _began(pod)):
            return Look(met=True, seen=f"{seen}; leader {holder}")
    return Look(met=False, seen=f"{seen}; the leader lock is held by {holder or 'nobody'} since before")


def _record(session: Session, locks: tuple[str, ...]) -> tuple[str, str] | None:
    """Holder and last renewal of the leader's lock."""
    place = {"namespace": _LOCK_NAMESPACE, "name": _LOCK_NAME}
    try:
        if "leases" in locks or not locks:
            lease = session.cluster.get(Ref(api_version="coordination.k8s.io/v1", kind="Lease", **place))
            spec = lease.get("spec") or {}
            return str(spec.get("holderIdentity") or ""), str(spec.get("renewTime") or "")
        if "endpoints" in locks:
            lock = session.cluster.get(Ref(api_version="v1", kind="Endpoints", **place))
            text = (lock["metadata"].get("annotations") or {}).get(_LOCK_ANNOTATION) or "{}"
            said = json.loads(text)
            return str(said.get("holderIdentity") or ""), str(said.get("renewTime") or "")
    except (AbsentError, ValueError, AttributeError):
        return None
    return None


def _began(pod: Object) -> str:
    """Since when the pod's first container runs; empty when it is not known."""
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        return str(((status.get("state") or {}).get("running") or {}).get("startedAt") or "")
    return ""


def _before(one: str, other: str) -> bool:
    """Whether a moment surely lies before another: neither is unknown."""
    try:
        return datetime.fromisoformat(one) < datetime.fromisoformat(other)
    except ValueError:
        return False


def bad_container(pod: Object) -> str:
    """Why a pod won't get ready by itself; empty when it may."""
    name = pod["metadata"]["name"]
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        waiting = (status.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in _BAD_REASONS:
            return f"pod {name}: {waiting['reason']} {waiting.get('message', '')}".strip()
        if (status.get("restartCount") or 0) > _RESTARTS and not status.get("ready"):
            return f"pod {name} restarted {status['restartCount']} times"
    return ""
