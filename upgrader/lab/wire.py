"""A fault acted out on the connection: an answer that is late, never comes, or breaks off."""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import web

from upgrader.lab.faults import Fault

NEVER_S = 3600.0


async def act_out(
    request: web.Request, answer: web.Response, fault: Fault | None, closing: asyncio.Event
) -> web.StreamResponse:
    """The answer, or what the fault makes of it; `closing` ends the waiting."""
    if fault is not None and fault.kind in ("slow", "timeout"):
        delay_s = fault.delay_s or (NEVER_S if fault.kind == "timeout" else 1.0)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(closing.wait(), delay_s)
        if fault.kind == "timeout":
            return _cut(request, web.Response())
    if fault is not None and fault.kind == "cut":
        body = answer.body if isinstance(answer.body, bytes) else b""
        broken = web.StreamResponse(status=answer.status, headers=answer.headers)
        broken.content_length = len(body)
        await broken.prepare(request)
        await broken.write(body[: len(body) // 2])
        return _cut(request, broken)
    return answer


def _cut(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Break the connection off."""
    if request.transport is not None:
        request.transport.abort()
    return response
