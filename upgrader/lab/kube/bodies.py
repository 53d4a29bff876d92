"""Request bodies: JSON, YAML and the protobuf of Go's typed clients, decoded into plain objects."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from upgrader.lab.kube.schema import protobuf
from upgrader.lab.kube.status import bad_request, unsupported_media

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"


def decoded(body: bytes) -> Any:
    """A JSON body. Refuses anything else as the server does."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request(f"the object provided is unrecognized (must be of type JSON): {error}") from error


def from_yaml(body: bytes) -> Any:
    """A YAML (or JSON) body, with scalars as Kubernetes reads them."""
    try:
        return yaml.load(body, Loader=_Loader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request(f"error decoding YAML: {str(error).splitlines()[0]}") from error


def _from_protobuf(body: bytes) -> dict[str, Any]:
    try:
        return protobuf.decoded(body)
    except KeyError as error:
        raise unsupported_media(f"{PROTOBUF} of kind {error.args[0]}", JSON, YAML) from error
    except ValueError as error:
        raise bad_request(f"the object provided is unrecognized: {error}") from error


class _Loader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """Times stay text: JSON has none."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def object_of(body: bytes, content_type: str) -> dict[str, Any]:
    """The object in a body of the given type. Refuses types that are not taken, and bodies that are no object."""
    kind = content_type.partition(";")[0].strip() or JSON
    found: Any
    if kind in (YAML, "application/x-yaml", "text/yaml"):
        found = from_yaml(body)
    elif kind in (JSON, "text/plain", "application/x-www-form-urlencoded"):
        # curl -d sends the last of these when nobody tells it otherwise.
        found = decoded(body)
    elif kind == PROTOBUF:
        found = _from_protobuf(body)
    else:
        raise unsupported_media(kind, JSON, YAML, PROTOBUF)
    if not isinstance(found, dict):
        raise bad_request("the object provided is unrecognized (must be an object)")
    return found
