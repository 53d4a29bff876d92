"""Deployments: one ReplicaSet a template, moved from the old ones to the new one within maxSurge and maxUnavailable."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from upgrader.lab.kube.controllers.base import (
    PODS,
    Alarms,
    Cluster,
    adopt,
    condition,
    going,
    named,
    owned,
    owner_name,
    reference,
    set_status,
    template_hash,
    with_condition,
    without_zeros,
)
from upgrader.lab.kube.controllers.deployment_numbers import (
    DESIRED,
    HASH,
    HISTORY,
    MOST,
    REVISION,
    bare,
    copied_notes,
    count,
    number,
    replicas,
    surge,
    unavailable,
)
from upgrader.lab.kube.controllers.index import REPLICA_SETS
from upgrader.lab.kube.resource import shared
from upgrader.lab.kube.store import Change, Name, Object
from upgrader.lab.kube.tables.columns import read_time

DEPLOYMENTS = shared("deployments", "apps")


class Deployments:
    """Follows `pkg/controller/deployment`: new set, scaling, history, conditions."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.alarms = Alarms(cluster.clock)

    def concerns(self, change: Change) -> Iterable[Name]:
        """The Deployment that changed, or whose ReplicaSet did; with `Recreate`, whose pod has gone."""
        if change.key == DEPLOYMENTS.key:
            return (named(change.object),)
        if change.key == REPLICA_SETS.key:
            return owner_name(change.object, "Deployment")
        if change.key == PODS.key and change.kind == "DELETED":
            namespace = change.object["metadata"]["namespace"]
            above = (self._cluster.store.get(REPLICA_SETS.key, *one) for one in owner_name(change.object, "ReplicaSet"))
            return [name for one in above if one for name in owner_name(one, "Deployment") if name[0] == namespace]
        return ()

    def look(self, name: Name) -> None:
        """Move a Deployment one step."""
        found = self._cluster.store.get(DEPLOYMENTS.key, *name)
        if found is None or going(found):
            return
        adopt(self._cluster, REPLICA_SETS, found, DEPLOYMENTS)
        if found["spec"].get("paused"):
            new = self._new_of(found)
            self._resize(found, new)
        elif (found["spec"].get("strategy") or {}).get("type") == "Recreate":
            new = self._recreate(found)
        else:
            new = self._roll(found)
        self._forget_old(found, new)
        self._tell(self._cluster.store.get(DEPLOYMENTS.key, *name) or found, new)

    # -- the sets ------------------------------------------------------------------------------------------------------

    def _sets(self, found: Object) -> list[Object]:
        return sorted(owned(self._cluster, REPLICA_SETS, found), key=number)

    def _new_of(self, found: Object) -> Object | None:
        wanted = bare(found["spec"]["template"])
        return next((one for one in self._sets(found) if bare(one["spec"]["template"]) == wanted), None)

    def _others(self, found: Object, new: Object | None) -> list[Object]:
        mine = new["metadata"]["uid"] if new else ""
        return [one for one in self._sets(found) if one["metadata"]["uid"] != mine]

    def _ensure(self, found: Object) -> Object:
        """The ReplicaSet of the present template, numbered as the newest; made with no pods yet."""
        new = self._new_of(found)
        newest = max((number(one) for one in self._others(found, new)), default=0) + 1
        if new is None:
            new = self._cluster.local.create(self._set_of(found, newest))
        elif number(new) < newest:
            notes = new["metadata"].get("annotations") or {}
            earlier = [*filter(None, notes.get(HISTORY, "").split(",")), notes.get(REVISION, "")]
            new = self._note(new, {**copied_notes(found), REVISION: str(newest), HISTORY: ",".join(earlier)})
        elif not copied_notes(found).items() <= (new["metadata"].get("annotations") or {}).items():
            new = self._note(new, copied_notes(found))
        present = str(number(new))
        if (found["metadata"].get("annotations") or {}).get(REVISION) != present:
            namespace, name = named(found)
            patch = {"metadata": {"annotations": {REVISION: present}}}
            self._cluster.local.merge("deployments", name, namespace, patch, group="apps")
        return new

    def _set_of(self, found: Object, revision: int) -> Object:
        template = found["spec"]["template"]
        mark = {HASH: self._free_hash(found)}
        labels = {**((template.get("metadata") or {}).get("labels") or {}), **mark}
        selector = found["spec"]["selector"]
        wanted = replicas(found)
        notes = {**copied_notes(found), REVISION: str(revision), DESIRED: str(wanted), MOST: str(wanted + surge(found))}
        spec: dict[str, Any] = {
            "replicas": 0, "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), **mark}},
            "template": {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}},
        }  # fmt: skip
        if found["spec"].get("minReadySeconds"):
            spec["minReadySeconds"] = found["spec"]["minReadySeconds"]
        metadata = {"name": f"{found['metadata']['name']}-{mark[HASH]}", "namespace": found["metadata"]["namespace"],
                    "labels": labels, "annotations": notes,
                    "ownerReferences": [reference(found, DEPLOYMENTS)]}  # fmt: skip
        return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec}

    def _free_hash(self, found: Object) -> str:
        """The template's hash; with a count in it when somebody else's set bears that name."""
        base, namespace = found["metadata"]["name"], found["metadata"]["namespace"]
        for collisions in range(100):
            template: Any = found["spec"]["template"]
            mark = template_hash([template, collisions] if collisions else template)
            if self._cluster.store.get(REPLICA_SETS.key, namespace, f"{base}-{mark}") is None:
                return mark
        return self._cluster.store.new_suffix(10)

    def _note(self, one: Object, notes: dict[str, str]) -> Object:
        namespace, name = named(one)
        return self._cluster.local.merge(
            "replicasets", name, namespace, {"metadata": {"annotations": notes}}, group="apps"
        )

    def _scale(self, found: Object, one: Object, to: int) -> Object:
        before, wanted = replicas(one), replicas(found)
        notes = {DESIRED: str(wanted), MOST: str(wanted + surge(found))}
        if before == to and notes.items() <= (one["metadata"].get("annotations") or {}).items():
            return one
        namespace, name = named(one)
        patch = {"metadata": {"annotations": notes}, "spec": {"replicas": to}}
        scaled = self._cluster.local.merge("replicasets", name, namespace, patch, group="apps")
        if before != to:
            said = f"Scaled {'up' if to > before else 'down'} replica set {name} from {before} to {to}"
            self._cluster.tell(found, "Deployment", "ScalingReplicaSet", said, "deployment-controller")
        return scaled

    # -- how it moves --------------------------------------------------------------------------------------------------

    def _recreate(self, found: Object) -> Object | None:
        """All old pods go before a new one comes."""
        new = self._new_of(found)
        old = self._others(found, new)
        for one in old:
            self._scale(found, one, 0)
        if any(owned(self._cluster, PODS, one) for one in old):
            return new
        return self._scale(found, self._ensure(found), replicas(found))

    def _roll(self, found: Object) -> Object:
        """Up by what maxSurge allows, then down by what maxUnavailable allows."""
        new = self._ensure(found)
        old = self._others(found, new)
        wanted = replicas(found)
        total = replicas(new) + sum(map(replicas, old))
        room = wanted + surge(found) - total
        size = replicas(new)
        target = wanted if size > wanted else size + max(0, min(room, wanted - size))
        new = self._scale(found, new, target)
        total += target - size
        spare = total - (wanted - unavailable(found)) - (target - count(new, "availableReplicas"))
        for one in old:  # pods that are not there for anybody go first
            useless = replicas(one) - count(one, "availableReplicas")
            if spare > 0 and useless > 0:
                step = min(spare, useless)
                self._scale(found, one, replicas(one) - step)
                spare -= step
        ready = count(new, "availableReplicas") + sum(count(one, "availableReplicas") for one in old)
        # What a set was told to drop may still count as ready: the sizes bound it too.
        spare = min(spare, ready - (wanted - unavailable(found)))
        for one in self._others(found, new):
            if spare > 0 and replicas(one) > 0:
                step = min(spare, replicas(one))
                self._scale(found, one, replicas(one) - step)
                spare -= step
        return new

    def _resize(self, found: Object, new: Object | None) -> None:
        """A paused Deployment keeps its sets; the newest one that has pods takes what was added or removed."""
        active = [one for one in self._sets(found) if replicas(one)] or ([new] if new else [])
        if active:
            rest = sum(replicas(one) for one in active[:-1])
            self._scale(found, active[-1], max(0, replicas(found) - rest))

    def _forget_old(self, found: Object, new: Object | None) -> None:
        limit = found["spec"].get("revisionHistoryLimit")
        idle = [one for one in self._others(found, new)
                if not replicas(one) and not count(one, "replicas") and not going(one)]  # fmt: skip
        for one in idle[: max(0, len(idle) - (10 if limit is None else int(limit)))]:
            namespace, name = named(one)
            self._cluster.local.delete("replicasets", name, namespace, group="apps")

    # -- what it says --------------------------------------------------------------------------------------------------

    def _tell(self, found: Object, new: Object | None) -> None:
        sets = self._sets(found)
        new = self._new_of(found)
        wanted = replicas(found)
        counts = {
            kind: sum(count(one, kind) for one in sets) for kind in ("replicas", "readyReplicas", "availableReplicas")
        }
        available, updated = counts["availableReplicas"], count(new, "replicas") if new else 0
        status: dict[str, Any] = without_zeros(
            {"observedGeneration": found["metadata"].get("generation", 1), "updatedReplicas": updated, **counts,
             "unavailableReplicas": max(0, max(wanted, counts["replicas"]) - available)}
        )  # fmt: skip
        conditions = (found.get("status") or {}).get("conditions") or ()
        enough = available >= wanted - unavailable(found)
        met = {"type": "Available", "status": "True" if enough else "False",
               "reason": "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
               "message": f"Deployment {'has' if enough else 'does not have'} minimum availability."}  # fmt: skip
        conditions = self._with(conditions, met)
        progress = self._progress(found, new, status)
        if progress is not None:
            conditions = self._with(conditions, progress)
        set_status(self._cluster, DEPLOYMENTS, found, {**status, "conditions": list(conditions)})

    def _with(self, conditions: Iterable[Any], wanted: dict[str, str]) -> list[dict[str, Any]]:
        now, listed = self._cluster.now(), list(conditions)
        same = any(wanted.items() <= one.items() for one in listed)
        return listed if same else with_condition(listed, now, {**wanted, "lastUpdateTime": now})

    def _progress(self, found: Object, new: Object | None, status: dict[str, Any]) -> dict[str, str] | None:
        wanted, before = replicas(found), found.get("status") or {}
        limit = found["spec"].get("progressDeadlineSeconds")
        name = new["metadata"]["name"] if new else ""
        done = all(status.get(kind, 0) == wanted for kind in ("replicas", "updatedReplicas", "availableReplicas"))
        if found["spec"].get("paused"):
            return {"type": "Progressing", "status": "Unknown", "reason": "DeploymentPaused",
                    "message": "Deployment is paused"}  # fmt: skip
        if new is None:
            return None
        if done:
            return {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable",
                    "message": f'ReplicaSet "{name}" has successfully progressed.'}  # fmt: skip
        last = condition(found, "Progressing")
        counted = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
        moved = any(status.get(kind, 0) != before.get(kind, 0) for kind in counted)
        going_on = {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated",
                    "message": f'ReplicaSet "{name}" is progressing.'}  # fmt: skip
        if moved or not last or last.get("reason") in ("NewReplicaSetAvailable", "DeploymentPaused"):
            self.alarms.passed(named(found), self._cluster.clock.now() + timedelta(seconds=int(limit or 0)))
            return going_on
        since = last.get("lastUpdateTime")
        if limit and since and self.alarms.passed(named(found), read_time(since) + timedelta(seconds=int(limit))):
            return {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
                    "message": f'ReplicaSet "{name}" has timed out progressing.'}  # fmt: skip
        return None
