"""One run a cluster: a Lease in the cluster with a fencing token, and a file lock beside it.

The Lease `kube-system/ccm-upgrade` carries owner, plan, heartbeat and the token, a number that grows with each owner.
Before each write the run proves that the Lease still carries its token; a run that slept and was taken over is fenced
out.
Used plans are remembered in the Lease by their nonce.
"""

from __future__ import annotations

import fcntl
import os
import socket
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from upgrader.model.errors import AbsentError, LockedError, RefusedError, StaleError
from upgrader.ports.clock import Clock
from upgrader.ports.read import ClusterReader, Ref
from upgrader.ports.write import ClusterWriter

LEASE = Ref(api_version="coordination.k8s.io/v1", kind="Lease", namespace="kube-system", name="ccm-upgrade")
DURATION_S = 60
# A proof of ownership is good for so long; then the Lease is read again before the next write.
PROOF_S = 5.0
# So many used plans are remembered; older ones have expired anyway.
REMEMBERED = 50
_PREFIX = "ccm-upgrade.io/"


class NoFence:
    """Lets everything through: for the writes of the lock itself."""

    def check(self) -> None:
        """Always fine."""


class LeaseLock:
    """The lock of one run; also the fence of its writers."""

    def __init__(self, reader: ClusterReader, writer: ClusterWriter, clock: Clock, run_id: str, plan_id: str) -> None:
        self.reader, self.writer, self.clock = reader, writer, clock
        self.run_id, self.plan_id = run_id, plan_id
        self.owner = f"{socket.gethostname()}/{os.getpid()}/{run_id}"
        self.token = 0
        self._proved = float("-inf")

    def take(self, nonce: str = "") -> None:
        """Take the Lease. Raises `LockedError` while another run holds it, `StaleError` for a plan used before.

        The same run may take its own Lease again (resume) when its earlier process is gone.
        """
        now = self.clock.now()
        try:
            lease = self.reader.get(LEASE)
        except AbsentError:
            metadata = {"name": LEASE.name, "namespace": LEASE.namespace}
            body = {"apiVersion": LEASE.api_version, "kind": "Lease", "metadata": metadata}
            try:
                lease = self.writer.create(LEASE, body)
            except RefusedError:
                lease = self.reader.get(LEASE)
        notes = lease["metadata"].get("annotations") or {}
        self._refuse_held(lease, notes, now)
        used = [n for n in notes.get(_PREFIX + "used-plans", "").split(",") if n]
        if nonce and nonce in used and notes.get(_PREFIX + "run") != self.run_id:
            raise StaleError(
                "this plan was already applied", where=self.plan_id, why=f"by the run {notes.get(_PREFIX + 'run')}",
                next_command="ccm-upgrade plan makes a new one; ccm-upgrade history shows the old run",
            )  # fmt: skip
        self.token = int(notes.get(_PREFIX + "token", "0")) + 1
        remembered = [n for n in used if n != nonce][-REMEMBERED + 1 :] + ([nonce] if nonce else [])
        self._write(lease, now, {"token": str(self.token), "run": self.run_id, "plan": self.plan_id,
                                 "used-plans": ",".join(remembered)})  # fmt: skip

    def _refuse_held(self, lease: dict[str, Any], notes: dict[str, str], now: datetime) -> None:
        spec = lease.get("spec") or {}
        holder = spec.get("holderIdentity") or ""
        if not holder or (notes.get(_PREFIX + "run") == self.run_id and not _alive(holder)):
            return
        beat = _time(spec.get("renewTime"))
        if beat is not None and now >= beat + timedelta(seconds=spec.get("leaseDurationSeconds") or DURATION_S):
            return
        host, _, rest = holder.partition("/")
        raise LockedError(
            f"run {notes.get(_PREFIX + 'run', '?')} holds this cluster", where="Lease kube-system/ccm-upgrade",
            why=f"owner {host} pid {rest.partition('/')[0]}, since {spec.get('acquireTime', '?')}, "
                f"last heartbeat {spec.get('renewTime', '?')}",
            next_command=f"wait, or ccm-upgrade unlock (it expires {DURATION_S} s after its last heartbeat)",
        )  # fmt: skip

    def check(self) -> None:
        """The fence: raises `LockedError` when the Lease carries another token than ours."""
        if self.clock.monotonic() - self._proved < PROOF_S:
            return
        self.beat()

    def beat(self) -> None:
        """Prove and renew ownership. Raises `LockedError` when it was lost."""
        lease = self.reader.get(LEASE)
        notes = lease["metadata"].get("annotations") or {}
        if notes.get(_PREFIX + "token") != str(self.token):
            raise LockedError(
                "this run lost its lock: another took over", where="Lease kube-system/ccm-upgrade",
                why=f"the token is {notes.get(_PREFIX + 'token')}, ours is {self.token}",
                next_command=f"ccm-upgrade status {notes.get(_PREFIX + 'run', '')}",
            )  # fmt: skip
        self._write(lease, self.clock.now(), {})

    def _write(self, lease: dict[str, Any], now: datetime, notes: dict[str, str]) -> None:
        """Write at the resourceVersion that was read, so that two takers can't both win."""
        moment = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        metadata = dict(lease["metadata"])
        metadata["annotations"] = {**(metadata.get("annotations") or {}), **{_PREFIX + k: v for k, v in notes.items()}}
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
            raise LockedError("another run takes this cluster at this moment", where="Lease kube-system/ccm-upgrade",
                              next_command="ccm-upgrade status") from error  # fmt: skip
        self._proved = self.clock.monotonic()

    def release(self) -> None:
        """Give the Lease back; the memory of used plans stays. Losing it meanwhile is no error."""
        try:
            lease = self.reader.get(LEASE)
            if (lease["metadata"].get("annotations") or {}).get(_PREFIX + "token") == str(self.token):
                self.writer.replace(LEASE, {**lease, "spec": {**(lease.get("spec") or {}), "holderIdentity": ""}})
        except (AbsentError, RefusedError):
            return


