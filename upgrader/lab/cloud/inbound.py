"""A request off the wire, before anybody has judged it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from upgrader.lab.cloud.errors import CloudError


class Inbound(Struct, frozen=True, kw_only=True):
    """Method, path (decoded), query and headers (lower-cased names) and body, as they came."""

    method: str
    host: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = {}
    body: bytes = b""

    @property
    def form(self) -> tuple[tuple[str, str], ...]:
        """The body's fields when it is a form."""
        if not self.body or "form" not in self.headers.get("content-type", ""):
            return ()
        return tuple(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def json(self) -> Any:
        """The body as JSON; None when there is none."""
        if not self.body or self.form:
            return None
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise CloudError("InvalidParameter.Body", "The request body is not JSON.") from error

    def all_fields(self) -> dict[str, str]:
        """Query and form together."""
        return dict((*self.query, *self.form))


class Asked(Struct, frozen=True, kw_only=True):
    """A request understood: what it wants, and what its signature says.

    `signed_as` is the signature's algorithm, `signature` what was sent, `expected(secret)` is computed by the protocol.
    """

    product: str
    action: str
    params: dict[str, str]
    body: Any = None
    key_id: str = ""
    token: str = ""
    signature: str = ""
    timestamp: str = ""
    nonce: str = ""
    format: str = "JSON"
