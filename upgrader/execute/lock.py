"""One run a cluster: a Lease in the cluster with a fencing token that is proved before each write.

The Lease `kube-system/ccm-upgrade` carries owner, plan, heartbeat and the token, a number that grows with each owner.
Before each write the run reads the Lease, proves that it still carries its token, and renews it; a run that slept and
was taken over is fenced out. Between writes a thread renews it, so that it does not expire in a long read either.
Used plans are remembered in the Lease by their nonce, and the journal by its last entry: a journal that was cut since
is found out.
"""

from __future__ import annotations

import os
import socket
import threading
from datetime import datetime, timedelta
from typing import Any

from upgrader.model.errors import AbsentError, InputError, LockedError, RefusedError, StaleError, TransientError
from upgrader.ports.clock import Clock
from upgrader.ports.read import ClusterReader, Ref
from upgrader.ports.store import Head
from upgrader.ports.write import ClusterWriter
from upgrader.processes import may_live

LEASE = Ref(api_version="coordination.k8s.io/v1", kind="Lease", namespace="kube-system", name="ccm-upgrade")
_WHERE = "Lease kube-system/ccm-upgrade"
DURATION_S = 60
# So many used plans are remembered; older ones have expired anyway.
REMEMBERED = 50
_PREFIX = "ccm-upgrade.io/"


class NoFence:
    """Lets everything through: for the writes of the lock itself."""

    def check(self) -> None:
        """Always fine."""


class LeaseLock:
    """The lock of one run; also the fence of its writers. Safe for the run's thread and its heartbeat's."""

    def __init__(self, reader: ClusterReader, writer: ClusterWriter, clock: Clock, journal: Head, plan_id: str) -> None:
        self.reader, self.writer, self.clock, self.journal = reader, writer, clock, journal
        self.run_id, self.plan_id = journal.run_id, plan_id
        self.owner = f"{socket.gethostname()}/{os.getpid()}/{self.run_id}"
        self.token = 0
        self._guard = threading.Lock()
        self._lost: LockedError | None = None

    def take(self, nonce: str = "") -> None:
        """Take the Lease. Raises `LockedError` while another run holds it, `StaleError` for a plan used before.

        The same run may take its own Lease again (resume) when its earlier process is gone; `InputError` when its
        journal ends before what the Lease remembers of it.
        """
        try:
            lease = self.reader.get(LEASE)
        except AbsentError:
            lease = self._made()
        # Asked for only now: the answer has told the server's time, in which the last heartbeat was written too.
        now = self.clock.now()
        notes = _notes(lease)
        self._refuse_held(lease, notes, now)
        ours = notes.get(_PREFIX + "run") == self.run_id
        if ours:
            self._refuse_cut(notes.get(_PREFIX + "journal", ""))
        used = [n for n in notes.get(_PREFIX + "used-plans", "").split(",") if n]
        if nonce and nonce in used and not ours:
            raise already_applied(self.plan_id, notes.get(_PREFIX + "run", ""))
        self.token = int(notes.get(_PREFIX + "token", "0")) + 1
        remembered = [n for n in used if n != nonce][-REMEMBERED + 1 :] + ([nonce] if nonce else [])
        self._write(lease, now, {"token": str(self.token), "run": self.run_id, "plan": self.plan_id,
                                 "used-plans": ",".join(remembered)})  # fmt: skip

    def _made(self) -> dict[str, Any]:
        metadata = {"name": LEASE.name, "namespace": LEASE.namespace}
        body = {"apiVersion": LEASE.api_version, "kind": "Lease", "metadata": metadata}
        try:
            return self.writer.create(LEASE, body)
        except RefusedError:
            return self.reader.get(LEASE)

    def _refuse_held(self, lease: dict[str, Any], notes: dict[str, str], now: datetime) -> None:
        spec = lease.get("spec") or {}
        holder = spec.get("holderIdentity") or ""
        if not holder or (notes.get(_PREFIX + "run") == self.run_id and not _alive(holder)):
            return
        beat = _time(spec.get("renewTime"))
        free = None if beat is None else beat + timedelta(seconds=spec.get("leaseDurationSeconds") or DURATION_S)
        if free is not None and now >= free:
            return
        host, _, rest = holder.partition("/")
        raise LockedError(
            f"run {notes.get(_PREFIX + 'run', '?')} holds this cluster", where=_WHERE,
            why=f"owner {host} pid {rest.partition('/')[0]}, since {spec.get('acquireTime', '?')}, "
                f"last heartbeat {spec.get('renewTime', '?')}",
            next_command=f"wait, or ccm-upgrade unlock (it expires {DURATION_S} s after its last heartbeat)",
            retry_after_s=None if free is None else (free - now).total_seconds(),
        )  # fmt: skip

    def _refuse_cut(self, remembered: str) -> None:
        seq, _, line = remembered.partition(":")
        if seq.isdigit() and not self.journal.holds(int(seq), line):
            raise InputError(
                what=f"the journal does not hold entry {seq}, which the cluster remembers: it was cut or edited",
                where=f"run {self.run_id}",
                next_command="restore the journal from a copy, or ccm-upgrade rollback --to-backup its backup",
            )

    def check(self) -> None:
        """The fence: raises `LockedError` when the Lease carries another token than ours. Renews it on the way."""
        self.beat()

    def still_ours(self) -> None:
        """Raises `LockedError` when a heartbeat has found the lock lost; asks nobody."""
        if self._lost is not None:
            raise self._lost

    def beat(self) -> None:
        """Prove and renew ownership. Raises `LockedError` when it was lost, once and for all."""
        with self._guard:
            if self._lost is not None:
                raise self._lost
            try:
                self._renew()
            except AbsentError as error:
                self._lost = _lost("the Lease is gone", "")
                raise self._lost from error
            except LockedError as error:
                self._lost = error
                raise

    def _renew(self) -> None:
        """Read, prove, write; once more where somebody wrote in between and the token is still ours."""
        for again in (True, False):
            lease = self.reader.get(LEASE)
            self._prove(lease)
            try:
                return self._write(lease, self.clock.now(), {})
            except LockedError:
                if not again:
                    raise
        return None

    def _prove(self, lease: dict[str, Any]) -> None:
        notes = _notes(lease)
        if notes.get(_PREFIX + "token") != str(self.token):
            why = f"the token is {notes.get(_PREFIX + 'token')}, ours is {self.token}"
            raise _lost(why, notes.get(_PREFIX + "run", ""))

    def _write(self, lease: dict[str, Any], now: datetime, notes: dict[str, str]) -> None:
        """Write at the resourceVersion that was read, so that two takers can't both win."""
        moment = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        seq, line = self.journal.head()
        metadata = dict(lease["metadata"])
        said = {**notes, "journal": f"{seq}:{line}"}
        metadata["annotations"] = {**_notes(lease), **{_PREFIX + k: v for k, v in said.items()}}
        spec = {
            **(lease.get("spec") or {}),
            "holderIdentity": self.owner,
            "renewTime": moment,
            "leaseDurationSeconds": DURATION_S,
        }
        if notes:
            spec |= {"acquireTime": moment, "leaseTransitions": self.token}
        try:
            self.writer.replace(LEASE, {**lease, "metadata": metadata, "spec": spec})
        except RefusedError as error:
            raise LockedError("another run takes this cluster at this moment", where=_WHERE,
                              next_command="ccm-upgrade status") from error  # fmt: skip
        except TransientError as error:
            # The answer was lost: whether it landed is what the Lease says.
            if not error.effect_unknown or (self.reader.get(LEASE).get("spec") or {}).get("renewTime") != moment:
                raise

    def release(self) -> None:
        """Give the Lease back; the memory of used plans stays. Losing it meanwhile is no error."""
        with self._guard:
            try:
                lease = self.reader.get(LEASE)
                if _notes(lease).get(_PREFIX + "token") == str(self.token):
                    self.writer.replace(LEASE, {**lease, "spec": {**(lease.get("spec") or {}), "holderIdentity": ""}})
            except (AbsentError, RefusedError, TransientError):
                # Whoever can't be told finds it expired.
                return


