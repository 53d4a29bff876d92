"""What a container in the lab does: it runs for ever, or ends after a while, as its command says.

Nothing is executed. `sleep 5` takes five seconds of the lab's time, `exit 3` and `false` fail; commands that are known
to end do so at once, and so do those of Jobs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

_ENDING = frozenset({"sleep", "echo", "date", "true", "false", "exit", "ls", "cat", "env", "printenv", "printf", "perl",
                     "hostname", "uname", "id", "whoami", "pwd", "wget", "curl", "nslookup"})  # fmt: skip
_SHELLS = frozenset({"sh", "bash", "ash"})
_SLEEP, _EXIT = re.compile(r"\bsleep\s+(\d+(?:\.\d+)?|infinity)([smhd]?)"), re.compile(r"\bexit\s+(\d+)")
_UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_LOOPS = re.compile(r"\bwhile\b|\bfor\s*\(\(;;|tail\s+-[fF]")


class Program(Struct, frozen=True):
    """`ends_s` is None for what never ends."""

    ends_s: float | None
    code: int = 0


def program(container: Mapping[str, Any], *, ends: bool = False) -> Program:
    """What a container does. `ends` says that one without a command ends by itself, as a Job's does."""
    words = [str(one) for one in (*(container.get("command") or ()), *(container.get("args") or ()))]
    if not words:
        return Program(0.0 if ends else None)
    text = " ".join(words)
    name = words[0].rpartition("/")[2]
    known = name in _ENDING or name in _SHELLS
    if _LOOPS.search(text) or "infinity" in text or not (known or ends):
        return Program(None)
    seconds = sum(float(number) * _UNITS_S[unit] for number, unit in _SLEEP.findall(text))
    code = _EXIT.search(text)
    failed = 1 if re.search(r"(^|[;&|\s/])false$", text) else 0
    return Program(seconds, int(code[1]) if code else failed)


def together(programs: Iterable[Program]) -> Program:
    """What a pod of several containers does: it ends with the last of them, and fails with any."""
    found = list(programs)
    if any(one.ends_s is None for one in found):
        return Program(None)
    return Program(max((one.ends_s or 0.0 for one in found), default=0.0), max((one.code for one in found), default=0))
