"""Taking answers apart: lists, pages, and attributes as text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from upgrader.adapters.aliyun.call import Call, Transport
from upgrader.model.errors import RefusedError

_ROA = ("cs",)
MAX_PAGES = 10_000
"""A server that says 'more' for ever is not believed."""


def ask(transport: Transport, call: Call) -> dict[str, Any]:
    """The answer as a mapping; a bare list comes as `{"items": …}`.

    Raises `RefusedError` for an RPC answer without any field, as an endpoint gives that lacks the call: those of the
    cloud have a RequestId at least. That nothing was told is no proof that there is nothing.
    """
    answer = transport.send(call)
    if answer == {} and call.product not in _ROA:
        raise RefusedError(what=f"the endpoint answers {call.name} with nothing", code="EmptyAnswer",
                           where=call.region, next_command="check --endpoint and --region")  # fmt: skip
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
    """Every record of a list that is paged by PageNumber, PageSize and TotalCount.

    Without a count a page that is as long as was asked for is followed by another; one that tells nothing new is the
    last: not every endpoint has pages.
    """
    seen, told = 0, set[bytes]()
    for number_of_page in range(1, MAX_PAGES):
        page = replace(call, params={**call.params, "PageNumber": str(number_of_page), "PageSize": str(size)})
        answer = ask(transport, page)
        found = listed(answer, *path)
        fresh = _not_told(found, told)
        if not fresh:
            return
        yield from fresh
        seen, total = seen + len(found), number(answer.get("TotalCount"))
        if seen >= total if total else len(found) < size:
            return


def token_pages(
    transport: Transport, call: Call, *path: str, size: int = 100, sized: bool = True
) -> Iterator[dict[str, Any]]:
    """Every record of a list that is paged by NextToken and MaxResults; a page that tells nothing new is the last."""
    for found, _ in _by_token(transport, call, path, size, sized=sized):
        yield from found


def whole_list(transport: Transport, call: Call, *path: str) -> list[dict[str, Any]]:
    """Every record of a list that is paged by NextToken and counts them; none where it does not prove to be whole."""
    found, total = list[dict[str, Any]](), 0
    for page, counted in _by_token(transport, call, path, 100, sized=True):
        found += page
        total = counted
    return found if len(found) == total else []


def _by_token(
    transport: Transport, call: Call, path: Collection[str], size: int, *, sized: bool
) -> Iterator[tuple[list[dict[str, Any]], int]]:
    """(what a page tells that none before it told, how many there are in all by its count; 0 without one)."""
    params = {**call.params, **({"MaxResults": str(size)} if sized else {})}
    token, told = "", set[bytes]()
    for _ in range(MAX_PAGES):
        answer = ask(transport, replace(call, params={**params, **({"NextToken": token} if token else {})}))
        fresh = _not_told(listed(answer, *path), told)
        yield fresh, number(answer.get("TotalCount"))
        following = str(answer.get("NextToken") or "")
        if not fresh or not following or following == token:
            return
        token = following


def _not_told(found: Iterable[dict[str, Any]], told: set[bytes]) -> list[dict[str, Any]]:
    """The records of a page that no page before told; `told` then knows them too."""
    prints = [(msgspec.json.encode(one, order="deterministic"), one) for one in found]
    fresh = [one for known_by, one in prints if known_by not in told]
    told.update(known_by for known_by, _ in prints)
    return fresh


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
