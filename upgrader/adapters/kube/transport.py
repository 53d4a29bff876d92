"""HTTP to the Kubernetes API: authentication and TLS by the `kubernetes` package, bytes in and out.

Every request has a timeout and is sent once. Nothing of urllib3 or of the client crosses this border.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

import urllib3
from kubernetes import client
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from upgrader.adapters.kube.errors import from_status
from upgrader.adapters.kube.server_time import ServerClock
from upgrader.adapters.patience import UnreachableError
from upgrader.model.errors import CcmUpgradeError, DeniedError, InputError, TransientError

CONNECT_TIMEOUT_S = 10.0
JSON = "application/json"


def is_write(method: str, path: str) -> bool:
    """Whether a request changes something: a review of our rights is a question, though it is a POST."""
    return method != "GET" and not path.endswith("accessreviews")


class Transport(Protocol):
    """One exchange with the API server. `asked` is the verb and the resource, for errors."""

    host: str

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

    def stream(self, path: str, query: Mapping[str, str], *, asked: str, timeout_s: float) -> Iterator[bytes]:
        """The lines of a watch, until the server ends it or nothing came for `timeout_s`."""


class HttpTransport:
    """The transport of a loaded configuration; safe for several threads. `clock` learns the server's time.

    `secured` serves every connection: certificates are read once.
    """

    def __init__(
        self, configuration: Any, secured: ssl.SSLContext | None, clock: ServerClock, *, read_timeout_s: float = 30.0
    ) -> None:
        self.host: str = configuration.host.rstrip("/")
        self._configuration, self._clock = configuration, clock
        self._read_timeout_s = read_timeout_s
        try:
            self._pool = client.ApiClient(configuration).rest_client.pool_manager
        except (HTTPError, ValueError) as error:
            raise InputError(
                what="can't use the proxy of the kubeconfig", where=self.host, why=str(error)[:200],
                next_command="kubectl get --raw /version",
            ) from error  # fmt: skip
        if secured:
            self._pool.connection_pool_kw["ssl_context"] = secured

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
        data = None if body is None else json.dumps(body).encode()
        write = is_write(method, path)
        response = self._send(method, path, query or {}, data, content_type, asked, self._read_timeout_s, write=write)
        return bytes(response.data)

    def stream(self, path: str, query: Mapping[str, str], *, asked: str, timeout_s: float) -> Iterator[bytes]:
        """The lines of a watch, until the server ends it or nothing came for `timeout_s`."""
        response = self._send("GET", path, query, None, JSON, asked, timeout_s, write=False, whole=False)
        rest = b""
        try:
            for chunk in response.stream(65536, decode_content=True):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (line for line in lines if line.strip())
        except (ReadTimeoutError, ProtocolError):
            return
        finally:
            response.close()

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        data: bytes | None,
        content_type: str,
        asked: str,
        read_timeout_s: float,
        *,
        write: bool,
        whole: bool = True,
    ) -> Any:
        url = self.host + path + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": JSON, "User-Agent": "ccm-upgrade", **self._authorization()}
        if data is not None:
            headers["Content-Type"] = content_type
        sent = self._clock.sent()
        try:
            response = self._pool.request(
                method, url, body=data, headers=headers, retries=False, redirect=False, preload_content=whole,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=read_timeout_s),
            )  # fmt: skip
            self._clock.heard(response.headers.get("Date", ""), sent)
            if response.status >= 300:
                raise from_status(
                    response.status, bytes(response.data), asked=asked, where=self.host,
                    retry_after=response.headers.get("Retry-After", ""), write=write,
                )  # fmt: skip
        except HTTPError as error:
            raise self._unreachable(error, asked, write=write) from error
        return response

    def _authorization(self) -> dict[str, str]:
        """Fresh for every request: tokens of exec plug-ins and service accounts run out."""
        configuration = self._configuration
        try:
            auth = configuration.auth_settings()
        except Exception as error:  # a credential plug-in may fail in any way
            raise DeniedError(
                what="the kubeconfig's credential plug-in failed", action="authenticate", where=self.host,
                why=str(error).partition("\n")[0][:200], next_command="kubectl get --raw /version",
            ) from error  # fmt: skip
        headers = {part["key"]: part["value"] for part in auth.values() if part.get("in") == "header" and part["value"]}
        if not headers and configuration.username and configuration.password:
            headers["authorization"] = configuration.get_basic_auth_token()
        return headers

    def _unreachable(self, error: HTTPError, asked: str, *, write: bool) -> CcmUpgradeError:
        """Why no answer came, and whether a write may have landed all the same."""
        landed, step = write, "kubectl get --raw /version"
        match error:
            case NameResolutionError():
                why, landed = "the server's name is not known", False
            case NewConnectionError():
                why, landed = "the connection was refused", False
            case ConnectTimeoutError():
                why, landed = f"no connection within {CONNECT_TIMEOUT_S:.0f} s", False
            case SSLError():
                why, landed, step = f"TLS: {str(error)[:160]}", False, "check certificate-authority in the kubeconfig"
            case ProxyError():
                why, landed, step = "the proxy could not connect", False, "check HTTPS_PROXY and NO_PROXY"
            case ReadTimeoutError():
                why = "no answer in time"
            case _:
                why = "the connection broke"
        nobody = isinstance(error, NameResolutionError | NewConnectionError | ProxyError | SSLError)
        kind = UnreachableError if nobody else TransientError
        return kind(what=f"can't {asked}", where=self.host, why=why, next_command=step, effect_unknown=landed)
