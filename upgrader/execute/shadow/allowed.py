"""Where the target's dry run may be run at all. Pure: what stands against it is known before anything is written."""

from __future__ import annotations

from upgrader.matrix.behaviour import behaviour
from upgrader.model.errors import InputError
from upgrader.model.facts import ClusterFacts, WorkloadRef
from upgrader.model.version import CcmVersion

_WITHOUT = "leave --shadow out: the forecast needs no dry run"
_DRY_RUNS = {
    "none": "it has no --dry-run: the first version with one is v2.1.0, the first whose is dry is v2.6.0",
    "writes": "its dry run is not dry: it really creates server groups and adds backends (all below v2.6.0 do)",
}


def refuse_unsafe(facts: ClusterFacts, target: CcmVersion) -> WorkloadRef:
    """The workload that runs CCM here. Raises `InputError` where the dry run of `target` must not be run."""
    name = facts.identity.name or facts.identity.id or "this cluster"
    why = _DRY_RUNS.get(behaviour(target).dry_run)
    if why is not None:
        raise InputError(f"the dry run of {target} is not run", where=name, why=why, next_command=_WITHOUT)
    if facts.identity.kind == "managed":
        raise InputError(
            "no dry run in a managed cluster", where=name,
            why="its CCM runs in ACK's control plane, with ACK's rights; ACK runs a check of its own at an upgrade",
            next_command=_WITHOUT,
        )  # fmt: skip
    if facts.identity.kind is None:
        raise InputError(
            "the kind of this cluster is not known", where=name, why="a managed cluster must not be asked",
            next_command="say it: --kind self-managed",
        )  # fmt: skip
    workload = facts.ccm.workload
    if workload is None or not facts.ccm.image:
        raise InputError(
            "no workload that runs CCM was found", where=name, why="its image, its place and its flags are taken over",
            next_command="kubectl get ds,deploy,pods -n kube-system",
        )  # fmt: skip
    return workload
