"""A transport that asks again: reads that failed for a passing reason are repeated, a write is sent once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from upgrader.adapters.kube.transport import JSON, Transport, is_write
from upgrader.adapters.patience import patiently
from upgrader.ports.clock import Clock


class Patient:
    """A `Transport` over another one."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self.host = transport.host
        self._transport, self._clock = transport, clock

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        *,
        asked: str,
        content_type: str = JSON,
    ) -> bytes:
        """The body of a 2xx answer; raises our errors otherwise."""

        def send() -> bytes:
            return self._transport.request(method, path, query, body, asked=asked, content_type=content_type)

        return send() if is_write(method, path) else patiently(send, self._clock)

    def stream(self, path: str, query: Mapping[str, str], *, asked: str, timeout_s: float) -> Iterator[bytes]:
        """The lines of a watch: whoever watches knows how to begin anew."""
        return self._transport.stream(path, query, asked=asked, timeout_s=timeout_s)
