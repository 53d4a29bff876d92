"""OpenAPI v3, as far as kubectl needs it before it writes: which kinds take `fieldValidation` and `dryRun`.

Schemas are not served: kubectl then leaves validation to the server.
"""

from __future__ import annotations

from typing import Any

from upgrader.lab.kube.resource import Catalogue, Resource


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
    for one in served:
        paths |= _paths(one)
    info = {"title": "Kubernetes", "version": "lab"}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": {}}}


def _root(one: Resource) -> str:
    return f"apis/{one.api_version}" if one.group else "api/v1"


def _paths(one: Resource) -> dict[str, Any]:
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in ("dryRun", "fieldValidation")]
    kind = {"group": one.group, "version": one.version, "kind": one.kind}
    operation = {"parameters": parameters, "responses": {}, "x-kubernetes-group-version-kind": kind}
    base = f"/{_root(one)}" + ("/namespaces/{namespace}" if one.namespaced else "") + f"/{one.plural}"
    return {base: {"post": operation}, base + "/{name}": {"patch": operation, "put": operation}}
