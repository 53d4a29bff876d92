"""A lab that real kubectl talks to, and kubectl with a home of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from upgrader.lab.lab import Lab
from upgrader.lab.scenario import load_scenario


class Answer:
    """What a command said."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code, self.out, self.error = done.returncode, done.stdout, done.stderr

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[list[str]]:
        """The words of each line."""
        return [line.split() for line in self.out.splitlines() if line.strip()]


class Kubectl:
    """kubectl against one lab. A command that fails fails the test, unless `code` says that it is to."""

    def __init__(self, lab: Lab, home: Path) -> None:
        self.lab = lab
        self._home = home
        binary = shutil.which("kubectl")
        assert binary is not None
        self._binary = binary

    def __call__(self, *argv: str, stdin: str | None = None, code: int | None = 0, **env: str) -> Answer:
        config = str(self.lab.kubeconfig)
        environment = {"PATH": os.environ["PATH"], "HOME": str(self._home), "KUBECONFIG": config, **env}
        done = subprocess.run([self._binary, *argv], input=stdin, capture_output=True, text=True, timeout=120,
                              env=environment, check=False)  # fmt: skip
        answer = Answer(done)
        assert code is None or answer.code == code, f"{argv}: {answer.code}\n{answer.out}\n{answer.error}"
        return answer

    def apply(self, text: str, *argv: str, code: int | None = 0) -> Answer:
        return self("apply", *argv, "-f", "-", stdin=text, code=code)


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    if shutil.which("kubectl") is None:
        pytest.skip("no kubectl on this machine: its commands are not tried")
    with Lab(load_scenario("dedicated-flannel")) as lab:
        yield Kubectl(lab, tmp_path_factory.mktemp("home"))
