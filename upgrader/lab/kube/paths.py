"""An API path taken apart: resource, namespace, name, subresource."""

from __future__ import annotations

import re
from urllib.parse import unquote

from msgspec import Struct

from upgrader.lab.kube.resource import Catalogue, Resource

_PATH = re.compile(
    r"^/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/[^/]+))?"
    r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+))?(?:/(?P<sub>[^/]+))?/?$"
)


class Target(Struct, frozen=True, kw_only=True):
    """What a request is about. An empty name means the whole collection."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def target_of(path: str, catalogue: Catalogue) -> Target | None:
    """The target of a path; None when it is no resource of this cluster."""
    match = _PATH.match(path)
    if match is None:
        return None
    group, version = (match["group"] or ""), (match["version"] or match["core"])
    namespace, plural, name, sub = (unquote(match[part] or "") for part in ("namespace", "plural", "name", "sub"))
    if namespace and group == "" and plural in ("status", "finalize"):
        # /api/v1/namespaces/<name>/status is the namespace's own.
        plural, name, sub, namespace = "namespaces", namespace, plural, ""
    resource = catalogue.find(group, version, plural)
    if resource is None or (sub and sub not in resource.subresources):
        return None
    if resource.namespaced and name and not namespace:
        return None
    return Target(resource=resource, namespace=namespace, name=name, subresource=sub)
