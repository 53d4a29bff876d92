"""A connected cloud: one reader, and a writer for whoever holds the lock."""

from __future__ import annotations

from upgrader.adapters.aliyun.call import Transport
from upgrader.adapters.aliyun.reader import AliyunReader
from upgrader.adapters.aliyun.retry import Bucket, Patient
from upgrader.adapters.aliyun.writer import AliyunWriter
from upgrader.ports.clock import Clock
from upgrader.ports.write import Fence


class AliyunCloud:
    """The two sides of one connection. Reads are repeated patiently; writes go out once."""

    def __init__(self, transport: Transport, *, region: str, clock: Clock, bucket: Bucket | None = None) -> None:
        self.region = region
        self._transport = Patient(transport, clock, bucket)
        self.reader = AliyunReader(self._transport, region)

    def writer(self, fence: Fence) -> AliyunWriter:
        """A writer that asks `fence` before each request."""
        return AliyunWriter(self._transport, fence, self.region)

    def in_region(self, region: str) -> AliyunCloud:
        """The same connection, asking and changing another region by default."""
        other = object.__new__(AliyunCloud)
        other.region, other._transport = region, self._transport
        other.reader = AliyunReader(self._transport, region)
        return other
