"""The lab on the wire: the cloud's OpenAPI, and whatever is mounted beside it, on loopback only.

It runs its own event loop in its own thread. Several servers live side by side; each has a port of its own, and a
second one for https when an authority is given.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable
from email.utils import format_datetime

from aiohttp import web
from msgspec import Struct

from upgrader.lab.cloud.gateway import Gateway
from upgrader.lab.cloud.inbound import Inbound
from upgrader.lab.wire import act_out
from upgrader.model.errors import InputError

LOOPBACK = "127.0.0.1"
MOUNT = "/k8s/"
BARE = ("/api", "/apis", "/openapi", "/version", "/healthz", "/livez", "/readyz")
"""Paths of a Kubernetes API without a mount: `kubectl get --raw` drops it. A bearer token tells whose they are."""
CONTROL = "/_lab/"
START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 2.0
BODY_LIMIT = 16 * 1024 * 1024
LINE_LIMIT = 1024 * 1024
"""CCM lists backends in a query: forty of them fill tens of kilobytes."""

Mounted = Callable[[web.Request, str, str], Awaitable[web.StreamResponse]]
"""Answers `/k8s/<cluster id>/<rest>`: called with the request, the cluster id (empty when only a token tells it) and
`/<rest>`.
"""

Control = Callable[[web.Request, str], Awaitable[web.StreamResponse]]
"""Answers `/_lab/<what>`: the lab's own switches."""


class Address(Struct, frozen=True, kw_only=True):
    """Where a server listens."""

    host: str
    port: int
    secure: bool = False

    @property
    def url(self) -> str:
        """`http://127.0.0.1:12345`."""
        return f"{'https' if self.secure else 'http'}://{self.host}:{self.port}"


class LabServer:
    """Serves a gateway on loopback, and mounted clusters under `/k8s/`. `start` returns when it listens."""

    def __init__(
        self,
        gateway: Gateway,
        *,
        port: int = 0,
        secure_port: int = 0,
        tls: ssl.SSLContext | None = None,
        kubernetes: Mounted | None = None,
        control: Control | None = None,
    ) -> None:
        self.gateway = gateway
        self.kubernetes = kubernetes
        self.control = control
        self.after_request: Callable[[], object] = lambda: None
        self._port = port
        self._secure_port = secure_port
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._runner: web.AppRunner | None = None
        self._closing = asyncio.Event()
        self.plain: Address | None = None
        self.secure: Address | None = None

    @property
    def url(self) -> str:
        """The plain address, as `--endpoint` takes it."""
        if self.plain is None:
            raise InputError("the lab is not started", next_command="call start()")
        return self.plain.url

    @property
    def secure_url(self) -> str:
        """The https address."""
        if self.secure is None:
            raise InputError("the lab does not serve https", next_command="give it an authority")
        return self.secure.url

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that requests are served on: background controllers of a mounted app may live there."""
        return self._loop

    def start(self) -> LabServer:
        """Listen. Raises `InputError` when the port is taken."""
        started = threading.Event()
        failures: list[OSError] = []

        def run() -> None:
            asyncio.set_event_loop(self._loop)
            try:
                self._loop.run_until_complete(self._open())
            except OSError as error:
                failures.append(error)
                started.set()
                return
            started.set()
            self._loop.run_forever()

        self._thread = threading.Thread(target=run, name="lab-server", daemon=True)
        self._thread.start()
        started.wait(START_TIMEOUT_S)
        if failures:
            self._thread.join()
            self._loop.close()
            raise InputError(
                f"can't listen on {LOOPBACK}:{self._port}",
                why=str(failures[0].strerror or failures[0]),
                next_command="choose another --port, or 0 for a free one",
            )
        return self

    def stop(self) -> None:
        """Close every connection and end the thread; safe to call twice."""
        if self._thread is None or not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(STOP_TIMEOUT_S * 4)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> LabServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def _open(self) -> None:
        app = web.Application(client_max_size=BODY_LIMIT)
        app.router.add_route("*", "/{tail:.*}", self._serve)
        app.on_response_prepare.append(self._dated)
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=STOP_TIMEOUT_S, handler_cancellation=True, max_line_size=LINE_LIMIT
        )
        await self._runner.setup()
        self.plain = await self._listen(self._port, None)
        if self._tls is not None:
            self.secure = await self._listen(self._secure_port, self._tls)

    async def _listen(self, port: int, context: ssl.SSLContext | None) -> Address:
        assert self._runner is not None
        site = web.TCPSite(self._runner, LOOPBACK, port, ssl_context=context)
        await site.start()
        bound = self._runner.addresses[-1]
        return Address(host=LOOPBACK, port=bound[1], secure=context is not None)

    async def _close(self) -> None:
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()
        tasks = [task for task in asyncio.all_tasks(self._loop) if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _dated(self, request: web.Request, response: web.StreamResponse) -> None:
        """Answers carry the lab's time, as everything in the lab does."""
        response.headers["Date"] = format_datetime(self.gateway.cloud.clock.now(), usegmt=True)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        # CS keeps one path of its own under the same name.
        if path.startswith(MOUNT) and self.kubernetes is not None and not path.endswith("/user_config"):
            cluster, _, rest = path[len(MOUNT) :].partition("/")
            return await self.kubernetes(request, cluster, f"/{rest}")
        if self.kubernetes is not None and path.startswith(BARE) and _bearer(request):
            return await self.kubernetes(request, "", path)
        if path.startswith(CONTROL) and self.control is not None:
            return await self.control(request, path[len(CONTROL) :])
        inbound = Inbound(
            method=request.method,
            host=request.host,
            path=path,
            query=tuple(request.query.items()),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
        )
        reply = self.gateway.answer(inbound)
        self.after_request()
        headers = {"x-acs-request-id": reply.request_id, "Content-Type": reply.content_type}
        answer = web.Response(status=reply.status, body=reply.body, headers=headers)
        return await act_out(request, answer, reply.fault, self._closing)


def _bearer(request: web.Request) -> str:
    """The bearer token of a request, empty without one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
