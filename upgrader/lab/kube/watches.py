"""Watches: changes as they come, one JSON object a line, with bookmarks, and 410 when they can't be told any more."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from upgrader.lab.clock import LabClock
from upgrader.lab.kube.answers import Form, encode, shown
from upgrader.lab.kube.lists import number, selection, too_new
from upgrader.lab.kube.paths import Target
from upgrader.lab.kube.selectors import Test
from upgrader.lab.kube.status import ApiError, expired
from upgrader.lab.kube.store import Change, Object, Store

DEFAULT_TIMEOUT_S = 1800.0
BOOKMARK_EVERY_S = 30.0
_INITIAL_END = {"k8s.io/initial-events-end": "true"}


class Wakers:
    """Wakes the watchers of one store when something changed, whichever thread changed it."""

    def __init__(self, store: Store) -> None:
        self._events: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        store.listeners.append(self._changed)

    def join(self) -> tuple[asyncio.AbstractEventLoop, asyncio.Event]:
        """A new watcher's ticket."""
        ticket = (asyncio.get_running_loop(), asyncio.Event())
        self._events.add(ticket)
        return ticket

    def leave(self, ticket: tuple[asyncio.AbstractEventLoop, asyncio.Event]) -> None:
        """The watcher is gone."""
        self._events.discard(ticket)

    def wake(self) -> None:
        """Let every watcher look."""
        for loop, event in tuple(self._events):
            with contextlib.suppress(RuntimeError):  # the loop has ended in between
                loop.call_soon_threadsafe(event.set)

    def _changed(self, _: Change) -> None:
        self.wake()


class Watch:
    """One watch request."""

    def __init__(self, store: Store, clock: LabClock, target: Target, query: Mapping[str, str], form: Form) -> None:
        self._store, self._clock, self._target, self._form = store, clock, target, form
        self._test: Test | None = selection(target, query)
        self._cursor = number(query, "resourceVersion")
        self._timeout_s = float(number(query, "timeoutSeconds") or DEFAULT_TIMEOUT_S)
        self._bookmarks = query.get("allowWatchBookmarks") in ("true", "1")
        initial = query.get("sendInitialEvents")
        self._told_end = initial == "true"
        self._initial = self._told_end or (self._cursor == 0 and initial != "false")
        self._headed = False
        if self._cursor > store.revision:
            raise too_new(self._cursor, store.revision)

    async def serve(self, request: web.Request, wakers: Wakers) -> web.StreamResponse:
        """Stream until the time is over, the caller is gone, or the history is."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.enable_chunked_encoding()
        ticket = wakers.join()
        try:
            first = self._first()
            await response.prepare(request)
            await response.write(first)
            await self._follow(response, ticket[1])
        except (ConnectionResetError, ConnectionError):
            pass
        finally:
            wakers.leave(ticket)
        return response

    def _first(self) -> bytes:
        """What is there, and then where the changes begin."""
        if not self._initial:
            self._cursor = self._cursor or self._store.revision
            return b""
        with self._store.guard:
            self._cursor = self._store.revision
            found = self._store.list(self._target.resource.key, self._target.namespace)
        lines = [self._line("ADDED", one) for one in found if self._meant(one)]
        if self._told_end:
            lines.append(self._bookmark(_INITIAL_END))
        return b"".join(lines)

    async def _follow(self, response: web.StreamResponse, event: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._timeout_s
        while True:
            event.clear()
            changes = self._store.since(self._cursor)
            if changes is None:
                await response.write(encode({"type": "ERROR", "object": _too_old(self._cursor)}) + b"\n")
                return
            if changes:
                self._cursor = changes[-1].revision
                if lines := b"".join(filter(None, map(self._told, changes))):
                    await response.write(lines)
            left_s = end - loop.time()
            if left_s <= 0:
                if self._bookmarks:
                    await response.write(self._bookmark())
                return
            try:
                await asyncio.wait_for(event.wait(), min(left_s, BOOKMARK_EVERY_S))
            except TimeoutError:
                if self._bookmarks and loop.time() < end:
                    await response.write(self._bookmark())

    def _told(self, change: Change) -> bytes:
        """The line of a change: leaving a selection is a deletion, entering it an addition."""
        if change.key != self._target.resource.key:
            return b""
        is_in = self._meant(change.object)
        if change.kind == "MODIFIED" and self._test is not None and change.before is not None:
            was_in = self._meant(change.before)
            if was_in and not is_in:
                version = change.object["metadata"]["resourceVersion"]
                metadata = {**change.before["metadata"], "resourceVersion": version}
                return self._line("DELETED", {**change.before, "metadata": metadata})
            if is_in and not was_in:
                return self._line("ADDED", change.object)
        return self._line(change.kind, change.object) if is_in else b""

    def _meant(self, found: Object) -> bool:
        metadata = found["metadata"]
        if self._target.namespace and metadata.get("namespace") != self._target.namespace:
            return False
        if self._target.name and metadata["name"] != self._target.name:
            return False
        return self._test is None or self._test(found)

    def _line(self, kind: str, found: Object) -> bytes:
        body = shown(found, self._target.resource, self._form, self._now())
        if self._form.table and self._headed:
            body["columnDefinitions"] = []
        self._headed = True
        return encode({"type": kind, "object": body}) + b"\n"

    def _bookmark(self, annotations: dict[str, str] | None = None) -> bytes:
        resource = self._target.resource
        metadata: dict[str, Any] = {"resourceVersion": str(self._cursor), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        body = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}
        return encode({"type": "BOOKMARK", "object": body}) + b"\n"

    def _now(self) -> datetime:
        return self._clock.now()


def _too_old(cursor: int) -> dict[str, Any]:
    error: ApiError = expired(f"too old resource version: {cursor}")
    return error.body
