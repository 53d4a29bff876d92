"""A connected cluster: one reader, and a writer for whoever holds the lock."""

from __future__ import annotations

from upgrader.adapters.kube.reader import KubeReader
from upgrader.adapters.kube.transport import Transport
from upgrader.adapters.kube.writer import KubeWriter
from upgrader.ports.clock import Clock
from upgrader.ports.write import Fence


class KubeCluster:
    """The two sides of one connection, and the time that its server keeps."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self.transport = transport
        self.clock = clock
        self.reader = KubeReader(transport)

    @property
    def host(self) -> str:
        """The API server's address."""
        return self.transport.host

    def writer(self, fence: Fence) -> KubeWriter:
        """A writer that asks `fence` before each request."""
        return KubeWriter(self.transport, fence)
