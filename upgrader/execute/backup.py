"""The backup before the first write: everything that the run could change, checksummed, mode 0600, without secrets.

It is enough for a rollback by itself: beside the facts (Services, load balancers whole, RAM documents, the add-on's
configuration) it holds the plan, the state that each step found, and as plain JSON the objects in the cluster: CCM's
workload, what its service account may do, and the Services.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from upgrader import codec
from upgrader.execute.session import Session
from upgrader.execute.steps import handler_of
from upgrader.model.errors import AbsentError, CcmUpgradeError, InputError, TransientError
from upgrader.model.facts import ClusterFacts
from upgrader.model.moments import rfc3339
from upgrader.model.plan import Plan
from upgrader.ports.read import Ref
from upgrader.redact import REDACTED, redacted_args, redacted_text

FILE = "backup.json"
_RBAC = "rbac.authorization.k8s.io/v1"
# What kubectl keeps of an object's whole text: secrets of its first writing among it.
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
Object = dict[str, Any]


class Backup(Struct, frozen=True, kw_only=True):
    """What stood before the run. `before` is the state that each step's look found, by the step's id.

    `unread` says what is missing in it and why; no step rests on that.
    """

    taken_at: str
    run: str
    plan: Plan
    facts: ClusterFacts
    before: dict[str, Any]
    workload: Object | None = None
    rbac: tuple[Object, ...] = ()
    services: tuple[Object, ...] = ()
    unread: dict[str, str] = {}
    checksum: str = ""


def take_backup(session: Session, facts: ClusterFacts) -> Backup:
    """Save the backup; returns it with its checksum. Raises where a step's state can't be looked at.

    Of the region's load balancers it keeps those that concern this cluster: an account may have thousands.
    """
    unread: dict[str, str] = {}
    if facts.load_balancers is not None:
        facts = replace(facts, load_balancers=facts.own_load_balancers)
    whole = sealed(
        Backup(
            taken_at=rfc3339(session.clock.now()),
            run=session.store.run_id,
            plan=session.plan,
            facts=facts,
            before={step.id: handler_of(step).observe(session, step).state for step in session.plan.steps},
            workload=_workload(session, facts),
            rbac=_rbac(session, facts, unread),
            services=_services(session, unread),
            unread=unread,
        )
    )
    session.store.save(FILE, codec.encode(whole))
    return whole


def sealed(backup: Backup) -> Backup:
    """The backup under the checksum of its content."""
    return replace(backup, checksum=codec.digest(replace(backup, checksum="")))


def load_backup(session: Session) -> Backup:
    """The backup of a run. Raises `InputError` when it is not as it was saved."""
    return read_backup(session.store.load(FILE), str(session.store.directory / FILE))


def read_backup(data: bytes, where: str) -> Backup:
    """A backup from its file. Raises `InputError` when it was edited or cut."""
    backup = codec.decode(data, Backup, where=where)
    if sealed(backup).checksum != backup.checksum:
        raise InputError(what="the backup does not match its checksum", where=where,
                         next_command="restore the file from a copy")  # fmt: skip
    return backup


def moved_since(session: Session, backup: Backup) -> tuple[str, ...]:
    """The ids of the steps whose object is not as it was, in the order of the plan.

    Stopping and starting belong to the change of the image between them: they count where that counts, or where the
    pods stand stopped now.
    """
    now = {step.id: handler_of(step).observe(session, step).state for step in backup.plan.steps}
    moved = {step_id for step_id, state in now.items() if state != backup.before.get(step_id)}
    halts = {step.id for step in backup.plan.steps if step.kind in ("ccm.stop", "ccm.start")}
    if halts & moved or any(step.kind == "ccm.workload" and step.id in moved for step in backup.plan.steps):
        moved |= halts
    return tuple(step.id for step in backup.plan.steps if step.id in moved)


def _workload(session: Session, facts: ClusterFacts) -> Object | None:
    workload = facts.ccm.workload
    if workload is None or workload.kind not in ("DaemonSet", "Deployment"):
        return None
    ref = Ref(api_version="apps/v1", kind=workload.kind, namespace=workload.namespace, name=workload.name)
    try:
        return _without_secrets(session.cluster.get(ref))
    except AbsentError:
        return None


def _rbac(session: Session, facts: ClusterFacts, unread: dict[str, str]) -> tuple[Object, ...]:
    """The bindings of CCM's service account, and the roles that they name."""
    account = facts.ccm.service_account
    if not account:
        return ()
    found: list[Object] = []
    try:
        for binding in session.cluster.list(Ref(api_version=_RBAC, kind="ClusterRoleBinding")):
            if not any(s.get("name") == account for s in binding.get("subjects") or ()):
                continue
            found.append(_without_secrets(binding))
            name = str((binding.get("roleRef") or {}).get("name") or "")
            found.append(_without_secrets(session.cluster.get(Ref(api_version=_RBAC, kind="ClusterRole", name=name))))
    except TransientError:
        raise
    except CcmUpgradeError as error:
        unread["rbac"] = error.what
    return tuple(found)


def _services(session: Session, unread: dict[str, str]) -> tuple[Object, ...]:
    try:
        found = session.cluster.list(Ref(api_version="v1", kind="Service"))
    except TransientError:
        raise
    except CcmUpgradeError as error:
        unread["services"] = error.what
        return ()
    return tuple(_without_secrets(one) for one in found if (one.get("spec") or {}).get("type") == "LoadBalancer")


def _without_secrets(found: Object) -> Object:
    """The object without what may be a secret: values of environment variables, secret arguments, kubectl's copy."""
    copy: Object = codec.plain(found)
    metadata = copy.get("metadata") or {}
    metadata.pop("managedFields", None)
    annotations = metadata.get("annotations") or {}
    annotations.pop(_LAST_APPLIED, None)
    for key, value in annotations.items():
        annotations[key] = redacted_text(str(value))
    pods = ((copy.get("spec") or {}).get("template") or {}).get("spec") or {}
    for container in (*(pods.get("containers") or ()), *(pods.get("initContainers") or ())):
        for variable in container.get("env") or ():
            if "value" in variable:
                variable["value"] = REDACTED
        for field in ("command", "args"):
            if container.get(field):
                container[field] = list(redacted_args(map(str, container[field])))
    return copy
