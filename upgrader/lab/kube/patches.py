"""Patches by their content type: JSON patch, merge patch, strategic merge patch."""

from __future__ import annotations

from typing import Any

import jsonpatch
import jsonpointer

from upgrader.lab.kube.bodies import decoded
from upgrader.lab.kube.resource import Resource
from upgrader.lab.kube.status import ApiError, bad_request, invalid, unsupported_media
from upgrader.lab.kube.strategic import strategic_merge

Map = dict[str, Any]

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


def patched(found: Map, body: bytes, content_type: str, resource: Resource, *, custom: bool) -> Map:
    """The object with the patch applied; `found` is not changed. Refuses a patch that does not fit."""
    if content_type == JSON_PATCH:
        return _json_patched(found, decoded(body), resource)
    if content_type == MERGE:
        patch = _mapping(decoded(body))
        return dict(merged(found, patch))
    if content_type == STRATEGIC and not custom:
        return strategic_merge(found, _mapping(decoded(body)))
    raise unsupported_media(content_type, JSON_PATCH, MERGE, *(() if custom else (STRATEGIC,)), APPLY)


def merged(found: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    result = dict(found) if isinstance(found, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def _mapping(patch: Any) -> Map:
    if not isinstance(patch, dict):
        raise bad_request("error decoding patch: a JSON object is expected")
    return patch


def _json_patched(found: Map, patch: Any, resource: Resource) -> Map:
    if not isinstance(patch, list):
        raise bad_request("error decoding patch: a JSON array is expected")
    name = found["metadata"]["name"]
    try:
        result = jsonpatch.apply_patch(found, patch)
    except jsonpatch.JsonPatchTestFailed as error:
        raise ApiError(422, "Invalid", "the server rejected our request due to an error in our request: "
                       f"testing value failed: {error}") from error  # fmt: skip
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, KeyError, TypeError) as error:
        raise invalid(resource, name, ("patch", str(error))) from error
    return _mapping(result)
