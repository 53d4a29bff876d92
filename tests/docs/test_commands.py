"""Every command that the README and the guides print exists, with the options it is shown with."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from upgrader.cli.main import app

TOP = Path(__file__).parents[2]
PAGES = [TOP / "README.md", TOP / "CONTRIBUTING.md", *sorted((TOP / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^\s*```(?:sh|bash|console)?\n(.*?)^\s*```", re.M | re.S)
INLINE = re.compile(r"`(ccm-upgrade [^`]+)`")


def shown(page: Path) -> list[str]:
    """The command lines of a page, comments cut off."""
    text = page.read_text(encoding="utf-8")
    lines = [line.strip() for block in BLOCK.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    found = [match[1] for line in lines if (match := re.search(r"(?:^|&& |\| |bin/)(ccm-upgrade .*)$", line))]
    return found + INLINE.findall(text)


LINES = [(page, line) for page in PAGES for line in shown(page)]


def parse(line: str) -> None:
    """Walk the tree of commands as the shell's words say; raises `click.UsageError` for what is not there."""
    words = shlex.split(line.replace("…", "").replace("[", "").replace("]", ""), comments=True)[1:]
    command: click.Command = app
    context = click.Context(app, info_name="ccm-upgrade")
    while words and isinstance(command, click.Group):
        if words[0].startswith("-") and not hasattr(command, "default"):
            break
        found = command.get_command(context, words[0])
        if found is None:
            default = getattr(command, "default", None)
            if default is not None:
                words = [default, *words]
                continue
            if command.invoke_without_command:
                break
            raise click.UsageError(f"no command {words[0]!r}")
        command, context, words = found, click.Context(found, info_name=words[0], parent=context), words[1:]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    known |= {"-h", "--help", "--version"}
    for word in words:
        name = word.partition("=")[0]
        if name.startswith("-") and name != "-" and name not in known:
            raise click.UsageError(f"{command.name} has no option {name}")


def test_the_pages_show_commands() -> None:
    assert len(LINES) > 20


@pytest.mark.parametrize(("page", "line"), LINES, ids=lambda value: value.name if isinstance(value, Path) else value)
def test_a_command_that_is_shown_exists(page: Path, line: str) -> None:
    parse(line)


def test_what_does_not_exist_is_noticed() -> None:
    for line in ("ccm-upgrade fly", "ccm-upgrade plan --sideways", "ccm-upgrade matrix nothing"):
        with pytest.raises(click.UsageError):
            parse(line)
