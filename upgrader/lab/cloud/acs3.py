"""The ACS3 style of the second SDK generation: action and version in headers, one canonical request, HMAC-SHA256."""

from __future__ import annotations

import hashlib
import hmac
import re

from upgrader.lab.cloud.errors import CloudError
from upgrader.lab.cloud.inbound import Asked, Inbound
from upgrader.lab.cloud.products import product_of
from upgrader.lab.cloud.rpc import escape

_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=(?P<key>[^,]+),\s*SignedHeaders=(?P<headers>[^,]+),\s*Signature=(?P<sign>[0-9a-f]+)"
)


def is_acs3(request: Inbound) -> bool:
    """Whether a request is of this style. The first generation sends `x-acs-action` too, but signs in its own way."""
    authorization = request.headers.get("authorization", "")
    if authorization:
        return authorization.startswith("ACS3-")
    signed = any(name == "Signature" for name, _ in (*request.query, *request.form))
    return "x-acs-action" in request.headers and not signed


def parse(request: Inbound, fields: dict[str, str]) -> Asked:
    """What a request of this style asks for."""
    match = _AUTHORIZATION.match(request.headers.get("authorization", ""))
    version = request.headers.get("x-acs-version", "")
    return Asked(
        product=product_of(request.host, version),
        action=request.headers.get("x-acs-action", ""),
        params=fields,
        body=None if request.form else request.json,
        key_id=match["key"] if match else "",
        token=request.headers.get("x-acs-security-token", ""),
        signature=match["sign"] if match else "",
        timestamp=request.headers.get("x-acs-date", ""),
        nonce=request.headers.get("x-acs-signature-nonce", ""),
    )


def signature(request: Inbound, secret: str) -> tuple[str, str]:
    """The signature that belongs to the request, and the text that was signed."""
    match = _AUTHORIZATION.match(request.headers.get("authorization", ""))
    if match is None:
        raise CloudError("MissingAuthorization", "The request carries no ACS3-HMAC-SHA256 authorization.")
    content = hashlib.sha256(request.body).hexdigest()
    if request.headers.get("x-acs-content-sha256", content) != content:
        raise CloudError("InvalidContentHash", "x-acs-content-sha256 does not belong to the body.")
    names = match["headers"].split(";")
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in names)
    query = "&".join(f"{escape(key)}={escape(value)}" for key, value in sorted(request.query))
    path = escape_path(request.path or "/")
    canonical = "\n".join((request.method, path, query, headers, ";".join(names), content))
    text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest(), text


def escape_path(path: str) -> str:
    """A path, each segment percent-encoded."""
    return "/".join(escape(part) for part in path.split("/"))
