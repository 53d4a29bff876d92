"""What commands print: results on stdout, everything else on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from upgrader import codec
from upgrader.model.errors import InputError
from upgrader.whole_file import write_whole

if TYPE_CHECKING:
    from upgrader.report.language import Catalogue

output_option = click.option(
    "-o", "--output", "fmt", type=click.Choice(["text", "json", "yaml"]), default="text", show_default=True,
    help="How the result is printed on stdout.",
)  # fmt: skip


def emit(value: Any, fmt: str, text: Callable[[], str] | str = "") -> None:
    """Print one result: exactly one document for json and yaml, `text` (or what it returns) otherwise."""
    if fmt == "json":
        click.echo(codec.pretty(value), nl=False)
    elif fmt == "yaml":
        import yaml

        click.echo(yaml.safe_dump(codec.plain(value), sort_keys=True, allow_unicode=True), nl=False)
    else:
        rendered = text() if callable(text) else text
        if rendered:
            show(rendered)


def document(kind: str, **content: Any) -> dict[str, Any]:
    """A JSON document of the contract: `apiVersion`, `kind`, and the content."""
    return {"apiVersion": "ccm-upgrade/v1", "kind": kind, **content}


def progress(message: str) -> None:
    """One line of progress on stderr."""
    show(message, err=True)


def show(text: str, *, err: bool = False) -> None:
    """Text for a person, in the reader's language, ending in a line break; what was laid out in it already stays.

    What others wrote in it controls no terminal.
    """
    from upgrader.report.inert import ascii_only, knows_unicode, shown

    stream = sys.stderr if err else sys.stdout
    told = shown(text)
    if not knows_unicode(stream):
        told = ascii_only(told)
    else:
        words = words_on(stream)
        told = "\n".join(words.line(line) for line in told.split("\n")) if words.texts else told
    click.echo(told, nl=not told.endswith("\n"), err=err)


def confirm(question: str) -> None:
    """Ask on stderr, in the reader's language. Raises `click.Abort` for a no, `InputError` where nobody answers."""
    try:
        agreed = click.confirm(words_on(sys.stderr).say(question), err=True)
    except (click.Abort, RuntimeError):  # the second where there is no stdin at all
        if sys.stdin is not None and sys.stdin.isatty():
            raise
        raise InputError(
            what="nobody answers the question", where="stdin", why="it has ended and is no terminal",
            next_command="the same command with --yes, after a look at what it would do",
        ) from None  # fmt: skip
    if not agreed:
        raise click.Abort


def words_on(stream: TextIO) -> Catalogue:
    """The reader's language on a stream; English where it knows ASCII alone."""
    from upgrader.report.inert import knows_unicode
    from upgrader.report.language import catalogue, language_of

    return catalogue(language_of() if knows_unicode(stream) else "en")


def split_out(out: str, formats: tuple[str, ...]) -> tuple[str, Path]:
    """`FORMAT=FILE` in two. Raises `InputError` for an unknown format or a missing file."""
    name, found, path = out.partition("=")
    if not found or name not in formats or not path:
        raise InputError(what=f"--out {out!r} is not FORMAT=FILE", next_command=f"formats: {', '.join(formats)}")
    return name, Path(path)


def refuse_unwritable(path: Path) -> None:
    """Raises `InputError` where a file can't be written, before minutes of work for it and not after them."""
    if path.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        raise InputError(
            what="can't write the file", where=str(path), why="it is a folder" if path.is_dir() else
            f"the folder {path.parent} can't be written" if path.parent.is_dir() else f"no folder {path.parent}",
            next_command="choose another path",
        )  # fmt: skip


def write_private(path: Path, data: bytes) -> None:
    """Write a file atomically with mode 0600. Raises `InputError` where it cannot be written."""
    try:
        write_whole(path, data)
    except OSError as error:
        raise InputError(
            what="can't write the file", where=str(path), why=error.strerror or str(error),
            next_command="choose another path",
        ) from error  # fmt: skip
