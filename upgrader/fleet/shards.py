"""A wave as an Indexed Job of Kubernetes: each index carries one shard out, and the Job's own budget is the wave's."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from upgrader.fleet.model import Wave
from upgrader.fleet.planning import FleetPlan
from upgrader.model.errors import InputError


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
        raise InputError(what=f"wave {name} has no shard {index} of {shards}", why=f"{len(wave.members)} clusters")
    kept = set(members)
    return replace(
        plan,
        members=tuple(one for one in plan.members if one.id in kept),
        clusters=tuple(one for one in plan.clusters if one.id in kept),
        waves=(replace(wave, members=members, gate=False),),
    )


def indexed_job(plan: FleetPlan, name: str, *, image: str, namespace: str, config_map: str) -> dict[str, Any]:
    """The manifest: one cluster an index.

    `maxFailedIndexes` alone would overshoot by those in flight; with `parallelism` taken off it, no more clusters
    than the wave's budget can ever have failed.
    """
    wave = wave_named(plan, name)
    count = len(wave.members)
    parallel = min(wave.max_parallel, count, max(1, wave.budget.allowed // 2))
    command = ["ccm-upgrade", "fleet", "apply", "/plan/fleet.json", "--wave", name,
               "--shard", f"$(JOB_COMPLETION_INDEX)/{count}", "--yes"]  # fmt: skip
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"ccm-upgrade-{name}".lower(), "namespace": namespace},
        "spec": {
            "completionMode": "Indexed",
            "completions": count,
            "parallelism": parallel,
            "backoffLimitPerIndex": 0,
            "maxFailedIndexes": max(0, wave.budget.allowed - parallel),
            "template": {
                "metadata": {"labels": {"app.kubernetes.io/name": "ccm-upgrade"}},
                "spec": {
                    "restartPolicy": "Never",
                    "serviceAccountName": "ccm-upgrade",
                    "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "fsGroup": 65532,
                                        "seccompProfile": {"type": "RuntimeDefault"}},
                    "containers": [{
                        "name": "ccm-upgrade",
                        "image": image,
                        "command": command,
                        "env": [
                            {"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": {"fieldPath":
                             "metadata.annotations['batch.kubernetes.io/job-completion-index']"}}},
                            {"name": "CCM_UPGRADE_STATE", "value": f"/state/{name}-$(JOB_COMPLETION_INDEX)"},
                        ],
                        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                            "capabilities": {"drop": ["ALL"]}},
                        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"},
                                      "limits": {"memory": "1Gi"}},
                        "volumeMounts": [{"name": "plan", "mountPath": "/plan", "readOnly": True},
                                         {"name": "state", "mountPath": "/state"},
                                         {"name": "tmp", "mountPath": "/tmp"}],
                    }],
                    "volumes": [
                        {"name": "plan", "configMap": {"name": config_map}},
                        {"name": "state", "persistentVolumeClaim": {"claimName": "ccm-upgrade-state"}},
                        {"name": "tmp", "emptyDir": {}},
                    ],
                },
            },
        },
    }  # fmt: skip
