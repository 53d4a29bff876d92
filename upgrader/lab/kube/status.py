"""The API's refusals: `Status` objects with reason, code and details, in Kubernetes' own words."""

from __future__ import annotations

from typing import Any

from upgrader.lab.kube.resource import Resource
from upgrader.model.errors import RefusedError


class ApiError(RefusedError):
    """A refusal with its HTTP status; `code` is the Status' reason. `headers` go with the answer."""

    def __init__(
        self, status: int, reason: str, message: str, *, details: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message, code=reason)
        self.status = status
        self.message = message
        self.details = details
        self.headers = headers or {}
        self.metadata: dict[str, Any] = {}

    @property
    def body(self) -> dict[str, Any]:
        """The Status object."""
        found: dict[str, Any] = {
            "kind": "Status", "apiVersion": "v1", "metadata": self.metadata, "status": "Failure",
            "message": self.message, "reason": self.code, "code": self.status,
        }  # fmt: skip
        return {**found, "details": self.details} if self.details is not None else found


def _details(resource: Resource, name: str = "") -> dict[str, Any]:
    found = {"name": name, "group": resource.group, "kind": resource.plural}
    return {key: value for key, value in found.items() if value}


def not_found(resource: Resource, name: str) -> ApiError:
    """No such object."""
    return ApiError(404, "NotFound", f'{resource.qualified} "{name}" not found', details=_details(resource, name))


def no_such_path() -> ApiError:
    """No such resource. The details are empty, but there: kubectl looks into them."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", details={})


def already_exists(resource: Resource, name: str) -> ApiError:
    """There is one of that name."""
    message = f'{resource.qualified} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, details=_details(resource, name))


def conflict(resource: Resource, name: str, why: str = "") -> ApiError:
    """Somebody else wrote in between."""
    why = why or (
        "the object has been modified; please apply your changes to the latest version and try again"
    )  # fmt: skip
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return ApiError(409, "Conflict", message, details=_details(resource, name))


def invalid(resource: Resource, name: str, *causes: tuple[str, str]) -> ApiError:
    """The object breaks rules: each cause is (field, message)."""
    said = [f"{field}: {message}" for field, message in causes]
    text = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
    details = _details(resource, name) | {"kind": resource.kind}
    details["causes"] = [{"reason": _cause(m), "message": m, "field": f} for f, m in causes]
    full = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    return ApiError(422, "Invalid", f'{full} "{name}" is invalid: {text}', details=details)


def invalid_options(kind: str, field: str, said: str) -> ApiError:
    """A request's options break rules."""
    causes = [{"reason": _cause(said), "message": said, "field": field}]
    details = {"group": "meta.k8s.io", "kind": kind, "causes": causes}
    return ApiError(422, "Invalid", f'{kind}.meta.k8s.io "" is invalid: {field}: {said}', details=details)


_CAUSES = {"Required": "FieldValueRequired", "Unsupported": "FieldValueNotSupported", "Too": "FieldValueTooLong",
           "Duplicate": "FieldValueDuplicate", "Forbidden:": "FieldValueForbidden",
           "Not": "FieldValueNotFound"}  # fmt: skip


def _cause(message: str) -> str:
    return _CAUSES.get(message.partition(" ")[0], "FieldValueInvalid")


def bad_request(message: str) -> ApiError:
    """The request makes no sense."""
    return ApiError(400, "BadRequest", message)


def expired(message: str) -> ApiError:
    """The version or the token is too old."""
    return ApiError(410, "Expired", message)


def forbidden(resource: Resource, name: str, message: str) -> ApiError:
    """The caller may not."""
    text = f'{resource.qualified} "{name}" is forbidden: {message}' if name else (
        f"{resource.qualified} is forbidden: {message}")  # fmt: skip
    return ApiError(403, "Forbidden", text, details=_details(resource, name))


def namespace_ending(resource: Resource, name: str, namespace: str) -> ApiError:
    """Nothing new is made in a namespace that ends."""
    error = forbidden(
        resource, name, f"unable to create new content in namespace {namespace} because it is being terminated"
    )
    cause = {"reason": "NamespaceTerminating", "message": f"namespace {namespace} is being terminated",
             "field": "metadata.namespace"}  # fmt: skip
    error.details = {**(error.details or {}), "causes": [cause]}
    return error


def unauthorized() -> ApiError:
    """The token is not known."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def unsupported_media(content_type: str, *accepted: str) -> ApiError:
    """The body is in a format that is not taken."""
    message = f"the body of the request was in an unknown format - accepted media types include: {', '.join(accepted)}"
    return ApiError(415, "UnsupportedMediaType", f"{message} (got {content_type or 'none'})")


def method_not_allowed() -> ApiError:
    """The resource has no such verb."""
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")


def no_programs(what: str) -> ApiError:
    """The lab's pods are records: nothing runs in them."""
    said = f"the lab's pods run no programs: {what} is not possible here"
    return ApiError(501, "NotImplemented", said)


def success(resource: Resource, name: str, uid: str) -> dict[str, Any]:
    """What deleting answers when the object is gone."""
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": _details(resource, name) | ({"uid": uid} if uid else {})}  # fmt: skip
