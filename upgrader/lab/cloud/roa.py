"""The ROA style of the first SDK generation: a REST path, `x-acs-*` headers, `Authorization: acs key:signature`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from email.utils import parsedate_to_datetime

from upgrader.lab.cloud.cs.routes import find_route
from upgrader.lab.cloud.errors import CloudError
from upgrader.lab.cloud.inbound import Asked, Inbound
from upgrader.model.moments import rfc3339

_AUTHORIZATION = re.compile(r"acs (?P<key>[^:]+):(?P<sign>.+)")
ALGORITHMS = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}


def parse(request: Inbound, fields: dict[str, str]) -> Asked:
    """What a request of this style asks for; an unknown path has the action `METHOD /path`."""
    match = _AUTHORIZATION.match(request.headers.get("authorization", ""))
    action, found = find_route(request.method, request.path)
    region = request.headers.get("x-acs-region-id", "")
    return Asked(
        product="cs",
        action=action or f"{request.method} {request.path}",
        params={**({"RegionId": region} if region else {}), **fields, **found},
        body=request.json,
        key_id=match["key"] if match else "",
        token=request.headers.get("x-acs-security-token", ""),
        signature=match["sign"] if match else "",
        timestamp=_iso(request.headers.get("date", "")),
        nonce=request.headers.get("x-acs-signature-nonce", ""),
    )


def signature(request: Inbound, secret: str) -> tuple[str, str]:
    """The signature that belongs to the request, and the text that was signed."""
    method = request.headers.get("x-acs-signature-method", "HMAC-SHA1").upper()
    algorithm = ALGORITHMS.get(method)
    if algorithm is None:
        raise CloudError("UnsupportedSignatureMethod", f"The specified signature method {method} is not supported.")
    plain = (request.headers.get(name, "") for name in ("accept", "content-md5", "content-type", "date"))
    acs = sorted((name, value) for name, value in request.headers.items() if name.startswith("x-acs-"))
    lines = [request.method, *plain, *(f"{name}:{value}" for name, value in acs)]
    query = "&".join(key if not value else f"{key}={value}" for key, value in sorted(request.query))
    text = "\n".join((*lines, request.path + (f"?{query}" if query else "")))
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), algorithm).digest()).decode(), text


def _iso(date: str) -> str:
    try:
        return rfc3339(parsedate_to_datetime(date))
    except (TypeError, ValueError):
        return date