def already_applied(plan_id: str, run: str) -> StaleError:
    """A plan is used once."""
    return StaleError(
        "this plan was already applied", where=plan_id, why=f"by the run {run}",
        next_command="ccm-upgrade plan makes a new one; ccm-upgrade history shows the old run",
    )  # fmt: skip


def free(reader: ClusterReader, writer: ClusterWriter) -> str:
    """Free the Lease; returns who held it, empty when nobody did. Its token grows, so that a zombie is fenced out."""
    lease = reader.get(LEASE)
    spec, metadata = lease.get("spec") or {}, dict(lease["metadata"])
    notes = _notes(lease)
    notes[_PREFIX + "token"] = str(int(notes.get(_PREFIX + "token", "0")) + 1)
    metadata["annotations"] = notes
    writer.replace(LEASE, {**lease, "metadata": metadata, "spec": {**spec, "holderIdentity": ""}})
    return str(spec.get("holderIdentity") or "")


def _notes(lease: dict[str, Any]) -> dict[str, str]:
    return dict(lease["metadata"].get("annotations") or {})


def _lost(why: str, run: str) -> LockedError:
    return LockedError(
        "this run lost its lock: another took over", where=_WHERE, why=why,
        next_command=f"ccm-upgrade status {run}".strip(),
    )  # fmt: skip


def _alive(holder: str) -> bool:
    """Whether the process of an owner on this machine still runs; one on another machine counts as alive."""
    host, _, rest = holder.partition("/")
    pid = rest.partition("/")[0]
    if host == socket.gethostname() and (not pid.isdigit() or int(pid) == os.getpid()):
        return False
    return may_live(host, int(pid) if pid.isdigit() else 0)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
