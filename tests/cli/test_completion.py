"""The completion scripts are sourced by real shells, and complete."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from upgrader.cli.main import app

PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
ASK = """source /dev/stdin
complete -p ccm-upgrade >&2
ask() {
  COMPREPLY=(); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
  _ccm_upgrade_completion ccm-upgrade
  echo "${COMPREPLY[*]}"
}
ask ccm-upgrade pl
ask ccm-upgrade matrix ver
ask ccm-upgrade completion ""
"""


def script(shell: str) -> str:
    return CliRunner().invoke(app, ["completion", shell], catch_exceptions=False).output


def test_bash_completes_commands_and_choices() -> None:
    if shutil.which("bash") is None:
        pytest.skip("needs bash on the PATH")
    done = subprocess.run(["bash", "-c", ASK], input=script("bash"), env={"PATH": PATH}, capture_output=True, text=True,
                          timeout=60, check=True)  # fmt: skip
    assert "-F _ccm_upgrade_completion ccm-upgrade" in done.stderr
    assert done.stdout.splitlines() == ["plan", "versions", "bash zsh fish"]


@pytest.mark.parametrize(("shell", "check"), [("zsh", ["zsh", "-n", "/dev/stdin"]), ("fish", ["fish", "--no-execute"])])
def test_the_others_get_theirs_and_can_read_it_where_they_are(shell: str, check: list[str]) -> None:
    text = script(shell)
    assert "_CCM_UPGRADE_COMPLETE" in text
    if shutil.which(shell) is not None:
        subprocess.run(check, input=text, env={"PATH": PATH}, capture_output=True, text=True, timeout=60, check=True)
