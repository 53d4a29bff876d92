"""Lists: selected, in pages that show one moment, with 410 when that moment is forgotten."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import msgspec

from upgrader.lab.kube.paths import Target
from upgrader.lab.kube.selectors import Test, field_test, label_test
from upgrader.lab.kube.status import ApiError, bad_request, expired
from upgrader.lab.kube.store import Name, Object, Store, after

EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)
_ANY = -1
"""The revision of a token that goes on with what is there now."""


def selection(target: Target, query: Mapping[str, str]) -> Test | None:
    """The test of a request's label and field selectors; None when it has none."""
    labels = label_test(query.get("labelSelector", ""))
    fields = field_test(query.get("fieldSelector", ""), target.resource)
    if labels is None or fields is None:
        return labels or fields
    return lambda found: labels(found) and fields(found)


def number(query: Mapping[str, str], name: str) -> int:
    """A number of the query, 0 when it is not given. Refuses what is no number."""
    text = query.get(name, "")
    if not text:
        return 0
    try:
        return int(text)
    except ValueError:
        if name == "resourceVersion":
            raise invalid_version(text) from None
        said = f'strconv.ParseInt: parsing "{text}": invalid syntax'
        raise bad_request(f"converting (url.Values).{name}: {said}") from None


def invalid_version(text: str) -> ApiError:
    """A resource version that is none."""
    return bad_request(f'invalid resource version "{text}": strconv.ParseUint: parsing "{text}": invalid syntax')


def too_new(wanted: int, current: int) -> ApiError:
    """A resource version that has not come yet."""
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    details: dict[str, Any] = {"causes": [cause], "retryAfterSeconds": 1}
    said = f"Timeout: Too large resource version: {wanted}, current: {current}"
    return ApiError(504, "Timeout", said, details=details, headers={"Retry-After": "1"})


def page(store: Store, target: Target, query: Mapping[str, str]) -> tuple[list[Object], dict[str, Any]]:
    """One page of a list with its metadata. Refuses tokens and versions that are too old or make no sense."""
    limit, wanted = number(query, "limit"), number(query, "resourceVersion")
    test = selection(target, query)
    key = (target.resource.key, target.namespace)
    start: Name | None = None
    with store.guard:
        if token := query.get("continue", ""):
            if wanted:
                raise bad_request("specifying resource version is not allowed when using continue")
            revision, start = _read(token)
            found = _moment(store, target, revision, start)
            revision = store.revision if revision == _ANY else revision
        else:
            if wanted > store.revision:
                raise too_new(wanted, store.revision)
            revision = store.revision
            if query.get("resourceVersionMatch") == "Exact" and wanted not in (0, revision):
                raise expired(f"The provided resource version is too old: {wanted}")
            found = store.list(*key)
            if limit and len(found) > limit:
                store.keep_list(target.resource.key, target.namespace, found)
    rest = list(after(found, start)) if start is not None else found
    if target.name:
        rest = [one for one in rest if one["metadata"]["name"] == target.name]
    return _cut(rest, limit, test, revision)


def _cut(rest: list[Object], limit: int, test: Test | None, revision: int) -> tuple[list[Object], dict[str, Any]]:
    metadata: dict[str, Any] = {"resourceVersion": str(revision)}
    selected = rest if test is None else [one for one in rest if test(one)]
    if not limit or len(selected) <= limit:
        return selected, metadata
    last = selected[limit - 1]["metadata"]
    metadata["continue"] = _token(revision, (last.get("namespace", ""), last["name"]))
    if test is None:
        metadata["remainingItemCount"] = len(selected) - limit
    return selected[:limit], metadata


def _moment(store: Store, target: Target, revision: int, start: Name) -> list[Object]:
    if revision == _ANY:
        return store.list(target.resource.key, target.namespace)
    kept = store.kept_list(target.resource.key, target.namespace, revision)
    if kept is None:
        error = expired(EXPIRED)
        error.metadata = {"continue": _token(_ANY, start)}
        raise error
    return kept


def _token(revision: int, last: Name) -> str:
    found = {"v": "meta.k8s.io/v1", "rv": revision, "start": f"{last[0]}/{last[1]}\0"}
    return base64.urlsafe_b64encode(msgspec.json.encode(found)).decode().rstrip("=")


def _read(token: str) -> tuple[int, Name]:
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        namespace, _, name = found["start"].rstrip("\0").partition("/")
        return int(found["rv"]), (namespace, name)
    except (ValueError, KeyError, TypeError, AttributeError, msgspec.DecodeError) as error:
        raise bad_request(f"continue key is not valid: {error}") from error
