"""Whole outputs of a handful of named worlds, text and JSON, with their exit codes.

The worlds are snapshots of the lab's scenarios of the same names. After a wanted change:

    UPDATE_GOLDEN=1 pytest tests/cli/test_golden.py
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from upgrader.cli.main import app

HERE = Path(__file__).parent / "golden"
WORLDS = sorted(path.stem for path in (HERE / "worlds").glob("*.json"))
COMMANDS = {
    "check": ("check", "--to", "v2.14.0"),
    "diagnose": ("diagnose",),
    "diagnose-all": ("diagnose", "--all"),
    "list": ("list",),
}
# JSON always has all: `--all` is a matter of text.
OUTPUTS = [(c, f) for c in COMMANDS for f in ("text", "json") if (c, f) != ("diagnose-all", "json")]


def test_there_is_a_handful() -> None:
    assert len(WORLDS) >= 5


@pytest.mark.parametrize(("command", "fmt"), OUTPUTS)
@pytest.mark.parametrize("world", WORLDS)
def test_the_output_is_as_it_was(
    world: str, command: str, fmt: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("CCM_UPGRADE_LANG", "en")
    source = HERE / "worlds" / f"{world}.json"
    result = CliRunner().invoke(app, [*COMMANDS[command], "-f", str(source), "-o", fmt])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    told = f"{result.stdout}exit {result.exit_code}\n"
    golden = HERE / world / f"{command}.{'txt' if fmt == 'text' else 'json.txt'}"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(told, encoding="utf-8")
    assert told == golden.read_text(encoding="utf-8")
