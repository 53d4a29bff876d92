"""The reference page, from where everything is kept: the same docstrings and data that `explain` reads."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence

from upgrader.cli.exit_codes import MEANING, Exit
from upgrader.cli.explanations import conditions
from upgrader.cli.main import COMMANDS
from upgrader.matrix.load import load_matrix
from upgrader.matrix.model import Matrix
from upgrader.model.params import PARAMS
from upgrader.report.render import markdown_cell

_ABOUT = (
    "Made from docstrings and data: `ccm-upgrade explain --reference > docs/reference.md`.\n"
    "`ccm-upgrade explain CODE` prints each entry in a terminal, offline. "
    "The checks have [a page of their own](checks.md)."
)


def page() -> str:
    """Commands, exit codes, step kinds, conditions, errors, events, precheck codes, annotations; as Markdown."""
    matrix = load_matrix()
    parts = [
        "# Reference",
        _ABOUT,
        "## Commands",
        _table(("command", "what it does"), ((f"`{name}`", text) for name, (_, text) in COMMANDS.items())),
        "## Exit codes",
        _table(("code", "meaning"), ((str(int(code)), MEANING[code]) for code in Exit)),
        "## Step kinds",
        *_steps(),
        "## What diagnose sees without an event",
        _table(("id", "it says that"), ((f"`{one.ID}`", one.TITLE) for one in conditions())),
        "## Error messages",
        "An entry speaks where its pattern is in the message; **FAQ** marks rows of the vendor's Service FAQ.",
        *_errors(matrix),
        "## Events",
        _table(
            ("reason", "type", "object", "from", "until", "when"),
            ((f"`{e.reason}`", e.type, e.object, e.since, e.until, e.when) for e in matrix.event_kinds),
        ),
        "## Codes of the vendor's precheck",
        _table(
            ("code", "check", "level", "from", "meaning"),
            ((f"`{p.code}`", p.check, p.level, p.since, p.meaning) for p in matrix.precheck_codes),
        ),
        "## Annotations",
        "`ccm-upgrade matrix annotations --ccm VERSION` shows what one version reads, with its defaults.",
        _table(
            ("annotation", "for", "from", "until", "values"),
            (
                (f"`{a.name}`", ", ".join(a.lb), a.since, a.until, ", ".join(a.values) or a.kind)
                for a in matrix.annotations
            ),
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Code spans stay; everything else is text."""
    return text if text.startswith("`") and text.endswith("`") and text.count("`") == 2 else markdown_cell(text)


def _steps() -> Iterable[str]:
    for kind, params in PARAMS.items():
        yield f"### {kind}"
        yield inspect.cleandoc(params.__doc__ or "")


def _errors(matrix: Matrix) -> Iterable[str]:
    for error in matrix.errors:
        yield f"### {error.id}" + (" (FAQ)" if error.faq else "")
        yield f"> {markdown_cell(error.message)}"
        yield markdown_cell(error.meaning) + (" CCM tries again by itself." if error.retryable else "")
        cures = [f"- {markdown_cell(fix)}" for fix in error.fix]
        cures += [f"- An upgrade helps: {markdown_cell(error.upgrade)}"] if error.upgrade else []
        if cures:
            yield "\n".join(cures)
