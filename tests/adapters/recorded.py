"""A transport that remembers every call: proof of what was asked, and that reading never wrote."""

from __future__ import annotations

import threading
from typing import Any

from upgrader.adapters.aliyun.call import Call, Transport
from upgrader.model.errors import BugError


class Recorder:
    """Passes calls on and keeps them in order; with `read_only`, a call that is no read is refused as our bug.

    `most_at_once` is the largest number of calls that were on their way together.
    """

    def __init__(self, transport: Transport, *, read_only: bool = False) -> None:
        self._transport, self._read_only = transport, read_only
        self._guard = threading.Lock()
        self.calls: list[Call] = []
        self._at_once = self.most_at_once = 0

    def send(self, call: Call) -> dict[str, Any] | list[Any]:
        """The answer of the transport behind."""
        with self._guard:
            self.calls.append(call)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if self._read_only and not call.is_read:
                raise BugError(what=f"{call.name} is no read", where="read-only transport")
            return self._transport.send(call)
        finally:
            with self._guard:
                self._at_once -= 1
