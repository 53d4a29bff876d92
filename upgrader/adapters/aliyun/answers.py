"""Taking answers apart: lists, pages, and attributes as text."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from upgrader.adapters.aliyun.call import Call, Transport

MAX_PAGES = 10_000
"""A server that says 'more' for ever is not believed."""


def ask(transport: Transport, call: Call) -> dict[str, Any]:
    """The answer as a mapping; a bare list comes as `{"items": …}`."""
    answer = transport.send(call)
    return answer if isinstance(answer, dict) else {"items": answer}


def listed(answer: Mapping[str, Any], *path: str) -> list[dict[str, Any]]:
    """The records at `path`: the RPC APIs wrap lists once (`{"Tag": [...]}`), some answers do not; absent is empty."""
    found: Any = answer
    for name in path:
        if isinstance(found, list):
            break
        found = (found or {}).get(name) if isinstance(found, Mapping) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def numbered_pages(transport: Transport, call: Call, *path: str, size: int = 100) -> Iterator[dict[str, Any]]:
    """Every record of a list that is paged by PageNumber, PageSize and TotalCount."""
    seen = 0
    for number in range(1, MAX_PAGES):
        page = replace(call, params={**call.params, "PageNumber": str(number), "PageSize": str(size)})
        answer = ask(transport, page)
        found = listed(answer, *path)
        yield from found
        seen += len(found)
        if not found or seen >= int(answer.get("TotalCount") or 0):
            return


def token_pages(
    transport: Transport, call: Call, *path: str, size: int = 100, sized: bool = True
) -> Iterator[dict[str, Any]]:
    """Every record of a list that is paged by NextToken and MaxResults."""
    params = {**call.params, **({"MaxResults": str(size)} if sized else {})}
    token = ""
    for _ in range(MAX_PAGES):
        answer = ask(transport, replace(call, params={**params, **({"NextToken": token} if token else {})}))
        yield from listed(answer, *path)
        following = str(answer.get("NextToken") or "")
        if not following or following == token:
            return
        token = following


def tag_map(records: Any) -> dict[str, str]:
    """Tags in any of the vendor's spellings as a mapping."""
    tags = {}
    for one in listed({"Tags": records}, "Tags", "Tag"):
        key = one.get("TagKey") or one.get("Key") or one.get("key")
        if key:
            tags[str(key)] = str(one.get("TagValue") or one.get("Value") or one.get("value") or "")
    return tags


def attributes(record: Mapping[str, Any], skip: Collection[str] = (), prefix: str = "") -> dict[str, str]:
    """Scalars as text, nested settings flattened with dots, lists of scalars joined by commas; other lists dropped."""
    found: dict[str, str] = {}
    for key, value in record.items():
        if key in skip and not prefix:
            continue
        if isinstance(value, Mapping):
            inner = list(value.values())
            if len(inner) == 1 and isinstance(inner[0], list):
                # {"SecurityGroupIds": {"SecurityGroupId": ["a"]}}: the wrapping is the protocol's, not the object's.
                value = inner[0]
            else:
                found.update(attributes(value, prefix=f"{prefix}{key}."))
                continue
        if isinstance(value, list):
            if value and all(not isinstance(one, dict | list) for one in value):
                found[prefix + key] = ",".join(text(one) for one in value)
            continue
        if value is not None:
            found[prefix + key] = text(value)
    return found


def text(value: Any) -> str:
    """A scalar as the vendor's documents write it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def number(value: Any) -> int:
    """A whole number; 0 where there is none."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0
