"""The two ways in which the cloud pages its lists."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from upgrader.lab.cloud.call import Answer, Call
from upgrader.lab.cloud.errors import CloudError

Item = TypeVar("Item")


def by_number(call: Call, items: Sequence[Item], *, default: int = 10, most: int = 100) -> tuple[list[Item], Answer]:
    """One page by `PageNumber` and `PageSize`, with the counts that go beside it."""
    size = call.params.integer("PageSize", default, low=1, high=most)
    number = call.params.integer("PageNumber", 1, low=1)
    page = list(items[(number - 1) * size : number * size])
    return page, {"TotalCount": len(items), "PageNumber": number, "PageSize": size}


def by_token(
    call: Call, items: Sequence[Item], *, default: int = 20, most: int = 100, size_name: str = "MaxResults"
) -> tuple[list[Item], str, int]:
    """One page by `NextToken`: the page, the next token (empty at the end) and the page's size."""
    size = call.params.integer(size_name, default, low=1, high=most)
    start = _start(call.params.text("NextToken"))
    page = list(items[start : start + size])
    following = start + size
    token = base64.urlsafe_b64encode(f"at:{following}".encode()).decode() if following < len(items) else ""
    return page, token, size


def _start(token: str) -> int:
    if not token:
        return 0
    try:
        text = base64.urlsafe_b64decode(token).decode()
        return int(text.removeprefix("at:"))
    except (binascii.Error, ValueError) as error:
        raise CloudError("InvalidParameter.NextToken", "The specified NextToken is invalid.") from error
