"""What the Kubernetes API answers, as our errors."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from upgrader.model.described import described
from upgrader.model.errors import AbsentError, CcmUpgradeError, DeniedError, RefusedError, TransientError


class Status(Struct):
    """A metav1.Status; every field may be missing."""

    message: str = ""
    reason: str = ""


def from_status(
    code: int, body: bytes, *, asked: str, where: str, retry_after: str = "", write: bool
) -> CcmUpgradeError:
    """The error for an answer of 300 or more; `asked` is the verb and the resource (`list services`)."""
    status = _status(body)
    why = status.message[:300] or f"HTTP {code}"
    if code == 401:
        return DeniedError(
            what="the cluster does not know us", action=asked, where=where, why=why,
            next_command="renew the kubeconfig's credentials",
        )  # fmt: skip
    if code == 403:
        verb, _, resource = asked.partition(" ")
        return DeniedError(
            what=f"may not {asked}", action=asked, where=where, why=why,
            next_command=f"kubectl auth can-i {verb} {resource.split(' ')[0]} -A",
        )  # fmt: skip
    if code == 404:
        return AbsentError(what=f"not found: {asked}", where=where, why=why,
                           next_command="check --context: it may be another cluster")  # fmt: skip
    if code == 429 or code >= 500:
        # A write that was answered 429 was turned away at the door; one answered 5xx may have been carried out.
        return TransientError(
            what=f"can't {asked} now", where=where, why=why, next_command="try again",
            retry_after_s=_seconds(retry_after), effect_unknown=write and code >= 500,
        )  # fmt: skip
    return RefusedError(what=f"refused: {asked}", code=status.reason or str(code), where=where, why=why,
                        next_command="kubectl get --raw /version")  # fmt: skip


def not_json(*, asked: str, where: str, effect_unknown: bool = False) -> TransientError:
    """An answer of 200 that is no JSON: a proxy or a login page spoke, not the API."""
    return TransientError(
        what=f"can't {asked}: the answer is no JSON", where=where, why="a proxy or a login page may have answered",
        next_command="check the server address in the kubeconfig, and HTTPS_PROXY", effect_unknown=effect_unknown,
    )  # fmt: skip


def _status(body: bytes) -> Status:
    try:
        return msgspec.json.decode(body, type=described(Status))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Status()


def _seconds(text: str) -> float | None:
    return float(text) if text.isdigit() else None
