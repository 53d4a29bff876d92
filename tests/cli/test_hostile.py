"""Names that control a terminal, turn a line round or run in a spreadsheet are text in everything that is printed."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from upgrader.cli.main import run

WORLD = Path(__file__).parent / "golden" / "worlds" / "demo.json"
HOSTILE = "\x1b[2J\u202e\u200f\u061c\x9b31m<script>|`=c\r"
# Free text of the cloud and of the cluster; what has a grammar of its own is refused where it is read.
FIELDS = frozenset(
    ("name", "namespace", "id", "region", "role", "kubernetes", "description", "ip", "address", "message", "image",
     "cluster_id", "server_group_id", "server_id", "node_name", "load_balancer_id")
)  # fmt: skip
COMMANDS = (
    "check -f FACTS --to v2.14.0", "plan -f FACTS --to v2.14.0", "list -f FACTS", "diagnose -f FACTS --all",
    "report FACTS --to v2.14.0 --format md", "report FACTS --to v2.14.0 --format html",
    "report FACTS --to v2.14.0 --format csv", "report FACTS --to v2.14.0 --format junit",
    "report FACTS --to v2.14.0 --format sarif", "report FACTS --to v2.14.0 --format json",
    "report diff FACTS WORLD --to v2.14.0", "ram diff -f FACTS --to v2.14.0", "tags plan -f FACTS",
    "diagnose -f FACTS no-such-\x1b[2Jservice",
)  # fmt: skip


def poisoned(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: poisoned(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [poisoned(part, key) for part in value]
    return value + HOSTILE if isinstance(value, str) and key in FIELDS else value


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "facts.json"
    path.write_text(json.dumps(poisoned(json.loads(WORLD.read_text(encoding="utf-8")))), encoding="utf-8")
    return path


def argv(command: str, facts: Path) -> list[str]:
    return command.replace("FACTS", str(facts)).replace("WORLD", str(WORLD)).split(" ")


def controls(text: str) -> set[str]:
    return {c for c in text if unicodedata.category(c) in ("Cc", "Cf") and c not in "\n\t"}


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_printed_controls_anything(command: str, facts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(argv(command, facts))
    printed = capsys.readouterr()
    assert code != 1, printed.err
    assert controls(printed.out) | controls(printed.err) == set()
    assert "script" in printed.out or "there is no Service no-such-" in printed.err


def test_on_a_terminal_only_our_own_colours_are_left(facts: Path) -> None:
    ours, theirs = pty.openpty()
    program = [sys.executable, "-c", "import sys; from upgrader.cli.main import run; sys.exit(run())"]
    with subprocess.Popen(
        [*program, "check", "-f", str(facts), "--to", "v2.14.0"], stdout=theirs, stderr=theirs
    ) as sub:
        os.close(theirs)
        text = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            text += part
        sub.wait(timeout=30)
    os.close(ours)
    said = text.decode().replace("\r\n", "\n")
    assert "\x1b[1m" in said
    assert "\x1b[2J" not in said
    assert controls(said) == {"\x1b"}
