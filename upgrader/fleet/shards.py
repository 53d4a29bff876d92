"""A wave as an Indexed Job of Kubernetes: each index carries one shard out, and the Job's own budget is the wave's."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePath
from typing import Any

from msgspec.structs import replace

from upgrader import codec
from upgrader.fleet.model import Wave
from upgrader.fleet.planning import FleetPlan
from upgrader.model.errors import InputError

# Where a Job finds the kubeconfigs of its Secret.
KUBECONFIGS = "/kubeconfigs"
LABELS = {"app.kubernetes.io/name": "ccm-upgrade"}
# etcd takes 1 MiB an object; the rest of the object needs some of it.
_MAP_LIMIT = 1_000_000


def in_pods(plan: FleetPlan) -> FleetPlan:
    """The plan with its kubeconfig files where a Job's Secret has them."""
    moved = tuple(
        replace(one, kubeconfig=f"{KUBECONFIGS}/{PurePath(one.kubeconfig).name}") if one.kubeconfig else one
        for one in plan.members
    )
    return replace(plan, members=moved)


def wave_named(plan: FleetPlan, name: str) -> Wave:
    """The wave. Raises `InputError` naming those that there are."""
    for wave in plan.waves:
        if wave.name == name:
            return wave
    raise InputError(what=f"no wave {name!r}", next_command="waves: " + ", ".join(wave.name for wave in plan.waves))


def shard_of(plan: FleetPlan, name: str, index: int, shards: int) -> FleetPlan:
    """The part of a wave that index `index` of `shards` carries out. Each cluster is in exactly one.

    The gate is left out: whoever starts the Job has opened it.
    """
    wave = wave_named(plan, name)
    members = wave.members[index::shards]
    if not 0 <= index < shards or not members:
        raise InputError(what=f"wave {name} has no shard {index} of {shards}", why=f"{len(wave.members)} clusters",
                         next_command=f"choose one of 0 to {len(wave.members) - 1}, or fewer shards")  # fmt: skip
    kept = set(members)
    return replace(
        plan,
        members=tuple(one for one in plan.members if one.id in kept),
        clusters=tuple(one for one in plan.clusters if one.id in kept),
        waves=(replace(wave, members=members, gate=False),),
    )


def plan_map(plan: FleetPlan, name: str, *, namespace: str, config_map: str) -> dict[str, Any]:
    """The ConfigMap with the wave's part of the plan. Raises `InputError` when it is larger than Kubernetes takes."""
    part = codec.encode(shard_of(plan, name, 0, 1)).decode()
    if len(part) > _MAP_LIMIT:
        raise InputError(
            what=f"wave {name} is too large for a ConfigMap", why=f"{len(part):,} bytes; {_MAP_LIMIT:,} is the most",
            next_command="deal the wave's clusters to several waves",
        )  # fmt: skip
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": config_map, "namespace": namespace},
        "immutable": True,
        "data": {"fleet.json": part},
    }


def object_name(wave: str) -> str:
    """A name that Kubernetes takes (RFC 1123, 63 characters), the same for the same wave."""
    plain = re.sub(r"[^a-z0-9-]+", "-", wave.lower()).strip("-")[:40].strip("-")
    # What had to be changed is told apart by a digest: two waves never share a Job.
    mark = "" if plain == wave else "-" + hashlib.sha256(wave.encode()).hexdigest()[:6]
    return f"ccm-upgrade-{plain}{mark}" if plain else f"ccm-upgrade{mark}"


def indexed_job(
    plan: FleetPlan, name: str, *, image: str, namespace: str, config_map: str, secret: str = ""
) -> dict[str, Any]:
    """The manifest: one cluster an index. `secret` holds the kubeconfigs that the inventory names, by file name.

    `maxFailedIndexes` alone would overshoot by those in flight; with `parallelism` taken off it, no more clusters
    than the wave's budget can ever have failed. An index whose pod was evicted is begun again, and resumes.
    """
    wave = wave_named(plan, name)
    count = len(wave.members)
    parallel = min(wave.max_parallel, count, max(1, wave.budget.allowed // 2))
    job = object_name(name)
    command = ["ccm-upgrade", "fleet", "apply", "/plan/fleet.json", "--wave", name,
               "--shard", f"$(JOB_COMPLETION_INDEX)/{count}", "--yes"]  # fmt: skip
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": job, "namespace": namespace},
        "spec": {
            "completionMode": "Indexed",
            "completions": count,
            "parallelism": parallel,
            "backoffLimitPerIndex": 0,
            "maxFailedIndexes": max(0, wave.budget.allowed - parallel),
            # A node that is drained is no failed upgrade: the index begins again, and goes on where it was.
            "podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]},
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {
                    "restartPolicy": "Never",
                    "serviceAccountName": "ccm-upgrade",
                    "terminationGracePeriodSeconds": 900,  # as long as one step may take
                    # They share one disk, which one node mounts.
                    "affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
                        {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": LABELS}}]}},
                    "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "fsGroup": 65532,
                                        "seccompProfile": {"type": "RuntimeDefault"}},
                    "containers": [{
                        "name": "ccm-upgrade",
                        "image": image,
                        "command": command,
                        "env": [
                            {"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": {"fieldPath":
                             "metadata.annotations['batch.kubernetes.io/job-completion-index']"}}},
                            {"name": "CCM_UPGRADE_STATE", "value": f"/state/{job}-$(JOB_COMPLETION_INDEX)"},
                        ],
                        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                            "capabilities": {"drop": ["ALL"]}},
                        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"},
                                      "limits": {"memory": "1Gi"}},
                        "volumeMounts": [{"name": "plan", "mountPath": "/plan", "readOnly": True},
                                         {"name": "state", "mountPath": "/state"},
                                         {"name": "tmp", "mountPath": "/tmp"},
                                         *([{"name": "kubeconfigs", "mountPath": KUBECONFIGS, "readOnly": True}]
                                           if secret else [])],
                    }],
                    "volumes": [
                        {"name": "plan", "configMap": {"name": config_map}},
                        {"name": "state", "persistentVolumeClaim": {"claimName": "ccm-upgrade-state"}},
                        {"name": "tmp", "emptyDir": {}},
                        *([{"name": "kubeconfigs", "secret": {"secretName": secret}}] if secret else []),
                    ],
                },
            },
        },
    }  # fmt: skip
