"""The Kubernetes API. Importing this package imports no client library: `connect` does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from upgrader.ports.clock import Clock, SystemClock

if TYPE_CHECKING:
    from upgrader.adapters.kube.cluster import KubeCluster

__all__ = ["KubeCluster", "connect"]


def connect(
    kubeconfig: str | Path | None = None,
    context: str = "",
    *,
    content: str = "",
    timeout_s: float = 30.0,
    clock: Clock | None = None,
) -> KubeCluster:
    """A connection by kubeconfig file (None: `KUBECONFIG`, `~/.kube/config`, else in-cluster) or by its `content`.

    Nothing is asked yet. Raises `InputError` for a broken kubeconfig or an unknown context.
    """
    from upgrader.adapters.kube.cluster import KubeCluster
    from upgrader.adapters.kube.config import load
    from upgrader.adapters.kube.patient import Patient
    from upgrader.adapters.kube.server_time import ServerClock
    from upgrader.adapters.kube.transport import HttpTransport

    time = ServerClock(clock or SystemClock())
    transport = HttpTransport(*load(kubeconfig, context, content), time, read_timeout_s=timeout_s)
    return KubeCluster(Patient(transport, time), time)
