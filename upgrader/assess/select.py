"""Which checks run."""

from __future__ import annotations

from collections.abc import Iterable

from upgrader.assess.check import Check
from upgrader.model.errors import InputError


def select(checks: Iterable[Check], only: Iterable[str] = ()) -> tuple[Check, ...]:
    """The checks whose codes are asked for, in the registry's order; all when `only` is empty.

    Raises `InputError` for a code that no check has.
    """
    known = {check.CODE: check for check in checks}
    wanted = {code.upper() for code in only}
    strange = sorted(wanted - known.keys())
    if strange:
        raise InputError(
            what=f"no check has the code {', '.join(strange)}", next_command="ccm-upgrade explain lists all codes"
        )
    return tuple(check for code, check in known.items() if not wanted or code in wanted)
