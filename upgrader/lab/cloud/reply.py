"""Answers and errors as bodies: JSON, or the XML that RPC answers when no format is asked for."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

import msgspec

from upgrader.lab.cloud.errors import CloudError

JSON_TYPE = "application/json;charset=utf-8"
XML_TYPE = "text/xml;charset=utf-8"


def error_fields(error: CloudError, request_id: str, host: str, product: str) -> dict[str, Any]:
    """An error's fields; CS writes its names in lower case beside the gateway's."""
    fields = {
        "RequestId": request_id,
        "HostId": host,
        "Code": error.code,
        "Message": error.message,
        "Recommend": f"https://next.api.aliyun.com/troubleshoot?q={error.code}&product={product}",
    }
    if product == "cs":
        fields |= {"code": error.code, "message": error.message, "requestId": request_id}
    return fields


def body(fields: Any, style: str, root: str) -> tuple[bytes, str]:
    """The bytes and the content type. `root` is the XML document's element."""
    if style == "XML":
        text = f'<?xml version="1.0" encoding="UTF-8"?><{root}>{_xml(fields)}</{root}>'
        return text.encode(), XML_TYPE
    return msgspec.json.encode(fields), JSON_TYPE


def _xml(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(_element(str(key), inner) for key, inner in value.items())
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else escape(str(value))


def _element(name: str, value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "".join(f"<{name}>{_xml(one)}</{name}>" for one in value)
    return f"<{name}>{_xml(value)}</{name}>"
