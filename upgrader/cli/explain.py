"""`explain`: the long text behind a code, offline: checks, step kinds, errors, versions, annotations, exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from upgrader.cli.output import document, emit, output_option

if TYPE_CHECKING:
    from upgrader.report.language import Catalogue


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
    from upgrader.report import language

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
            lambda: "\n".join(f"{one:<22} {title}" for one, title in topics),
        )
        return
    found = explanations_of(code)
    words = language.catalogue(language.language_of())
    emit(
        document("Explanation", code=code, explanations=found),
        fmt,
        lambda: "\n\n".join(
            f"{one.code}: {words.say(one.title)}\n\n{_said(one.text, words)}".rstrip() for one in found
        ),
    )


def _said(text: str, words: Catalogue) -> str:
    """Each line in the reader's language, where the catalogue has it."""
    return "\n".join(words.say(line) for line in text.splitlines())
