"""The RPC style: parameters in query or form, `Action` and `Version` among them, signed with HMAC."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from urllib.parse import quote

from upgrader.lab.cloud.errors import CloudError
from upgrader.lab.cloud.inbound import Asked, Inbound
from upgrader.lab.cloud.products import product_of

ALGORITHMS = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
PROTOCOL_FIELDS = frozenset(
    (
        "Action",
        "Version",
        "Format",
        "AccessKeyId",
        "SecurityToken",
        "Signature",
        "SignatureMethod",
        "SignatureVersion",
        "SignatureNonce",
        "SignatureType",
        "Timestamp",
    )
)


def is_rpc(request: Inbound, fields: dict[str, str]) -> bool:
    """Whether a request is of this style."""
    return request.path in ("", "/") and ("Action" in fields or "Signature" in fields or "Version" in fields)


def parse(request: Inbound, fields: dict[str, str]) -> Asked:
    """What a request of this style asks for."""
    return Asked(
        product=product_of(request.host, fields.get("Version", "")),
        action=fields.get("Action", ""),
        params={key: value for key, value in fields.items() if key not in PROTOCOL_FIELDS},
        key_id=fields.get("AccessKeyId", ""),
        token=fields.get("SecurityToken", ""),
        signature=fields.get("Signature", ""),
        timestamp=fields.get("Timestamp", ""),
        nonce=fields.get("SignatureNonce", ""),
        format=fields.get("Format", "XML").upper(),
    )


def signature(request: Inbound, fields: dict[str, str], secret: str) -> tuple[str, str]:
    """The signature that belongs to the request, and the text that was signed."""
    method = fields.get("SignatureMethod", "HMAC-SHA1")
    algorithm = ALGORITHMS.get(method.upper())
    if algorithm is None:
        raise CloudError("UnsupportedSignatureMethod", f"The specified signature method {method} is not supported.")
    signed = sorted((key, value) for key, value in fields.items() if key != "Signature")
    canonical = "&".join(f"{escape(key)}={escape(value)}" for key, value in signed)
    # What is escaped already has no other signs left than these three.
    twice = canonical.replace("%", "%25").replace("&", "%26").replace("=", "%3D")
    text = f"{request.method}&%2F&{twice}"
    digest = hmac.new(f"{secret}&".encode(), text.encode(), algorithm).digest()
    return base64.b64encode(digest).decode(), text


def escape(text: str) -> str:
    """Percent-encoding as the signature wants it: all but letters, digits and `-_.~`."""
    return text if _PLAIN(text) else quote(text, safe="-_.~")
