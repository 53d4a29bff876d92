"""The errors of the project, a tree by what the caller can do.

    CcmUpgradeError          what, where, why, and the next command; carries its exit code
    ├── InputError           fix the input                                   64
    ├── StaleError           plan again: the plan no longer fits the world    6
    ├── LockedError          wait, or take over as it says                    9
    ├── TransientError       wait and try again; `retry_after_s` if known    11
    ├── DeniedError          get a permission; names the action              64
    ├── AbsentError          what was asked for is not there                 64
    ├── RefusedError         the other side said no; names its code           8
    └── BugError             report it: we broke our own promise              1

Adapters turn every vendor exception into one of these; none of theirs crosses the border.
"""

from __future__ import annotations


def troubleshooting(code: str) -> str:
    """The cloud's own page of one of its error codes."""
    return f"https://next.api.aliyun.com/troubleshoot?q={code}"


class CcmUpgradeError(Exception):
    """The root. `str(error)` is one readable sentence, ready to be shown; never a secret in it."""

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", why: str = "", next_command: str = "") -> None:
        self.what = what
        self.where = where
        self.why = why
        self.next_command = next_command
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.why:
            text += f" ({self.why})"
        return f"{text}. Next: {self.next_command}" if self.next_command else text


class InputError(CcmUpgradeError):
    """Something that the caller gave can't be used; nothing was written."""

    exit_code = 64


class StaleError(CcmUpgradeError):
    """The plan is stale, already applied, or of another cluster."""

    exit_code = 6


class LockedError(CcmUpgradeError):
    """Another run holds this cluster. Where its holder may be dead, the lock is free after `retry_after_s`."""

    exit_code = 9

    def __init__(
        self, what: str, *, where: str = "", why: str = "", next_command: str = "", retry_after_s: float | None = None
    ) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(what, where=where, why=why, next_command=next_command)


class TransientError(CcmUpgradeError):
    """The other side could not answer now: throttled, unavailable, timed out.

    `effect_unknown` says that the request may have been carried out (a write whose answer was lost): such a write
    is settled by observing, never by sending it again.
    """

    exit_code = 11

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        why: str = "",
        next_command: str = "",
        retry_after_s: float | None = None,
        effect_unknown: bool = False,
    ) -> None:
        self.retry_after_s = retry_after_s
        self.effect_unknown = effect_unknown
        super().__init__(what, where=where, why=why, next_command=next_command)


class DeniedError(CcmUpgradeError):
    """A permission is missing. `action` is the RAM action (`slb:TagResources`) or the RBAC verb and resource."""

    exit_code = 64

    def __init__(self, what: str, *, action: str, where: str = "", why: str = "", next_command: str = "") -> None:
        self.action = action
        super().__init__(what, where=where, why=why, next_command=next_command)


class AbsentError(CcmUpgradeError):
    """What was asked for does not exist."""

    exit_code = 64


class RefusedError(CcmUpgradeError):
    """The other side understood and said no: a state or a validation of its own. `code` is its error code."""

    exit_code = 8

    def __init__(self, what: str, *, code: str, where: str = "", why: str = "", next_command: str = "") -> None:
        self.code = code
        super().__init__(what, where=where, why=why, next_command=next_command)


class BugError(CcmUpgradeError):
    """We broke a promise of our own."""

    exit_code = 1
