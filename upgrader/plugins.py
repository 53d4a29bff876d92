"""What other packages bring: checks, report formats, data overlays, each found by its entry point.

    [project.entry-points."ccm_upgrade.checks"]    a module like those of `upgrader.assess.checks`
    [project.entry-points."ccm_upgrade.formats"]   a function from a `Report` to text; its name is the format's
    [project.entry-points."ccm_upgrade.data"]      a package with YAML files beside it (see `upgrader.matrix.overlays`)

A plug-in that can't be loaded, lacks something or takes a name that is taken stops the command with its name: a safety
tool that goes on without a check that somebody relies on is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from upgrader.assess.check import Check
from upgrader.assess.registry import CHECKS
from upgrader.entry_points import points
from upgrader.model.errors import InputError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from upgrader.report.present import Report

CHECKS_GROUP = "ccm_upgrade.checks"
FORMATS_GROUP = "ccm_upgrade.formats"
Format = Callable[["Report"], str]

_CODE = re.compile(r"[A-Z]{2,12}\d{3}")
_OURS = "CCM"


@lru_cache(maxsize=1)
def all_checks() -> tuple[Check, ...]:
    """Our own checks and those of plug-ins, by code. Raises `InputError` for a plug-in that is not whole."""
    return with_plugins(CHECKS, points(CHECKS_GROUP))


def with_plugins(own: Iterable[Check], found: Iterable[EntryPoint]) -> tuple[Check, ...]:
    """`own` and the checks that the entry points name."""
    checks = {check.CODE: check for check in own}
    for point in sorted(found, key=lambda one: one.name):
        check = _loaded(point)
        for name, kind in (("CODE", str), ("TITLE", str), ("NEEDS", tuple)):
            if not isinstance(getattr(check, name, None), kind):
                raise _broken(point, f"it has no {name} of type {kind.__name__}")
        if not callable(getattr(check, "applies", None)) or not callable(getattr(check, "find", None)):
            raise _broken(point, "it has no applies(context) or no find(context)")
        if not (check.__doc__ or "").strip():
            raise _broken(point, "it has no docstring, which is its documentation")
        if not _CODE.fullmatch(check.CODE) or check.CODE.startswith(_OURS):
            raise _broken(point, f"its code {check.CODE!r} is not its own: letters and three digits, not {_OURS}…")
        if check.CODE in checks:
            raise _broken(point, f"its code {check.CODE} is taken")
        checks[check.CODE] = check
    return tuple(checks[code] for code in sorted(checks))


def find_check(code: str) -> Check | None:
    """The check with this code, plug-ins' included; None when there is none."""
    return next((check for check in all_checks() if code.upper() == check.CODE), None)


def all_formats() -> dict[str, Format]:
    """Our own formats and those of plug-ins, by name."""
    from upgrader.report.render import FORMATS

    return formats_with(FORMATS, points(FORMATS_GROUP))


def formats_with(own: dict[str, Format], found: Iterable[EntryPoint]) -> dict[str, Format]:
    """`own` and the formats that the entry points name."""
    formats = dict(own)
    for point in sorted(found, key=lambda one: one.name):
        if point.name in formats:
            raise _broken(point, f"the format {point.name} is taken")
        render = _loaded(point)
        if not callable(render):
            raise _broken(point, "it is no function")
        formats[point.name] = _named(point, render)
    return formats


def _named(point: EntryPoint, render: Format) -> Format:
    """The format; what goes wrong in it is told with the plug-in's name, and is no bug of ours."""

    def rendered(report: Report) -> str:
        try:
            text = render(report)
        except Exception as error:
            raise _broken(point, f"{type(error).__name__}: {error}") from error
        if not isinstance(text, str):
            raise _broken(point, f"it returned no text but a {type(text).__name__}")
        return text

    return rendered


def _loaded(point: EntryPoint) -> Any:
    try:
        return point.load()
    except Exception as error:
        raise _broken(point, f"{type(error).__name__}: {error}") from error


def _broken(point: EntryPoint, why: str) -> InputError:
    package = f" of {point.dist.name}" if point.dist else ""
    return InputError(
        what=f"the plug-in {point.name}{package} can't be used", where=point.value, why=why,
        next_command=f"mend it, or remove {point.dist.name}" if point.dist else "mend it, or remove its package",
    )  # fmt: skip
