"""Evictions within the limits of PodDisruptionBudgets."""

from __future__ import annotations

from upgrader.lab.kube.objects import Objects, Write
from upgrader.lab.kube.paths import Target
from upgrader.lab.kube.resource import shared
from upgrader.lab.kube.selectors import matches_labels
from upgrader.lab.kube.status import ApiError
from upgrader.lab.kube.store import Object

BUDGETS = shared("poddisruptionbudgets", "policy")


def within_budget(objects: Objects, pod: Object) -> None:
    """Take one eviction from the budget of a pod. Refuses when none is left, and a pod with more than one budget."""
    metadata = pod["metadata"]
    found = [one for one in objects.store.list(BUDGETS.key, metadata["namespace"])
             if matches_labels((one.get("spec") or {}).get("selector"), metadata.get("labels") or {})]  # fmt: skip
    ready = any(one.get("type") == "Ready" and one.get("status") == "True"
                for one in (pod.get("status") or {}).get("conditions") or ())  # fmt: skip
    if not found or not ready:
        return
    if len(found) > 1:
        raise ApiError(500, "InternalError", "This pod has more than one PodDisruptionBudget, which the eviction "
                       "subresource does not support.")  # fmt: skip
    budget, status = found[0], found[0].get("status") or {}
    name, left = budget["metadata"]["name"], int(status.get("disruptionsAllowed") or 0)
    if left < 1:
        needs, has = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
        said = f"The disruption budget {name} needs {needs} healthy pods and has {has} currently"
        raise ApiError(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.",
                       details={"causes": [{"reason": "DisruptionBudget", "message": said}]},
                       headers={"Retry-After": "10"})  # fmt: skip
    target = Target(resource=BUDGETS, namespace=metadata["namespace"], name=name, subresource="status")
    objects.update(target, {**budget, "status": {**status, "disruptionsAllowed": left - 1}}, Write())
