"""Every command that the program or its data tells somebody to run exists, with the options it is told with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.docs.test_commands import parse
from upgrader.cli.main import COMMANDS
from upgrader.model import errors

TOP = Path(__file__).parents[2]
TOLD = re.compile(r"ccm-upgrade (?P<rest>[^`\n]*)")
# Where the command ends and prose goes on: punctuation, a quotation mark, a word that is no argument, or Chinese.
END = re.compile(r"[,;:()…\"'\u2e80-\uffef]|\.(?!\w)")
PROSE = re.compile(
    "makes|lists|shows|prints|says|it|that|which|what|reads|began|begins|and|or|is|an?|the|to|for|in|one|again|finds|has|"
    "looks|tells|knows|adds|by|mends?|with|until|carries"
)
# Texts that name the program without telling a command: its own name and version, and the lab's certificate.
NO_COMMAND = frozenset({"X", "{one}", "{version}", "{{ version }}", "lab CA"})


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """Each text in a module with its line; what is formatted in becomes X."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts_of_texts = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if node in parts_of_texts:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = (p.value if isinstance(p, ast.Constant) else "X" for p in node.values)
            yield node.lineno, "".join(str(part) for part in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def commands_in(text: str) -> Iterator[str]:
    """The commands that a text tells, each cut where prose goes on."""
    for told in TOLD.finditer(text):
        words: list[str] = []
        for word in END.split(told["rest"])[0].split():
            if PROSE.fullmatch(word):
                break
            words.append(word)
        if words and " ".join(words) not in NO_COMMAND:
            yield " ".join(words)


def collected() -> Iterator[tuple[str, str]]:
    for path in sorted((TOP / "upgrader").rglob("*.py")):
        for line, text in texts_of(path):
            for command in commands_in(text):
                yield f"{path.relative_to(TOP)}:{line}", command
    others = [*(TOP / "data").glob("*.yaml"), *(TOP / "upgrader").rglob("*.j2"), *(TOP / "upgrader").rglob("*.yaml")]
    for path in sorted(others):
        for command in commands_in(path.read_text(encoding="utf-8")):
            yield str(path.relative_to(TOP)), command


FOUND = sorted({command: place for place, command in collected()}.items())


def test_there_are_many() -> None:
    assert len(FOUND) > 60
    assert {command.split()[0] for command, _ in FOUND} & set(COMMANDS) >= {"plan", "explain", "status", "resume"}


@pytest.mark.parametrize(("command", "place"), FOUND, ids=[command for command, _ in FOUND])
def test_a_command_that_is_told_exists(command: str, place: str) -> None:
    try:
        parse(f"ccm-upgrade {command}")
    except (click.UsageError, ValueError) as error:
        pytest.fail(f"{place}: {command}: {error}")


# What a person is told about these is composed where they are caught.
CAUGHT = frozenset({"StepFailedError", "PauseError", "HarmError"})
TREE = frozenset(name for name in vars(errors) if name.endswith("Error")) - {"CcmUpgradeError", "BugError"}


@pytest.mark.parametrize("path", sorted((TOP / "upgrader").rglob("*.py")), ids=lambda path: path.name)
def test_every_error_says_what_to_do_next(path: Path) -> None:
    silent = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and name in TREE - CAUGHT:
            given = {keyword.arg for keyword in node.keywords}
            if given and not given & {"next_command", None}:
                silent.append(f"{path.relative_to(TOP)}:{node.lineno}: {ast.unparse(node)[:90]}")
    assert not silent, "\n".join(silent)
