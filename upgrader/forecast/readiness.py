"""CCM's own readiness gate: pods that only wait for CCM, and pods that it does not find when it tells them.

Source: `helper/pod_utils.go`, `clbv1/service_controller.go` and `nlbv2/nlb_controller.go` (updateReadinessCondition),
from v2.10.0 on.
"""

from __future__ import annotations

from upgrader.forecast.world import World
from upgrader.model.forecast import ExpectedEvent, Refusal
from upgrader.model.kube import Endpoint, Service

READINESS_GATE = "service.readiness.alibabacloud.com"


def waits_for_ccm(world: World, service: Service, end: Endpoint) -> bool:
    """Whether the pod is only not ready because CCM itself has to say so."""
    if not world.ways.readiness_gates or end.target_ref is None or end.target_ref.kind != "Pod":
        return False
    pod = world.pods.get(f"{end.target_ref.namespace}/{end.target_ref.name}")
    gate = f"{READINESS_GATE}/{service.metadata.name}"
    if pod is None or all(one.get("conditionType") != gate for one in pod.spec.readiness_gates):
        return False
    return any(one.type == "ContainersReady" and one.status == "True" for one in pod.status.conditions)


def lost_pods(world: World, service: Service) -> Refusal | None:
    """Why v2.10 never ends a sync whose backends are in place: it asks for each ready pod, also for one that is gone.

    Neither the hash label nor the status is written then, and the next try syncs all again.
    """
    if world.ways.lost_pods != "fail" or world.facts.has_gap("pods") or world.facts.has_gap("endpoints"):
        return None
    for piece in world.slices.get(service.key, ()):
        for end in piece.endpoints:
            aim = end.target_ref
            if aim is None or end.conditions.terminating or not end.conditions.ready:
                continue
            if f"{aim.namespace}/{aim.name}" not in world.pods:
                text = f"Error updating pod readiness gates for service [{service.key}]"
                return Refusal(code="pod-not-found", message=f'{text}: Pod "{aim.name}" not found')
    return None


def lost_event(refusal: Refusal) -> ExpectedEvent:
    """The event of such a sync."""
    return ExpectedEvent(type="Warning", reason="FailedUpdateReadinessGate", message=refusal.message)
