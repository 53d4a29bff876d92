"""What goes back: JSON, YAML, tables for people, metadata alone, as the `Accept` header asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
import yaml
from aiohttp import web
from msgspec import Struct

from upgrader.lab.kube.resource import Resource
from upgrader.lab.kube.status import ApiError
from upgrader.lab.kube.store import Object
from upgrader.lab.kube.tables.table import table

JSON = "application/json"
YAML = "application/yaml"
_META = "meta.k8s.io/v1"
encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode


class Form(Struct, frozen=True, kw_only=True):
    """How a caller wants an answer."""

    table: bool = False
    metadata_only: bool = False
    yaml: bool = False
    include: str = "Metadata"


_PLAIN = Form()


def form_of(accept: str, query: Mapping[str, str]) -> Form:
    """The form that an `Accept` header asks for first. Refuses a header that has nothing we speak."""
    if accept in ("", JSON, "*/*"):
        return _PLAIN
    for one in accept.split(","):
        kind, *pairs = (part.strip() for part in one.split(";"))
        wanted = dict(pair.partition("=")[::2] for pair in pairs)
        shown = wanted.get("as", "")
        if kind not in (JSON, YAML, "*/*", "application/*") or shown.startswith("APIGroupDiscovery"):
            continue
        return Form(
            table=shown == "Table", metadata_only=shown.startswith("PartialObjectMetadata"), yaml=kind == YAML,
            include=query.get("includeObject", "Metadata"),
        )  # fmt: skip
    if "text/" in accept or "APIGroupDiscovery" in accept:
        return _PLAIN
    said = "only the following media types are accepted: application/json, application/yaml"
    raise ApiError(406, "NotAcceptable", said)


def shown(found: Object, resource: Resource, form: Form, now: datetime) -> Object:
    """One object in a form."""
    if form.table:
        version = found["metadata"].get("resourceVersion", "")
        return table([found], resource, {"resourceVersion": version}, now, include=form.include)
    if form.metadata_only:
        return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": found["metadata"]}
    return {"kind": resource.kind, "apiVersion": resource.api_version, **found}


def shown_list(found: Iterable[Object], resource: Resource, metadata: Object, form: Form, now: datetime) -> Object:
    """A list in a form."""
    if form.table:
        return table(found, resource, metadata, now, include=form.include)
    if form.metadata_only:
        items = [{"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": one["metadata"]} for one in found]
        return {"kind": "PartialObjectMetadataList", "apiVersion": _META, "metadata": metadata, "items": items}
    kind = f"{resource.kind}List"
    items = list(found)
    if resource.custom or resource.stored is not None:
        # Built-in lists tell the kind of their items once; those of custom kinds at each.
        items = [{"apiVersion": resource.api_version, "kind": resource.kind, **one} for one in items]
    return {"kind": kind, "apiVersion": resource.api_version, "metadata": metadata, "items": items}


def reply(
    body: Any, *, status: int = 200, form: Form = _PLAIN, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A body on the wire."""
    if form.yaml:
        text = yaml.safe_dump(body, sort_keys=True, default_flow_style=False).encode()
        return web.Response(body=text, status=status, content_type=YAML, headers=headers)
    return web.Response(body=encode(body) + b"\n", status=status, content_type=JSON, headers=headers)
