"""The arguments of each step kind: what the plan promises and the step's handler decodes.

Every struct is frozen and refuses unknown fields, so that an edited plan is found out. `expected_*` fields say what
the object looked like when the plan was made: a handler that sees anything else must stop.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

from upgrader.model.described import described
from upgrader.model.errors import InputError
from upgrader.model.facts import WorkloadRef
from upgrader.model.plan import Step

StepKind = Literal[
    "ram.policy-version", "clb.tag", "ccm.addon", "ccm.stop", "ccm.workload", "ccm.start", "rbac.rules"
]  # fmt: skip

CCM_ADDON = "cloud-controller-manager"
"""The name of the add-on, of the DaemonSet and of its container in every published manifest."""


class Params(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all step parameters."""


class PolicyVersionParams(Params, frozen=True):
    """A new default version of a custom RAM policy that is attached to CCM's role.

    The document is the present one with the missing actions added; nothing is removed or reordered. It stops when the
    default version or its document is not what was judged. RAM keeps five versions: where all are taken, the oldest
    that is not the default is deleted first, and the plan says which. Undone by making the old version the default
    again and deleting the new one.

    `document` is the whole new document; `expected_default` and `expected_digest` (codec.digest of the document)
    name the version that it was merged from. `delete_version` is empty when there is room.
    """

    role: str
    policy: str
    document: dict[str, Any]
    adds: tuple[str, ...]
    expected_default: str
    expected_digest: str
    delete_version: str = ""


class TagParams(Params, frozen=True):
    """Tags are added to a CLB that lacks them.

    It stops when the CLB's address is not the Service's any more, or a tag of that key has come meanwhile. No traffic
    is touched. Undone by removing exactly these tags. `expected_address` is the Service's IP.
    """

    load_balancer_id: str
    region: str
    tags: dict[str, str]
    service: str
    expected_address: str


class AddonParams(Params, frozen=True):
    """ACK upgrades the add-on cloud-controller-manager.

    One call starts a task, which is watched to its end; a task that ends well without a changed version counts as
    failed. ACK documents no downgrade: undoing cancels the task while that is possible, and else says what is left.
    `config` is passed on unchanged, so that no setting is lost.
    """

    cluster_id: str
    from_version: str
    to_version: str
    name: str = CCM_ADDON
    config: str = ""


class WorkloadParams(Params, frozen=True):
    """The image and the arguments of the DaemonSet or Deployment that runs CCM are changed.

    It waits for the new pods and for the leader's lock to be theirs; between ccm.stop and ccm.start there are no pods
    to wait for. Undone by putting image and arguments back.

    `expected_digest` is `CcmInstall.workload_digest`. `expected_image` and `expected_args` are both the state that
    must be found and what rollback puts back. `locks` and `expected_locks` are the kinds of object that a leader of
    the new and of the old version holds; empty when it is not known. `stopped` says that ccm.stop went before.
    """

    workload: WorkloadRef
    from_version: str
    to_version: str
    expected_image: str
    image: str
    expected_args: tuple[str, ...]
    args: tuple[str, ...]
    expected_digest: str = ""
    locks: tuple[str, ...] = ()
    expected_locks: tuple[str, ...] = ()
    stopped: bool = False


class StopParams(Params, frozen=True):
    """All pods of CCM are stopped before the new version starts, for the two versions respect no common leader lock.

    A DaemonSet gets a node selector that no node meets, a Deployment no replicas; then it waits until the last pod is
    gone. Until ccm.start no Service is synced; load balancers serve on as they are. Undone by starting them again.

    `version` and `image` are what is stopped, `locks` the kinds of object that its leader holds, `replicas` how many
    a Deployment had.
    """

    workload: WorkloadRef
    version: str
    image: str
    replicas: int = 0
    locks: tuple[str, ...] = ()


class StartParams(StopParams, frozen=True):
    """The pods of CCM that ccm.stop stopped start again, now of the new version.

    It waits for the pods and for the leader's lock to be theirs. Undone by stopping them, so that on the way back too
    the two versions never lead at once.
    """


class RbacRule(Params, frozen=True):
    """One rule of a ClusterRole, in Kubernetes' words."""

    api_groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]


class RbacRulesParams(Params, frozen=True):
    """A ClusterRole of its own gives CCM's service account the rights that the target needs.

    An object of its own, never an edit of the existing role: nothing that Helm or GitOps owns is touched, and
    undoing is deleting.
    """

    name: str
    namespace: str
    service_account: str
    rules: tuple[RbacRule, ...]


PARAMS: dict[str, type[Params]] = {
    "ram.policy-version": PolicyVersionParams,
    "clb.tag": TagParams,
    "ccm.addon": AddonParams,
    "ccm.stop": StopParams,
    "ccm.workload": WorkloadParams,
    "ccm.start": StartParams,
    "rbac.rules": RbacRulesParams,
}

P = TypeVar("P", bound=Params)


def decode_params(step: Step, kind: type[P]) -> P:
    """The step's parameters as `kind`. Raises `InputError` naming the step and the first mistake."""
    try:
        return msgspec.convert(step.params, described(kind))
    except msgspec.ValidationError as error:
        raise InputError(
            what=f"the parameters of step {step.id} are not those of a {step.kind} step", where="plan", why=str(error),
            next_command="make the plan again: ccm-upgrade plan",
        ) from error  # fmt: skip


def known_params(step: Step) -> Params:
    """The step's parameters as its kind has them. Raises `InputError` for an unknown kind or unknown parameters."""
    if step.kind not in PARAMS:
        raise InputError(what=f"unknown step kind {step.kind!r}", where=step.id, why="another version made this plan",
                         next_command="ccm-upgrade plan makes a new one")  # fmt: skip
    return decode_params(step, PARAMS[step.kind])


def encode_params(params: Params) -> dict[str, Any]:
    """The parameters as plain JSON, as a `Step` carries them."""
    plain = msgspec.to_builtins(params)
    assert isinstance(plain, dict)
    return plain
