"""`explain`: the long text behind a code, offline: checks, step kinds, errors, versions, annotations, exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from upgrader.cli.output import document, emit, output_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from upgrader.cli.explanations import Explanation


@click.command()
@click.argument("code", required=False)
@click.option("--markdown", is_flag=True, help="The page of all checks, as docs/checks.md has it.")
@click.option("--reference", is_flag=True, help="The page of everything else, as docs/reference.md has it.")
@output_option
def explain(code: str | None, markdown: bool, reference: bool, fmt: str) -> None:
    """Explain CODE: a check (CCM002), a step kind (clb.tag), an exit code (EXIT7), a CCM version, an annotation, an
    event's reason, a code of the vendor's precheck, a condition of `diagnose`, or an error message in quotes. Without
    CODE: everything that can be explained.
    """
    from upgrader.cli.explanations import explanations_of, index

    if markdown:
        from upgrader.assess import catalogue

        click.echo(catalogue.markdown(), nl=False)
        return
    if reference:
        from upgrader.cli.reference import page

        click.echo(page(), nl=False)
        return
    if code is None:
        topics = index()
        emit(
            document("Explanations", topics=[{"code": one, "title": title} for one, title in topics]),
            fmt,
            lambda: _listed(topics),
        )
        return
    found = explanations_of(code)
    emit(document("Explanation", code=code, explanations=found), fmt, lambda: _text(found))


def _listed(topics: Sequence[tuple[str, str]]) -> str:
    from upgrader.report.paper import Paper

    paper = Paper.of()
    for code, title in topics:
        paper.line(f"{code:<22} {paper.say(title)}")
    return paper.text()


def _text(found: Sequence[Explanation]) -> str:
    """Each text under its code and title, a paragraph a line, in the reader's language and width."""
    from upgrader.report.paper import Paper

    paper = Paper.of()
    for number, one in enumerate(found):
        if number:
            paper.line()
        paper.para(one.title, 0, f"{one.code}: ")
        paper.line()
        for line in one.text.splitlines():
            inner = line.lstrip()
            mark = "- " if inner.startswith("- ") else ""
            paper.para(inner.removeprefix(mark), len(line) - len(inner), mark)
    return paper.text()
