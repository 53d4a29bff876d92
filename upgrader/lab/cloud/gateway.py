"""From the wire to the cloud and back: style, identity, signature, time, nonce, then the request itself."""

from __future__ import annotations

import hmac
from collections import deque
from datetime import datetime
from typing import Any

from msgspec import Struct

from upgrader.lab.cloud import acs3, roa, rpc
from upgrader.lab.cloud.call import Caller
from upgrader.lab.cloud.cloud import Cloud
from upgrader.lab.cloud.cs.routes import find_route
from upgrader.lab.cloud.errors import CloudError, unknown_action
from upgrader.lab.cloud.identity import caller_of, secret_of
from upgrader.lab.cloud.inbound import Asked, Inbound
from upgrader.lab.cloud.reply import body, error_fields
from upgrader.lab.faults import Fault
from upgrader.ports.clock import Clock, SystemClock

ANONYMOUS = frozenset({("sts", "AssumeRoleWithOIDC")})
"""Requests that carry no signature: their token speaks for them."""
NONCES_KEPT = 100_000


class Reply(Struct, frozen=True, kw_only=True):
    """What goes back: HTTP status, body, type, and the fault that the connection must act out."""

    status: int
    body: bytes
    content_type: str
    request_id: str
    fault: Fault | None = None


class Gateway:
    """The OpenAPI front of one cloud. `strict` checks signatures, times and nonces; identity is always asked for."""

    def __init__(self, cloud: Cloud, *, strict: bool = True, machine: Clock | None = None) -> None:
        self.cloud = cloud
        self.strict = strict
        self._machine = machine or SystemClock()
        self._nonces: set[str] = set()
        self._order: deque[str] = deque()

    def answer(self, request: Inbound) -> Reply:
        """The reply to one request, whatever it is."""
        asked = Asked(product="", action="", params={})
        try:
            fields = request.all_fields()
            asked = self._parse(request, fields)
            caller = self._admit(request, fields, asked)
        except CloudError as error:
            who = asked.key_id or "anonymous"
            request_id = self.cloud.refuse(asked.product, asked.action, asked.params, who, error)
            return self._refused(error, request_id, request.host, asked)
        outcome = self.cloud.request(asked.product, asked.action, asked.params, caller, body=asked.body)
        if outcome.error is not None:
            return self._refused(outcome.error, outcome.request_id, request.host, asked, outcome.fault)
        shown: Any = outcome.answer
        if asked.product == "cs":
            shown = _cs_shape(outcome.answer)
        data, content_type = body(shown, asked.format, f"{asked.action}Response")
        return Reply(
            status=200,
            body=data,
            content_type=content_type,
            request_id=outcome.request_id,
            fault=outcome.fault,
        )

    def _parse(self, request: Inbound, fields: dict[str, str]) -> Asked:
        if acs3.is_acs3(request):
            asked = acs3.parse(request, fields)
            if asked.product == "cs":
                _, found = find_route(request.method, request.path)
                return Asked(**{**{name: getattr(asked, name) for name in asked.__struct_fields__},
                                "params": {**asked.params, **found}})  # fmt: skip
        elif rpc.is_rpc(request, fields):
            asked = rpc.parse(request, fields)
        else:
            return roa.parse(request, fields)
        if not asked.product:
            raise unknown_action()
        return asked

    def _admit(self, request: Inbound, fields: dict[str, str], asked: Asked) -> Caller:
        if (asked.product, asked.action) in ANONYMOUS:
            return Caller(kind="anonymous")
        if not asked.key_id:
            raise CloudError("MissingAccessKeyId", "AccessKeyId is mandatory for this action.")
        world, now_s = self.cloud.world, self.cloud.clock.now().timestamp()
        secret = secret_of(world, asked.key_id, asked.token, now_s)
        if self.strict:
            self._check_signature(request, fields, asked, secret)
            self._check_time(asked)
            self._check_nonce(asked)
        return caller_of(world, asked.key_id)

    def _check_signature(self, request: Inbound, fields: dict[str, str], asked: Asked, secret: str) -> None:
        if acs3.is_acs3(request):
            expected, text = acs3.signature(request, secret)
        elif rpc.is_rpc(request, fields):
            expected, text = rpc.signature(request, fields, secret)
        else:
            expected, text = roa.signature(request, secret)
        if not hmac.compare_digest(expected, asked.signature):
            raise CloudError(
                "SignatureDoesNotMatch",
                "Specified signature is not matched with our calculation. server string to sign is:" + text,
            )

    def _check_time(self, asked: Asked) -> None:
        """A client stamps with its own machine's time, so that is what it is held to, not the lab's."""
        try:
            sent = datetime.fromisoformat(asked.timestamp)
        except ValueError as error:
            raise CloudError("InvalidTimeStamp.Format", "Specified time stamp is not well formatted.") from error
        if sent.tzinfo is None:
            raise CloudError("InvalidTimeStamp.Format", "Specified time stamp is not well formatted.")
        if abs((self._machine.now() - sent).total_seconds()) > self.cloud.world.rules.skew_s:
            raise CloudError("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")

    def _check_nonce(self, asked: Asked) -> None:
        if not asked.nonce:
            if asked.product == "cs":
                return  # The first generation's ROA requests carry none.
            raise CloudError("MissingSignatureNonce", "SignatureNonce is mandatory for this action.")
        used = f"{asked.key_id} {asked.nonce}"
        if used in self._nonces:
            raise CloudError("SignatureNonceUsed", "Specified signature nonce was used already.")
        self._nonces.add(used)
        self._order.append(used)
        if len(self._order) > NONCES_KEPT:
            self._nonces.discard(self._order.popleft())

    def _refused(
        self, error: CloudError, request_id: str, host: str, asked: Asked, fault: Fault | None = None
    ) -> Reply:
        fields = error_fields(error, request_id, host, asked.product)
        data, content_type = body(fields, asked.format, "Error")
        return Reply(status=error.status, body=data, content_type=content_type, request_id=request_id, fault=fault)


def _cs_shape(answer: dict[str, Any]) -> Any:
    """CS answers some calls with a bare list, and names the request id its own way."""
    if "[]" in answer:
        return answer["[]"]
    shown = {key: value for key, value in answer.items() if key != "RequestId"}
    return {**shown, "request_id": answer["RequestId"]} if "RequestId" in answer else shown
