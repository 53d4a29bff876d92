"""Fields that a built-in kind does not have: refused, warned about or dropped in silence, as `fieldValidation` asks."""

from __future__ import annotations

from typing import Any

import msgspec

from upgrader.lab.kube.resource import Resource
from upgrader.lab.kube.schema.strict import checked
from upgrader.lab.kube.status import ApiError, bad_request, invalid_options

_MODES = ("Ignore", "Warn", "Strict")
_PATCH = "PatchOptions"


class FieldValidation:
    """The rule of one request. `warnings` are what its answer says in `Warning` headers."""

    def __init__(self, mode: str, resource: Resource) -> None:
        if mode and mode not in _MODES:
            supported = ", ".join(f'"{one}"' for one in _MODES)
            raise invalid_options("CreateOptions", "fieldValidation",
                                  f'Unsupported value: "{mode}": supported values: {supported}')  # fmt: skip
        self._mode = mode or "Warn"
        self._resource = resource
        self.warnings: list[str] = []

    def body(self, found: dict[str, Any]) -> dict[str, Any]:
        """A whole object without unknown fields. Refuses values of wrong types, and unknown fields when strict."""
        kept, unknown, wrong = self._checked(found)
        said = f'{self._kind} in version "{self._version}" cannot be handled as a {self._kind}'
        if wrong:
            raise bad_request(f"{said}: {wrong[0]}")
        if unknown and self._mode == "Strict":
            raise bad_request(f"{said}: strict decoding error: {_listed(unknown)}")
        self._warn(unknown)
        return kept

    def patched(self, found: dict[str, Any], before: dict[str, Any], patch: bytes) -> dict[str, Any]:
        """An object after a patch, likewise; what was unknown before the patch is nobody's mistake now."""
        kept, unknown, wrong = self._checked(found)
        if wrong:
            raise bad_request(wrong[0])
        news = [one for one in unknown if one not in self._checked(before)[1]]
        if news and self._mode == "Strict":
            said = f"Invalid value: {_quoted(patch)}: strict decoding error: {_listed(news)}"
            raise ApiError(422, "Invalid", f"patch: {said}", details={"causes": [
                {"reason": "FieldValueInvalid", "message": said, "field": "patch"}]})  # fmt: skip
        self._warn(news)
        return kept

    def applied(self, found: dict[str, Any]) -> dict[str, Any]:
        """The body of a server-side apply: fields that are not declared are always refused."""
        kept, unknown, wrong = self._checked(found)
        if unknown or wrong:
            metadata = found.get("metadata") or {}
            place = "/".join(filter(None, (metadata.get("namespace"), metadata.get("name"))))
            said = f".{unknown[0]}: field not declared in schema" if unknown else wrong[0]
            what = f"{self._resource.api_version}, Kind={self._kind}"
            raise ApiError(500, "InternalError", f"failed to create typed patch object ({place}; {what}): {said}")
        return kept

    @property
    def headers(self) -> dict[str, str]:
        """What goes with the answer."""
        shown = (one.replace("\\", "\\\\").replace('"', '\\"') for one in self.warnings)
        text = ", ".join(f'299 - "{one}"' for one in shown)
        return {"Warning": text} if text else {}

    @property
    def _kind(self) -> str:
        return self._resource.kind

    @property
    def _version(self) -> str:
        return self._resource.version

    def _checked(self, found: dict[str, Any]) -> tuple[dict[str, Any], list[str], list[str]]:
        return checked(found, self._resource.api_version, self._kind)

    def _warn(self, unknown: list[str]) -> None:
        if self._mode == "Warn":
            self.warnings += [f'unknown field "{one}"' for one in unknown]


def _listed(unknown: list[str]) -> str:
    return ", ".join(f'unknown field "{one}"' for one in unknown)


def _quoted(patch: bytes) -> str:
    return msgspec.json.encode(patch.decode(errors="replace")).decode()
