"""A connected cloud: one reader, and a writer for whoever holds the lock."""

from __future__ import annotations

from upgrader.adapters.aliyun.call import Transport
from upgrader.adapters.aliyun.lists import Lists
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
        self._lists: Lists | None = None
        self.reader = AliyunReader(self._transport, region)

    def writer(self, fence: Fence) -> AliyunWriter:
        """A writer that asks `fence` before each request."""
        return AliyunWriter(self._transport, fence, self.region)

    def in_region(self, region: str) -> AliyunCloud:
        """The same connection, asking and changing another region by default."""
        return self._with(region, self._lists)

    def sharing(self, lists: Lists) -> AliyunCloud:
        """The same connection for one of many who list the same regions: each list is asked for once for all."""
        return self._with(self.region, lists)

    def _with(self, region: str, lists: Lists | None) -> AliyunCloud:
        other = object.__new__(AliyunCloud)
        other.region, other._transport, other._lists = region, self._transport, lists
        other.reader = AliyunReader(self._transport, region, lists)
        return other
