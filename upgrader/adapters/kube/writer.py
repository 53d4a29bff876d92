"""Changing a cluster: one request a call, the fence asked before each."""

from __future__ import annotations

import contextlib
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from upgrader.adapters.kube.errors import not_json
from upgrader.adapters.kube.paths import asked, path_of
from upgrader.adapters.kube.transport import JSON, Transport
from upgrader.model.errors import AbsentError
from upgrader.ports.read import Ref
from upgrader.ports.write import Fence

_STYLES = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
}
_FIELD_MANAGER = {"fieldManager": "ccm-upgrade"}


class KubeWriter:
    """A `ClusterWriter` over a transport."""

    def __init__(self, transport: Transport, fence: Fence) -> None:
        self._transport = transport
        self._fence = fence

    def create(self, ref: Ref, body: dict[str, Any]) -> dict[str, Any]:
        """Create; raises `RefusedError(code="AlreadyExists")` when it is there."""
        return self._send("POST", path_of(replace(ref, name="")), asked("create", ref), body)

    def replace(self, ref: Ref, body: dict[str, Any]) -> dict[str, Any]:
        """Replace at the body's resourceVersion; raises `RefusedError(code="Conflict")` when it moved."""
        return self._send("PUT", path_of(ref), asked("update", ref), body)

    def patch(self, ref: Ref, patch: Any, *, style: Literal["merge", "strategic", "json"] = "merge") -> dict[str, Any]:
        """Patch; a resourceVersion inside the patch makes it conditional."""
        return self._send("PATCH", path_of(ref), asked("patch", ref), patch, _STYLES[style])

    def delete(self, ref: Ref, *, dependents_first: bool = False) -> None:
        """Delete; absent is success. With `dependents_first` it goes when all that it owns is gone."""
        self._fence.check()
        # A Job's own default leaves its pods behind (registry/batch/job/strategy.go).
        query = {"propagationPolicy": "Foreground"} if dependents_first else None
        with contextlib.suppress(AbsentError):
            self._transport.request("DELETE", path_of(ref), query, asked=asked("delete", ref))

    def _send(self, method: str, path: str, what: str, body: Any, content_type: str = JSON) -> dict[str, Any]:
        self._fence.check()
        answer = self._transport.request(method, path, _FIELD_MANAGER, body, asked=what, content_type=content_type)
        try:
            return msgspec.json.decode(answer, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise not_json(asked=what, where=self._transport.host, effect_unknown=True) from error
