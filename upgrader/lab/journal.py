"""Every request that the cloud was asked, in order: the lab's witness."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import Struct

READ_PREFIXES = ("Describe", "List", "Get", "Check", "Query", "Assume", "Analyze")
"""How the names of requests that change nothing begin."""


def is_write(action: str) -> bool:
    """Whether an action changes something, judged by its name as the cloud names its actions."""
    return not action.startswith(READ_PREFIXES)


class Request(Struct, frozen=True, kw_only=True):
    """One request as it was answered.

    `status` is the HTTP status, `code` the error code (empty: it succeeded). `unhandled` says that the lab has no such
    action; `landed` that the effect took place although the answer said otherwise (a fault after the effect).
    """

    seq: int
    time: datetime
    product: str
    action: str
    params: dict[str, str]
    caller: str
    request_id: str
    status: int
    code: str = ""
    message: str = ""
    unhandled: bool = False
    landed: bool = False
    write: bool = False


class Journal:
    """Requests in the order of their answers. Keeps the newest `limit`; `seq` never restarts."""

    def __init__(self, limit: int = 200_000) -> None:
        self._requests: list[Request] = []
        self._limit = limit
        self._seq = 0
        self._guard = threading.Lock()
        self.listeners: list[Callable[[Request], None]] = []

    def next_seq(self) -> int:
        """The number of the request that comes in now."""
        with self._guard:
            self._seq += 1
            return self._seq

    def add(self, request: Request) -> None:
        """Remember a request."""
        with self._guard:
            self._requests.append(request)
            if len(self._requests) > self._limit:
                del self._requests[: self._limit // 10]
        for listener in self.listeners:
            listener(request)

    def requests(
        self, *, since: int = 0, writes: bool | None = None, product: str = "", actions: Iterable[str] = ()
    ) -> tuple[Request, ...]:
        """The requests after `since`, narrowed by what is given."""
        wanted = set(actions)
        return tuple(
            one
            for one in tuple(self._requests)
            if one.seq > since
            and (writes is None or one.write is writes)
            and (not product or one.product == product)
            and (not wanted or one.action in wanted)
        )

    def unhandled(self) -> tuple[Request, ...]:
        """The requests whose action the lab does not know."""
        return tuple(one for one in tuple(self._requests) if one.unhandled)

    @property
    def last_seq(self) -> int:
        """The number of the newest request: a mark for `requests(since=…)`."""
        return self._seq

    def clear(self) -> None:
        """Forget the requests; the numbers go on."""
        with self._guard:
            self._requests.clear()