def free(reader: ClusterReader, writer: ClusterWriter) -> str:
    """Free the Lease; returns who held it, empty when nobody did. Its token grows, so that a zombie is fenced out."""
    lease = reader.get(LEASE)
    spec, metadata = lease.get("spec") or {}, dict(lease["metadata"])
    notes = dict(metadata.get("annotations") or {})
    notes[_PREFIX + "token"] = str(int(notes.get(_PREFIX + "token", "0")) + 1)
    metadata["annotations"] = notes
    writer.replace(LEASE, {**lease, "metadata": metadata, "spec": {**spec, "holderIdentity": ""}})
    return str(spec.get("holderIdentity") or "")


def _alive(holder: str) -> bool:
    """Whether the process of an owner on this machine still runs; one on another machine counts as alive."""
    host, _, rest = holder.partition("/")
    if host != socket.gethostname():
        return True
    pid = rest.partition("/")[0]
    if not pid.isdigit() or int(pid) == os.getpid():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


class FileLock:
    """A lock on this machine, so that two processes with one state directory don't even ask the cluster."""

    def __init__(self, directory: Path, cluster: str) -> None:
        safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in cluster) or "cluster"
        self.path = directory / f".lock-{safe}"
        self._file: IO[str] | None = None

    def take(self) -> None:
        """Raises `LockedError` at once while another process holds it."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = self.path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            held = file.read().strip()
            file.close()
            raise LockedError(
                "another process on this machine works on this cluster", where=str(self.path), why=held,
                next_command="ccm-upgrade status",
            ) from error  # fmt: skip
        file.truncate(0)
        file.write(f"pid {os.getpid()}")
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give it back."""
        if self._file is not None:
            self._file.close()
            self._file = None
