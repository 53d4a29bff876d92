"""The reference page of all checks, from their own docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable

from upgrader.assess.check import Check
from upgrader.assess.registry import CHECKS

_HEADING = re.compile(r"^(What it checks|Why it matters|How it is decided|What to do|Sources)$", re.MULTILINE)


def markdown(checks: Iterable[Check] = CHECKS) -> str:
    """A table of all checks, then each one's text; made by `ccm-upgrade explain --markdown`."""
    checks = tuple(checks)
    table = "\n".join(f"| [{one.CODE}](#{one.CODE.lower()}) | {one.TITLE} |" for one in checks)
    pages = "\n".join(_page(check) for check in checks)
    return (
        "# Checks\n\n"
        "Each title is the sentence that holds when the check passes. `ccm-upgrade explain CODE` prints its text.\n"
        "This page is made from the checks themselves: `ccm-upgrade explain --markdown > docs/checks.md`.\n\n"
        f"| code | holds when it passes |\n|---|---|\n{table}\n\n{pages}"
    )


def _page(check: Check) -> str:
    summary, _, rest = inspect.cleandoc(check.__doc__ or "").partition("\n")
    body = _HEADING.sub(r"\n**\1**\n", inspect.cleandoc(rest))
    # The text under a heading is indented in the docstring; in Markdown that would be code.
    lines = (line.strip() for line in body.splitlines())
    return f"## {check.CODE}\n\n{summary}\n" + "\n".join(lines).rstrip() + "\n"
