"""OpenAPI v3, as far as kubectl needs it: which kinds take `fieldValidation` and `dryRun`, and what `explain` shows.

Schemas tell fields and types of the built-in kinds, no descriptions. Patches are not described: kubectl then merges by
what it knows itself.
"""

from __future__ import annotations

import functools
from typing import Any

from upgrader.lab.kube.resource import Catalogue, Resource
from upgrader.lab.kube.schema.kinds import kind_name, whole

_SCALARS: dict[str, dict[str, Any]] = {
    "s": {"type": "string"}, "i": {"type": "integer"}, "b": {"type": "boolean"}, "f": {"type": "number"},
    "y": {"type": "string", "format": "byte"}, "Time": {"type": "string", "format": "date-time"},
    "MicroTime": {"type": "string", "format": "date-time"}, "Quantity": {"type": "string"},
    "IntOrString": {"type": "string", "format": "int-or-string"}, "Raw": {"type": "object"},
    "Duration": {"type": "string"},
}  # fmt: skip
_TYPE_META = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
_REFERENCE = "#/components/schemas/"


def openapi_document(path: str, catalogue: Catalogue) -> dict[str, Any] | None:
    """The index at `/openapi/v3`, or the document of one group and version; None for any other path."""
    if path.rstrip("/") == "/openapi/v3":
        roots = sorted({_root(one) for one in catalogue.all()})
        return {"paths": {root: {"serverRelativeURL": f"/openapi/v3/{root}?hash=lab"} for root in roots}}
    root = path.removeprefix("/openapi/v3/").rstrip("/")
    served = [one for one in catalogue.all() if _root(one) == root]
    if not path.startswith("/openapi/v3/") or not served:
        return None
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for one in served:
        paths |= _paths(one)
        schemas |= _schemas(one)
    info = {"title": "Kubernetes", "version": "lab"}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}


def _root(one: Resource) -> str:
    return f"apis/{one.api_version}" if one.group else "api/v1"


def _kind(one: Resource) -> dict[str, str]:
    return {"group": one.group, "version": one.version, "kind": one.kind}


def _paths(one: Resource) -> dict[str, Any]:
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in ("dryRun", "fieldValidation")]
    operation = {"parameters": parameters, "responses": {}, "x-kubernetes-group-version-kind": _kind(one)}
    base = f"/{_root(one)}" + ("/namespaces/{namespace}" if one.namespaced else "") + f"/{one.plural}"
    read = {**operation, "parameters": []}
    return {
        base: {"post": operation, "get": read},
        base + "/{name}": {"get": read, "patch": operation, "put": operation},
    }


def _schemas(one: Resource) -> dict[str, Any]:
    """A kind and everything that it is made of."""
    name = kind_name(one.api_version, one.kind)
    if not name:
        shape: dict[str, Any] = {"type": "object", "properties": dict(_TYPE_META)}
        return {f"{one.group}.{one.version}.{one.kind}": {**shape, "x-kubernetes-group-version-kind": [_kind(one)]}}
    found = dict(_reached(name))
    top = found[_public(name)]
    found[_public(name)] = {
        **top, "properties": {**_TYPE_META, **top["properties"]}, "x-kubernetes-group-version-kind": [_kind(one)]
    }  # fmt: skip
    return found


@functools.cache
def _reached(name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if _public(one) in found:
            continue
        fields = whole(one)
        found[_public(one)] = {"type": "object", "properties": {n: _type(f.kind) for n, f in fields.items()}}
        inner = (f.kind.replace("Items", "").replace("[]", "").replace("{}", "") for f in fields.values())
        waiting += [kind for kind in inner if "/" in kind]
    return found


def _type(kind: str) -> dict[str, Any]:
    kind = kind.removeprefix("Items")
    if kind.startswith("[]"):
        return {"type": "array", "items": _type(kind[2:])}
    if kind.startswith("{}"):
        return {"type": "object", "additionalProperties": _type(kind[2:])}
    return dict(_SCALARS[kind]) if kind in _SCALARS else {"allOf": [{"$ref": _REFERENCE + _public(kind)}]}


def _public(name: str) -> str:
    """`core/v1.Pod` as the documents name it."""
    group, _, rest = name.partition("/")
    return f"io.k8s.apimachinery.pkg.apis.meta.{rest}" if group == "meta" else f"io.k8s.api.{group}.{rest}"
