"""The vendor's client, wrapped once: https, timeouts, credentials, one attempt, our errors."""

from __future__ import annotations

import logging
import threading
from typing import Any

import msgspec
from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from aliyunsdkcore.client import AcsClient

from upgrader.adapters.aliyun.assume import AssumedRole, is_role
from upgrader.adapters.aliyun.call import Call
from upgrader.adapters.aliyun.credentials import BridgeSigner, static
from upgrader.adapters.aliyun.endpoint import Endpoint
from upgrader.adapters.aliyun.errors import from_code, no_json, read_error, unreachable
from upgrader.adapters.aliyun.requests import build
from upgrader.ports.clock import SystemClock

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 20
POOL = 32
_NO_ANSWER = ("SDK.HttpError", "SDK.UnknownServerError")


class SdkTransport:
    """A transport over the vendor's SDK; safe for several threads, one client a region."""

    def __init__(
        self, *, profile: str = "", endpoint: Endpoint | None = None, key: tuple[str, str] | None = None
    ) -> None:
        # The SDK logs whole answers, a kubeconfig among them; what went wrong is told by our errors.
        logging.getLogger("aliyunsdkcore").setLevel(logging.CRITICAL + 1)
        self._profile = profile
        self._endpoint = endpoint
        self._key = key
        self._clients: dict[str, Any] = {}
        self._signer: BridgeSigner | None = None
        self._guard = threading.Lock()

    def send(self, call: Call) -> dict[str, Any] | list[Any]:
        """The decoded answer to one request, sent once. Raises our own errors."""
        request = build(call, self._endpoint)
        client = self._client(call.region)
        try:
            body: bytes = client.do_action_with_exception(request)
        except ServerException as error:
            raise from_code(
                call, error.get_http_status() or 0, error.get_error_code() or "", error.get_error_msg() or "",
                error.get_request_id() or "",
            ) from error  # fmt: skip
        except ClientException as error:
            code = error.get_error_code() or ""
            if code not in _NO_ANSWER:
                raise from_code(call, 400, code, error.get_error_msg() or "") from error
            raise unreachable(call, error.get_error_msg() or "") from error
        except ValueError as error:
            # The SDK parses error bodies without a guard: HTML from a proxy ends here.
            raise no_json(call, str(error).encode()) from error
        return _decoded(call, body)

    def _session(self, region: str) -> AssumedRole | None:
        """The session, when what stands for a profile is a role of another account."""
        if not is_role(self._profile):
            return None
        return AssumedRole(SdkTransport(endpoint=self._endpoint), self._profile, region, SystemClock())

    def _client(self, region: str) -> Any:
        with self._guard:
            client = self._clients.get(region)
            if client is None:
                if self._signer is None:
                    self._signer = BridgeSigner(
                        self._profile, static(*self._key) if self._key else self._session(region)
                    )
                # NO_PROXY is not looked at by the SDK: without this, loopback would go through the proxy.
                direct = {"http": None, "https": None} if self._endpoint and self._endpoint.loopback else None
                # The key pair here is never used: the signer is ours.
                client = AcsClient(
                    "unused", "unused", region, auto_retry=False, connect_timeout=CONNECT_TIMEOUT_S,
                    timeout=READ_TIMEOUT_S, pool_size=POOL, proxy=direct,
                )  # fmt: skip
                client._signer = self._signer
                # It would read ~/.netrc before each request, for a password that no product of this cloud asks for.
                client.session.trust_env = False
                client._get_server_exception = _server_error
                self._clients[region] = client
            return client


def _server_error(status: int, body: bytes, *_: Any) -> ServerException | None:
    """The error in an answer, in place of the SDK's look for one.

    That one decodes each answer of success too, and stumbles over error bodies that are no JSON object.
    """
    if 200 <= status < 300:
        return None
    code, message, request_id = read_error(body)
    return ServerException(code, message, http_status=status, request_id=request_id)


def _decoded(call: Call, body: bytes) -> dict[str, Any] | list[Any]:
    if not body:
        return {}
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise no_json(call, body) from error
    if answer is None:
        return {}
    if not isinstance(answer, dict | list):
        raise no_json(call, body)
    return answer
