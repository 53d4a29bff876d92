"""The backup before the first write: everything that the run could change, checksummed, mode 0600, without secrets."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from upgrader import codec
from upgrader.execute.session import Session
from upgrader.model.errors import AbsentError, InputError
from upgrader.model.facts import ClusterFacts
from upgrader.ports.clock import rfc3339
from upgrader.ports.read import Ref

FILE = "backup.json"


class Backup(Struct, frozen=True, kw_only=True):
    """The facts (load balancers whole, policies, Services) and, as plain JSON, the workload that runs CCM."""

    taken_at: str
    facts: ClusterFacts
    workload: dict[str, Any] | None
    checksum: str = ""


def take_backup(session: Session, facts: ClusterFacts) -> Backup:
    """Save the backup; returns it with its checksum."""
    workload = facts.ccm.workload
    raw: dict[str, Any] | None = None
    if workload is not None and workload.kind in ("DaemonSet", "Deployment"):
        ref = Ref(api_version="apps/v1", kind=workload.kind, namespace=workload.namespace, name=workload.name)
        try:
            raw = _without_secrets(session.cluster.get(ref))
        except AbsentError:
            raw = None
    backup = Backup(taken_at=rfc3339(session.clock.now()), facts=facts, workload=raw)
    whole = Backup(taken_at=backup.taken_at, facts=facts, workload=raw, checksum=codec.digest(backup))
    session.store.save(FILE, codec.encode(whole))
    return whole


def _without_secrets(workload: dict[str, Any]) -> dict[str, Any]:
    """The workload without the values of environment variables: they may be keys, and rollback never needs them."""
    copy: dict[str, Any] = codec.plain(workload)
    for container in copy.get("spec", {}).get("template", {}).get("spec", {}).get("containers", ()):
        for variable in container.get("env") or ():
            if "value" in variable:
                variable["value"] = "(redacted)"
    return copy


def load_backup(session: Session) -> Backup:
    """The backup of a run. Raises `InputError` when it is not as it was saved."""
    backup = codec.decode(session.store.load(FILE), Backup, where=FILE)
    bare = Backup(taken_at=backup.taken_at, facts=backup.facts, workload=backup.workload)
    if codec.digest(bare) != backup.checksum:
        raise InputError(what="the backup does not match its checksum", where=str(session.store.directory / FILE))
    return backup
