"""Secrets are taken out when facts are born: nothing later can leak what was never kept."""

from __future__ import annotations

import re
from collections.abc import Iterable

REDACTED = "(redacted)"

_SECRET_FLAG = re.compile(r"(?i)^(--?[\w-]*(?:secret|password|token|access-?key)[\w-]*)=(.+)$")
_SECRET_NAME = re.compile(r"(?i)^--?[\w-]*(?:secret|password|token|access-?key)[\w-]*$")
_CREDENTIALS_IN_URL = re.compile(r"://[^/@\s]+@")
_SIGNED_QUERY = re.compile(r"\b(AccessKeyId|SecurityToken|Signature|Token)=[^&\s\"'\\]+")
_ACCESS_KEY = re.compile(r"\bLTAI[0-9A-Za-z]{12,}\b|\bSTS\.[0-9A-Za-z]{10,}\b")


def redacted_args(args: Iterable[str]) -> tuple[str, ...]:
    """Command-line arguments without secret values; a flag that names a file stays, for a path is no secret.

    A value may stand behind `=` or be the next argument.
    """
    found: list[str] = []
    expected = False
    for arg in args:
        if expected and not arg.startswith(("-", "/")):
            found.append(REDACTED)
        else:
            found.append(redacted_text(_SECRET_FLAG.sub(_flag, arg)))
        expected = bool(_SECRET_NAME.match(arg)) and not arg.endswith("-file")
    return tuple(found)


def _flag(found: re.Match[str]) -> str:
    return found[0] if found[1].endswith("-file") or found[2].startswith("/") else f"{found[1]}={REDACTED}"


def redacted_text(text: str) -> str:
    """Free text without access keys, without credentials in addresses, and without what signs a request.

    A CCM that can't reach the cloud prints the whole address that it asked, its STS token included.
    """
    text = _SIGNED_QUERY.sub(rf"\1={REDACTED}", _CREDENTIALS_IN_URL.sub(f"://{REDACTED}@", text))
    return _ACCESS_KEY.sub(REDACTED, text)
