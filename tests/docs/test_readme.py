"""The README's two set-up commands, word for word: scripts copy them."""

from __future__ import annotations

import re
from pathlib import Path

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_two_commands_do_all_the_set_up() -> None:
    assert re.findall(r"^```\n(python3 -m venv .*)\n```$", README, re.M) == [
        "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/ccm-upgrade demo",
        "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest",
    ]


def test_the_demo_stands_on_the_first_screen() -> None:
    line = README[: README.index("ccm-upgrade demo")].count("\n") + 1
    assert line <= 20
