"""What a run's requests need is asked for before the first of them: a missing right is named while nothing has changed.

Undoing is asked for too: a run that could not go back must not begin. What can't be found out is said, and shows at its
step as it would anyway.
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.execute.lock import LEASE
from upgrader.execute.session import Session
from upgrader.execute.steps import handler_of
from upgrader.model.errors import AbsentError, CcmUpgradeError, DeniedError, TransientError
from upgrader.ports.read import Right
from upgrader.ram.delta import judge
from upgrader.ram.ours import writes_of


def demand(session: Session) -> None:
    """Raises `DeniedError` that names every right of cluster and cloud that the plan's steps need and we lack."""
    lacking = [*_in_the_cluster(session), *_in_the_cloud(session)]
    if lacking:
        raise DeniedError(
            f"may not {', '.join(lacking)}", action=lacking[0], where=session.plan.id,
            why="the plan's steps need it; nothing was written",
            next_command="allow it (ccm-upgrade ram caller --apply, deploy/rbac.yaml), then apply again",
        )  # fmt: skip


def _in_the_cluster(session: Session) -> Iterable[str]:
    try:
        wanted = dict.fromkeys((*_lock(session), *(r for s in session.plan.steps for r in handler_of(s).rights(s))))
        return [right.words for right in wanted if not _has(session, right)]
    except TransientError:
        raise
    except CcmUpgradeError as error:
        session.say(f"our rights in the cluster are not known beforehand: {error.what}")
        return []


def _has(session: Session, right: Right) -> bool:
    if session.cluster.may(right):
        return True
    return bool(right.instead) and all(session.cluster.may(one) for one in right.instead)


def _lock(session: Session) -> Iterable[Right]:
    """Reading and renewing the run's Lease; making it where it is not there yet."""
    lease = Right(
        verb="get", group="coordination.k8s.io", resource="leases", namespace=LEASE.namespace, name=LEASE.name
    )
    verbs = ["get", "update"]
    if session.cluster.may(lease):
        try:
            session.cluster.get(LEASE)
        except AbsentError:
            verbs.append("create")
    return [lease.to(verb) for verb in verbs]


def _in_the_cloud(session: Session) -> Iterable[str]:
    wanted = sorted({action for step in session.plan.steps for action in writes_of(step.kind)})
    if session.cloud is None or not wanted:
        return []
    try:
        ours = session.cloud.own_rights()
    except TransientError:
        raise
    except CcmUpgradeError as error:
        session.say(f"our rights in the cloud are not known beforehand: {error.what}")
        return []
    judged = judge(ours, wanted, session.plan.cluster.region)
    return [*judged.missing, *judged.denied]
